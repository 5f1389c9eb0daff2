"""What SQLite and PostgreSQL say in different words."""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection


def hold_alone(connection: Connection, what: str) -> None:
    """Keep other transactions from doing the same to `what` at the same time."""
    # SQLite has one writer at a time, and each transaction here begins as that one.
    if connection.dialect.name == "postgresql":
        digest = hashlib.sha256(what.encode()).digest()
        lock = int.from_bytes(digest[:8], "big", signed=True)
        connection.execute(select(func.pg_advisory_xact_lock(lock)))


def insert_once(connection: Connection, table: Any, row: dict[str, Any]) -> bool:
    """Insert the row; False where a unique column says that it is there already."""
    dialect: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table).values(row).on_conflict_do_nothing()
    return bool(connection.execute(statement).rowcount)
