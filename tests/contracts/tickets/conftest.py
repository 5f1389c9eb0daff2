from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator

import pytest

from actions.tickets.desk import TicketDesk
from tests.ticket_benches import (
    Bench,
    SqlBench,
    ZammadBench,
    ZendeskBench,
    zammad_bench,
    zendesk_bench,
)

SYSTEMS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres), "zammad", "zendesk"]


@pytest.fixture
async def zammad() -> AsyncIterator[ZammadBench]:
    async with zammad_bench() as bench:
        yield bench


@pytest.fixture
async def zendesk() -> AsyncIterator[ZendeskBench]:
    async with zendesk_bench() as bench:
        yield bench


@pytest.fixture
def dsn(empty_dsn: str) -> str:
    """A database of each kind, without a table."""
    return empty_dsn


@pytest.fixture
def sql(dsn: str) -> Iterator[SqlBench]:
    bench = SqlBench(dsn)
    yield bench
    bench.close()


@pytest.fixture(params=SYSTEMS)
async def bench(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Bench]:
    """Each ticket system in turn, without a ticket."""
    async with contextlib.AsyncExitStack() as stack:
        if request.param == "zammad":
            yield await stack.enter_async_context(zammad_bench())
        elif request.param == "zendesk":
            yield await stack.enter_async_context(zendesk_bench())
        else:
            if request.param == "sqlite":
                dsn = f"sqlite:///{tmp_path_factory.mktemp('tickets') / 'record.sqlite3'}"
            else:
                server = request.getfixturevalue("postgres_server")
                dsn = stack.enter_context(server.database())
            made = SqlBench(dsn)
            yield made
            made.close()


@pytest.fixture
async def desk(bench: Bench) -> TicketDesk:
    desk = bench.desk()
    await desk.prepare()
    return desk
