"""The demo's orders, and a database that fails, on each database behind an OrderStore."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, insert, text
from sqlalchemy.engine import Engine

from actions.orders.errors import (
    OrdersUnavailable,
)
from actions.orders.sql_store import SqlOrderStore
from actions.orders.tables import demo, metadata, orders
from tests.order_stores import Clock, StoreFactory, count, origin

LIMIT = 1.0
# What a busy machine may add to a time limit.
SLACK = 1.5


# --- the demo's data ---


async def test_many_may_prepare_at_once(open_store: StoreFactory, dsn: str) -> None:
    stores = [open_store(limit=20.0) for _ in range(6)]
    await asyncio.gather(*(store.prepare() for store in stores))
    found = await asyncio.gather(*(store.find("10042", "0150", origin()) for store in stores))
    assert {order.number for order in found} == {"10042"}
    engine = create_engine(dsn, future=True)
    assert count(engine, orders) == 3
    engine.dispose()


async def test_a_shop_s_own_orders_are_left_alone(
    dsn: str, open_store: StoreFactory, tmp_path: Path
) -> None:
    (tmp_path / "not yet there").mkdir()
    engine = create_engine(dsn, future=True)
    own = {"number": "54321", "postcode": "0001", "state": "packing", "email": "a@b.example"}
    with engine.begin() as connection:
        metadata.create_all(connection, tables=[t for t in metadata.sorted_tables if t is not demo])
        connection.execute(insert(orders), own)
    store = open_store()
    assert (await store.find("54321", "0001", origin())).email == "a@b.example"
    assert count(engine, orders) == 1
    engine.dispose()


async def test_the_demo_s_dates_stay_near_today(open_store: StoreFactory, clock: Clock) -> None:
    await open_store().prepare()
    clock.now += timedelta(days=40)
    later = open_store()
    today = clock.now.date()
    shipped = await later.find("10042", "0150", origin())
    delivered = await later.find("10044", "7011", origin())
    assert shipped.shipment is not None
    assert shipped.shipment.expected_on > today
    assert delivered.delivered_on == today - timedelta(days=6)
    packing = await later.find("10043", "5003", origin())
    assert packing.delivered_on is None


async def test_the_demo_s_dates_do_not_move_from_one_day_to_the_next(
    open_store: StoreFactory, clock: Clock
) -> None:
    first = await open_store().find("10042", "0150", origin())
    clock.now += timedelta(days=1)
    assert await open_store().find("10042", "0150", origin()) == first


# --- when the database fails ---


async def test_check_passes_when_orders_can_be_looked_up(store: SqlOrderStore) -> None:
    await store.check()


async def test_check_says_what_is_missing(store: SqlOrderStore, database: Engine) -> None:
    with database.begin() as connection:
        connection.execute(text("ALTER TABLE orders RENAME TO elsewhere"))
    with pytest.raises(OrdersUnavailable, match="orders"):
        await store.check()


@contextmanager
def locked(database: Engine) -> Iterator[None]:
    """Nobody else can read or write orders within the block."""
    with database.connect() as connection, connection.begin() as transaction:
        if database.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN EXCLUSIVE")
        else:
            connection.execute(text("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE"))
        yield
        transaction.rollback()


async def test_a_locked_table_is_an_answer_within_the_limit(
    open_store: StoreFactory, database: Engine
) -> None:
    store = open_store(limit=LIMIT)
    await store.check()
    with locked(database):
        started = time.monotonic()
        with pytest.raises(OrdersUnavailable) as caught:
            await store.find("10042", "0150", origin())
        assert time.monotonic() - started < LIMIT + SLACK
        assert caught.value.retryable
        assert "10042" not in str(caught.value)
    assert (await store.find("10042", "0150", origin())).number == "10042"


async def test_the_event_loop_goes_on_while_the_database_does_not(
    open_store: StoreFactory, database: Engine
) -> None:
    # Longer than a busy machine, or the garbage collector, stops a whole process.
    store = open_store(limit=2.0)
    await store.check()
    with locked(database):
        waiting = asyncio.create_task(store.find("10042", "0150", origin()))
        ticks = 0
        while not waiting.done():
            await asyncio.sleep(0.01)
            ticks += 1
        with pytest.raises(OrdersUnavailable):
            await waiting
    # One that is blocked would have had one tick.
    assert ticks > 3


async def test_a_closed_store_answers_that_it_is_unavailable(store: SqlOrderStore) -> None:
    store.close()
    with pytest.raises(OrdersUnavailable):
        await store.find("10042", "0150", origin())
