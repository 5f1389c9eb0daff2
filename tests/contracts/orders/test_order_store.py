"""What every OrderStore must do, on each database that can stand behind it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable
from datetime import timedelta

import pytest
from sqlalchemy import event, select, update
from sqlalchemy.engine import Engine

from actions.orders.errors import (
    OrderNotMatched,
    OrderRecordInvalid,
    TooManyAttempts,
)
from actions.orders.model import AttemptLimits, Order, OrderState
from actions.orders.sql_store import SqlOrderStore
from actions.orders.tables import invoice_requests, lookup_attempts, orders
from tests.order_stores import TODAY, Clock, StoreFactory, count, origin


async def outcome(call: Awaitable[Order]) -> tuple[str, str]:
    try:
        return "found", (await call).number
    except (OrderNotMatched, TooManyAttempts) as error:
        return type(error).__name__, str(error)


async def fail(store: SqlOrderStore, times: int, conversation: str = "conversation") -> list[int]:
    failures = []
    for _ in range(times):
        with pytest.raises(OrderNotMatched) as caught:
            await store.find("10042", "9999", origin(conversation))
        failures.append(caught.value.failures)
    return failures


# --- finding ---


async def test_a_shipped_order_tells_how_to_follow_it(store: SqlOrderStore) -> None:
    order = await store.find("10042", "0150", origin())
    assert order.state is OrderState.SHIPPED
    assert order.shipment is not None
    assert order.shipment.tracking_number in order.shipment.tracking_url
    assert order.shipment.expected_on > TODAY
    assert [line.quantity for line in order.lines] == [1, 1]


async def test_an_order_being_packed_has_no_shipment(store: SqlOrderStore) -> None:
    order = await store.find("10043", "5003", origin())
    assert (order.state, order.shipment, order.return_by) == (OrderState.PACKING, None, None)


async def test_the_delivered_order_may_still_be_returned(store: SqlOrderStore) -> None:
    order = await store.find("10044", "7011", origin())
    assert order.state is OrderState.DELIVERED
    assert order.delivered_on is not None
    assert order.return_by is not None
    assert order.delivered_on < TODAY < order.return_by
    assert order.return_by - order.delivered_on == timedelta(days=30)


async def test_a_cancelled_order_is_found(store: SqlOrderStore, database: Engine) -> None:
    with database.begin() as connection:
        connection.execute(
            update(orders).where(orders.c.number == "10043").values(state="cancelled")
        )
    assert (await store.find("10043", "5003", origin())).state is OrderState.CANCELLED


async def test_a_record_without_what_its_state_needs_is_refused(
    store: SqlOrderStore, database: Engine
) -> None:
    with database.begin() as connection:
        connection.execute(
            update(orders).where(orders.c.number == "10042").values(tracking_number=None)
        )
    with pytest.raises(OrderRecordInvalid):
        await store.find("10042", "0150", origin())


# --- what a stranger may learn ---


async def test_a_wrong_postcode_and_an_unknown_order_are_the_same(
    store: SqlOrderStore,
) -> None:
    wrong = await outcome(store.find("10042", "0151", origin("a")))
    unknown = await outcome(store.find("19999", "0151", origin("b")))
    another = await outcome(store.find("10042", "7011", origin("c")))
    assert wrong == unknown == another
    assert wrong[0] == "OrderNotMatched"


async def test_a_wrong_postcode_and_an_unknown_order_take_the_same_steps(
    store: SqlOrderStore,
) -> None:
    statements: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    event.listen(store._database._engine, "before_cursor_execute", note)
    await outcome(store.find("10042", "0151", origin("a")))
    wrong, statements[:] = list(statements), []
    await outcome(store.find("19999", "0151", origin("b")))
    assert wrong == statements
    assert any("lookup_attempts" in statement for statement in wrong)


async def test_the_placeholder_for_no_order_is_no_way_in(store: SqlOrderStore) -> None:
    assert (await outcome(store.find("19999", "----", origin())))[0] == "OrderNotMatched"


async def test_wrong_tries_are_counted_and_then_refused(store: SqlOrderStore) -> None:
    assert await fail(store, 5) == [1, 2, 3, 4, 5]
    with pytest.raises(TooManyAttempts):
        await store.find("10042", "0150", origin())
    with pytest.raises(TooManyAttempts):
        await store.find("10043", "5003", origin())


async def test_the_tries_left_count_down(store: SqlOrderStore) -> None:
    left = []
    for _ in range(5):
        with pytest.raises(OrderNotMatched) as caught:
            await store.find("10042", "9999", origin())
        left.append(caught.value.tries_left)
    assert left == [4, 3, 2, 1, 0]


async def test_one_conversation_s_tries_do_not_shut_out_another(store: SqlOrderStore) -> None:
    await fail(store, 5)
    assert (await store.find("10042", "0150", origin("another"))).number == "10042"


async def test_an_order_number_bears_only_so_many_tries_across_conversations(
    store: SqlOrderStore,
) -> None:
    for number in range(10):
        await fail(store, 1, conversation=f"conversation {number}")
    with pytest.raises(TooManyAttempts):
        await store.find("10042", "0150", origin("the eleventh"))
    assert (await store.find("10043", "5003", origin("the eleventh"))).number == "10043"


async def test_unknown_order_numbers_are_refused_in_the_same_way(store: SqlOrderStore) -> None:
    for number in range(10):
        await outcome(store.find("19999", "0150", origin(f"conversation {number}")))
    with pytest.raises(TooManyAttempts):
        await store.find("19999", "0150", origin("the eleventh"))


async def test_wrong_tries_are_forgotten_after_the_window(
    store: SqlOrderStore, clock: Clock, database: Engine
) -> None:
    await fail(store, 5)
    clock.now += timedelta(minutes=59)
    with pytest.raises(TooManyAttempts):
        await store.find("10042", "0150", origin())
    clock.now += timedelta(minutes=2)
    assert (await store.find("10042", "0150", origin())).number == "10042"
    await fail(store, 1)
    assert count(database, lookup_attempts) == 1


async def test_a_turn_that_runs_again_is_one_try(store: SqlOrderStore) -> None:
    await fail(store, 4)
    for _ in range(2):
        with pytest.raises(OrderNotMatched) as caught:
            await store.find("10042", "9999", origin(turn=5))
        assert (caught.value.failures, caught.value.tries_left) == (5, 0)
    with pytest.raises(TooManyAttempts):
        await store.find("10042", "9999", origin(turn=6))


async def test_a_client_that_repeats_its_message_id_gains_no_tries(store: SqlOrderStore) -> None:
    tries = [
        await outcome(store.find("10042", f"{postcode:04}", origin(turn="mine")))
        for postcode in range(200, 206)
    ]
    assert [name for name, _ in tries] == ["OrderNotMatched"] * 5 + ["TooManyAttempts"]


async def test_tries_at_the_same_time_do_not_get_past_the_limit(open_store: StoreFactory) -> None:
    stores = [open_store(), open_store()]
    await stores[0].prepare()
    tries = [
        outcome(stores[number % 2].find("10042", f"{number:04}", origin(f"conversation {number}")))
        for number in range(1, 31)
    ]
    names = Counter(name for name, _ in await asyncio.gather(*tries))
    assert names == {"OrderNotMatched": 10, "TooManyAttempts": 20}


async def test_limits_can_be_set(open_store: StoreFactory) -> None:
    strict = open_store(limits=AttemptLimits(per_conversation=1))
    await fail(strict, 1)
    with pytest.raises(TooManyAttempts):
        await strict.find("10042", "0150", origin())


async def test_conversations_are_not_stored_by_their_id(
    store: SqlOrderStore, database: Engine
) -> None:
    await fail(store, 1, conversation="telegram:4711")
    with database.begin() as connection:
        row = connection.execute(select(lookup_attempts)).one()
    assert not any("4711" in str(value) for value in row)


# --- invoices ---


async def test_an_invoice_is_asked_for_once_a_turn(store: SqlOrderStore, database: Engine) -> None:
    order = await store.find("10044", "7011", origin())
    assert await store.request_invoice(order, origin(turn=1)) is True
    assert await store.request_invoice(order, origin(turn=1)) is False
    assert await store.request_invoice(order, origin(turn=2)) is True
    assert count(database, invoice_requests) == 2


async def test_an_invoice_that_was_asked_for_outlives_the_process(
    store: SqlOrderStore, open_store: StoreFactory, database: Engine
) -> None:
    order = await store.find("10044", "7011", origin())
    await store.request_invoice(order, origin(turn=1))
    store.close()
    assert await open_store().request_invoice(order, origin(turn=1)) is False
    assert count(database, invoice_requests) == 1


async def test_the_same_turn_id_in_two_conversations_is_two_turns(store: SqlOrderStore) -> None:
    order = await store.find("10044", "7011", origin())
    assert await store.request_invoice(order, origin("a", turn=1))
    assert await store.request_invoice(order, origin("b", turn=1))
