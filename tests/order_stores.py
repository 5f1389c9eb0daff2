"""Order stores for tests: a clock that can be set, and a few words to call them with."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.engine import Engine

from actions.orders.model import Origin
from actions.orders.sql_store import SqlOrderStore

NOON = datetime(2025, 3, 14, 12, tzinfo=timezone.utc)
TODAY = NOON.date()

StoreFactory = Callable[..., SqlOrderStore]


class Clock:
    """Stands at noon of a Friday in 2025 until a test moves it."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        return self.now.timestamp()


def origin(conversation: str = "conversation", turn: object = None) -> Origin:
    """A turn of a conversation; without `turn` each call comes from another one."""
    return Origin(conversation, None if turn is None else str(turn))


def count(database: Engine, table: Any) -> int:
    """How many rows the table has."""
    with database.begin() as connection:
        result: int = connection.execute(select(func.count()).select_from(table)).scalar_one()
        return result
