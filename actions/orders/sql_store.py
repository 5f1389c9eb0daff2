"""The order system in an SQL database: SQLite or PostgreSQL."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.engine import Connection

from actions.orders.demo import ensure_demo
from actions.orders.errors import (
    OrderNotMatched,
    OrderRecordInvalid,
    OrdersUnavailable,
    TooManyAttempts,
)
from actions.orders.model import (
    AttemptLimits,
    Order,
    OrderLine,
    OrderState,
    Origin,
    Shipment,
)
from actions.orders.store import OrderStore
from actions.orders.tables import invoice_requests, lookup_attempts, order_lines, orders
from actions.sql.database import SqlDatabase
from actions.sql.statements import hold_alone, insert_once

THREADS = 4
# Compared with where there is no such order; no customer can write it.
_NO_POSTCODE = "----"


class SqlOrderStore(OrderStore):
    """Orders by SQLAlchemy, on threads of its own.

    `dsn` as in `actions.sql.engine.build_engine`; each call takes at most `limit` seconds. `clock`
    gives seconds since the epoch. Nothing is opened before the first call.
    """

    def __init__(
        self,
        dsn: str,
        *,
        limit: float = 3.0,
        limits: AttemptLimits = AttemptLimits(),  # noqa: B008 (frozen)
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = SqlDatabase(
            dsn,
            name="orders",
            setting="ORDERS_DATABASE_URL",
            threads=THREADS,
            limit=limit,
            unavailable=OrdersUnavailable,
            prepare=self._ensure_demo,
        )
        self._limits = limits
        self._clock = clock

    async def prepare(self) -> None:
        """See OrderStore. An empty database gets the demo's tables and orders."""
        await self._database.prepare()

    async def check(self) -> None:
        """See OrderStore."""
        await self._database.run(
            lambda connection: connection.execute(select(orders.c.number).limit(1))
        )

    async def find(self, number: str, postcode: str, origin: Origin) -> Order:
        """See OrderStore."""
        found = await self._database.run(
            lambda connection: self._find(connection, number, postcode, origin)
        )
        if isinstance(found, Order):
            return found
        raise found

    async def request_invoice(self, order: Order, origin: Origin) -> bool:
        """See OrderStore. The request is a row that the shop's own mailer takes up."""
        row = {
            "key": origin.effect_key("invoice", order.number),
            "order_number": order.number,
            "requested_at": self._clock(),
        }
        return await self._database.run(
            lambda connection: insert_once(connection, invoice_requests, row),
        )

    def close(self) -> None:
        """See OrderStore."""
        self._database.close()

    def _ensure_demo(self, connection: Connection) -> None:
        hold_alone(connection, "flerkanal-orders:prepare")
        ensure_demo(connection, datetime.fromtimestamp(self._clock(), timezone.utc).date())

    def _find(
        self, connection: Connection, number: str, postcode: str, origin: Origin
    ) -> Order | OrderNotMatched | TooManyAttempts:
        """The order, or the error to raise once the try has been committed.

        Up to the answer, an order that is there and one that is not take the same steps.
        """
        key = origin.effect_key("find", number, postcode)
        hold_alone(connection, f"flerkanal-orders:{number}")
        failures = self._failures(connection, lookup_attempts.c.conversation, origin, key)
        if failures >= self._limits.per_conversation:
            return TooManyAttempts()
        if self._failures(connection, lookup_attempts.c.order_number, number, key) >= (
            self._limits.per_order
        ):
            return TooManyAttempts()
        row = connection.execute(select(orders).where(orders.c.number == number)).one_or_none()
        expected = row.postcode if row is not None else _NO_POSTCODE
        if hmac.compare_digest(expected.encode(), postcode.encode()) and row is not None:
            return _order(row, _lines(connection, number))
        self._count_attempt(connection, key, number, origin)
        return OrderNotMatched(failures + 1, self._limits.per_conversation - failures - 1)

    def _failures(
        self, connection: Connection, column: Any, value: str | Origin, own_key: str
    ) -> int:
        if isinstance(value, Origin):
            value = value.conversation_key
        count: int = connection.execute(
            select(func.count())
            .select_from(lookup_attempts)
            .where(
                column == value,
                lookup_attempts.c.attempted_at > self._clock() - self._limits.window,
                # The same try, from a turn that was cut off after it.
                lookup_attempts.c.key != own_key,
            )
        ).scalar_one()
        return count

    def _count_attempt(self, connection: Connection, key: str, number: str, origin: Origin) -> None:
        now = self._clock()
        connection.execute(
            delete(lookup_attempts).where(
                lookup_attempts.c.attempted_at <= now - self._limits.window
            )
        )
        row = {
            "key": key,
            "order_number": number,
            "conversation": origin.conversation_key,
            "attempted_at": now,
        }
        insert_once(connection, lookup_attempts, row)


def _lines(connection: Connection, number: str) -> tuple[OrderLine, ...]:
    rows = connection.execute(
        select(order_lines.c.title, order_lines.c.quantity)
        .where(order_lines.c.order_number == number)
        .order_by(order_lines.c.position)
    )
    return tuple(OrderLine(title, quantity) for title, quantity in rows)


def _order(row: Any, lines: tuple[OrderLine, ...]) -> Order:
    try:
        state = OrderState(row.state)
    except ValueError as error:
        raise OrderRecordInvalid("an order is in a state that is not known here") from error
    shipment = None
    if row.carrier and row.tracking_number and row.tracking_url and row.expected_on:
        shipment = Shipment(row.carrier, row.tracking_number, row.tracking_url, row.expected_on)
    return Order(row.number, state, row.email, lines, shipment, row.delivered_on)
