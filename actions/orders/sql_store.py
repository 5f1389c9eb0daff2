"""The order system in an SQL database: SQLite or PostgreSQL."""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any, TypeVar

from sqlalchemy import delete, exc, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from tenacity import Retrying, retry_if_exception, stop_after_attempt

from actions.orders.calls import Call, TimedCalls
from actions.orders.database import build_engine, make_directory, orders_errors
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

T = TypeVar("T")

THREADS = 4
# Compared with where there is no such order; no customer can write it.
_NO_POSTCODE = "----"


class SqlOrderStore(OrderStore):
    """Orders by SQLAlchemy, on threads of its own.

    `dsn` as in `database.build_engine`; each call takes at most `limit` seconds. `clock` gives
    seconds since the epoch. Nothing is opened before the first call.
    """

    def __init__(
        self,
        dsn: str,
        *,
        limit: float = 3.0,
        limits: AttemptLimits = AttemptLimits(),  # noqa: B008 (frozen)
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._engine = build_engine(dsn, limit=limit, connections=THREADS)
        self._calls = TimedCalls(threads=THREADS, limit=limit)
        self._limits = limits
        self._clock = clock
        self._preparing = threading.Lock()
        self._prepared = False

    async def prepare(self) -> None:
        """See OrderStore. An empty database gets the demo's tables and orders."""
        await self._calls.run(self._prepare)

    async def check(self) -> None:
        """See OrderStore."""
        await self._run(lambda connection: connection.execute(select(orders.c.number).limit(1)))

    async def find(self, number: str, postcode: str, origin: Origin) -> Order:
        """See OrderStore."""
        found = await self._run(lambda connection: self._find(connection, number, postcode, origin))
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
        return await self._run(
            lambda connection: _insert_once(connection, invoice_requests, row),
        )

    def close(self) -> None:
        """See OrderStore."""
        self._calls.close()
        self._engine.dispose()

    async def _run(self, work: Callable[[Connection], T]) -> T:
        def prepared_work(call: Call) -> T:
            if not self._prepared:
                self._prepare(call)
            return self._transact(call, work)

        return await self._calls.run(prepared_work)

    def _prepare(self, call: Call) -> None:
        def ensure(connection: Connection) -> None:
            _hold_alone(connection, "prepare")
            ensure_demo(connection, datetime.fromtimestamp(self._clock(), timezone.utc).date())

        with self._preparing:
            if self._prepared:
                return
            if call.over:
                # Given up while others tried: no reason to try after them, one by one.
                raise OrdersUnavailable("no answer in time", retryable=True)
            with orders_errors():
                make_directory(self._engine)
            self._transact(call, ensure)
            self._prepared = True

    def _transact(self, call: Call, work: Callable[[Connection], T]) -> T:
        def is_stale(error: BaseException) -> bool:
            return (
                isinstance(error, exc.DBAPIError) and error.connection_invalidated and not call.over
            )

        # A pooled connection may have ended since its last use (the server restarted): once more
        # with a new one. All work here may run twice.
        with orders_errors():
            result: T = Retrying(
                stop=stop_after_attempt(2), retry=retry_if_exception(is_stale), reraise=True
            )(self._transact_once, call, work)
            return result

    def _transact_once(self, call: Call, work: Callable[[Connection], T]) -> T:
        with self._engine.connect() as connection:
            call.attach(connection.connection.dbapi_connection)
            try:
                with connection.begin():
                    return work(connection)
            finally:
                call.detach()

    def _find(
        self, connection: Connection, number: str, postcode: str, origin: Origin
    ) -> Order | OrderNotMatched | TooManyAttempts:
        """The order, or the error to raise once the try has been committed.

        Up to the answer, an order that is there and one that is not take the same steps.
        """
        key = origin.effect_key("find", number, postcode)
        _hold_alone(connection, number)
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
        _insert_once(connection, lookup_attempts, row)


def _hold_alone(connection: Connection, what: str) -> None:
    """Keep other transactions from doing the same to `what` at the same time."""
    # SQLite has one writer at a time, and each transaction here begins as that one.
    if connection.dialect.name == "postgresql":
        digest = hashlib.sha256(f"flerkanal-orders:{what}".encode()).digest()
        lock = int.from_bytes(digest[:8], "big", signed=True)
        connection.execute(select(func.pg_advisory_xact_lock(lock)))


def _insert_once(connection: Connection, table: Any, row: dict[str, Any]) -> bool:
    dialect: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table).values(row).on_conflict_do_nothing()
    return bool(connection.execute(statement).rowcount)


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
