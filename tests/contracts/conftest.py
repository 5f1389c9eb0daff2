from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bot.record.database import Database, open_engine
from bot.record.migrate import migrate
from tests.postgres import PostgresServer, postgres_server
from tests.records import new_record

__all__ = ["postgres_server"]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def empty_dsn(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of each kind, without a table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'new' / 'record.sqlite3'}"
    else:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        with server.database() as url:
            yield url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def dsn(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of each kind, with this version's tables and no rows."""
    if request.param == "sqlite":
        yield new_record(tmp_path / "new" / "record.sqlite3")
    else:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        with server.database(migrate) as url:
            yield url


@pytest.fixture
async def database(dsn: str) -> AsyncIterator[Database]:
    """The record over it."""
    database = Database(open_engine(dsn))
    yield database
    database.close()
