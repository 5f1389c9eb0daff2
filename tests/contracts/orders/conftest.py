from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.engine import Engine

from actions.orders.sql_store import SqlOrderStore
from tests.order_stores import Clock, StoreFactory


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def dsn(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'not yet there' / 'orders.sqlite3'}"
    else:
        with request.getfixturevalue("postgres_server").database() as url:
            yield url


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def open_store(dsn: str, clock: Clock) -> Iterator[StoreFactory]:
    opened = []

    def build(**options: Any) -> SqlOrderStore:
        defaults: dict[str, Any] = {"limit": 5.0, "clock": clock}
        store = SqlOrderStore(dsn, **(defaults | options))
        opened.append(store)
        return store

    yield build
    for store in opened:
        store.close()


@pytest.fixture
async def store(open_store: StoreFactory) -> SqlOrderStore:
    store = open_store()
    await store.prepare()
    return store


@pytest.fixture
def database(dsn: str, store: SqlOrderStore) -> Iterator[Engine]:
    """The shop's own way into the same database."""
    engine = create_engine(dsn, future=True)
    yield engine
    engine.dispose()
