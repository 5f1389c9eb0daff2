"""One measurement at a time: two at once would measure each other."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from bench.errors import BenchError


@contextmanager
def alone(work: Path) -> Iterator[None]:
    """Hold the work folder, emptied of what earlier runs left but for the models.

    Raises BenchError where another benchmark of this project runs.
    """
    work.mkdir(parents=True, exist_ok=True)
    lock = FileLock(work / "lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise BenchError("another benchmark runs in this project: wait for it to end") from None
    try:
        shutil.rmtree(work / "runs", ignore_errors=True)
        yield
    finally:
        lock.release()
