"""Databases with this version's tables: migrated once a run, and copied from then on."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

from bot.record.migrate import migrate


@functools.lru_cache(maxsize=1)
def empty_record() -> bytes:
    """The file of a SQLite database with this version's tables and no rows."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "record.sqlite3")
        migrate(f"sqlite:///{path}")
        return path.read_bytes()


def new_record(path: Path) -> str:
    """Write such a file, and its folder where there is none; returns its address."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(empty_record())
    return f"sqlite:///{path}"
