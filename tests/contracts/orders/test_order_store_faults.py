"""An order database that is frozen, restarted, not there or something else."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from actions.orders.errors import OrdersUnavailable
from actions.orders.model import Origin
from actions.orders.sql_store import THREADS, SqlOrderStore
from tests.postgres import PostgresServer, find_binary_dir, running_postgres

LIMIT = 1.0
# What a busy machine may add to a time limit.
SLACK = 1.5
# libpq waits at least this long for a connection.
SHORTEST_CONNECT_TIMEOUT = 2.0


@pytest.fixture(scope="module")
def own_server() -> Iterator[PostgresServer]:
    """A server that a test may freeze and restart without disturbing others."""
    binary_dir = find_binary_dir()
    if binary_dir is None:
        pytest.skip("no PostgreSQL server is installed (Debian: apt-get install postgresql)")
    with running_postgres(binary_dir) as server:
        yield server


@pytest.fixture
def own_database(own_server: PostgresServer) -> Iterator[str]:
    with own_server.database() as url:
        yield url


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield listener.getsockname()[1]


def order_threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name.startswith("orders")}


async def find(store: SqlOrderStore) -> str:
    return (await store.find("10042", "0150", Origin("conversation"))).number


async def fails_within(store: SqlOrderStore, seconds: float) -> OrdersUnavailable:
    started = time.monotonic()
    with pytest.raises(OrdersUnavailable) as caught:
        await find(store)
    assert time.monotonic() - started < seconds
    return caught.value


@pytest.mark.postgres
async def test_a_frozen_server_costs_the_limit_and_no_threads(
    own_server: PostgresServer, own_database: str
) -> None:
    others = order_threads()
    with closing(SqlOrderStore(own_database, limit=LIMIT)) as store:
        await asyncio.gather(*(find(store) for _ in range(8)))
        own_server.freeze()
        try:
            frozen = await asyncio.gather(
                *(fails_within(store, LIMIT + SLACK) for _ in range(5 * THREADS))
            )
            assert all(error.retryable for error in frozen)
            assert len(order_threads() - others) <= THREADS
        finally:
            own_server.thaw()
        # Threads that were still connecting to the frozen server need their own time limit.
        await asyncio.sleep(SHORTEST_CONNECT_TIMEOUT)
        assert await find(store) == "10042"


@pytest.mark.postgres
async def test_a_restart_of_the_server_goes_unnoticed(
    own_server: PostgresServer, own_database: str
) -> None:
    with closing(SqlOrderStore(own_database, limit=5.0)) as store:
        await asyncio.gather(*(find(store) for _ in range(8)))
        own_server.stop()
        assert (await fails_within(store, 5.0)).retryable
        own_server.start()
        assert await find(store) == "10042"
        own_server.stop()
        own_server.start()
        assert await find(store) == "10042"


async def test_a_server_that_never_answers_costs_the_limit(silent_port: int) -> None:
    url = f"postgresql://u:secret@127.0.0.1:{silent_port}/orders"
    others = order_threads()
    with closing(SqlOrderStore(url, limit=LIMIT)) as store:
        errors = await asyncio.gather(*(fails_within(store, LIMIT + SLACK) for _ in range(12)))
        assert len(order_threads() - others) <= THREADS
    assert all(error.retryable for error in errors)
    assert not any("secret" in str(error) for error in errors)


def test_a_server_that_never_answers_does_not_keep_the_process_from_ending(
    silent_port: int,
) -> None:
    program = f"""
import asyncio
from actions.orders.errors import OrdersUnavailable
from actions.orders.sql_store import SqlOrderStore

async def main():
    store = SqlOrderStore("postgresql://u@127.0.0.1:{silent_port}/orders", limit={LIMIT})
    calls = [store.check() for _ in range(12)]
    for result in await asyncio.gather(*calls, return_exceptions=True):
        assert isinstance(result, OrdersUnavailable), result
    store.close()

asyncio.run(main())
"""
    started = time.monotonic()
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
    assert time.monotonic() - started < SHORTEST_CONNECT_TIMEOUT + 3


async def test_a_refused_connection_fails_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    url = f"postgresql://u:secret@127.0.0.1:{port}/orders"
    with closing(SqlOrderStore(url, limit=5.0)) as store:
        error = await fails_within(store, 2.0)
    assert error.retryable
    assert "refused" in str(error)
    assert "secret" not in str(error)


async def test_closing_ends_calls_under_way(silent_port: int) -> None:
    store = SqlOrderStore(f"postgresql://u@127.0.0.1:{silent_port}/orders", limit=30.0)
    calls = [asyncio.create_task(find(store)) for _ in range(3 * THREADS)]
    await asyncio.sleep(0.2)
    store.close()
    waiting = calls[THREADS:]
    for call in waiting:
        with pytest.raises(OrdersUnavailable):
            await asyncio.wait_for(call, 2.0)
    for call in calls[:THREADS]:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
