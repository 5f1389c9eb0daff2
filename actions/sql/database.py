"""A business system's SQL database: SQLite or PostgreSQL, prepared once, never waited for too long."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from sqlalchemy import exc
from sqlalchemy.engine import Connection
from tenacity import Retrying, retry_if_exception, stop_after_attempt

from actions.sql.calls import Call, TimedCalls
from actions.sql.engine import Unavailable, build_engine, database_errors, make_directory

T = TypeVar("T")


class SqlDatabase:
    """Runs units of work, each in a transaction of its own, on `threads` threads of its own.

    `name` is for the threads and the server's lists; `setting` names the setting that holds `dsn`.
    Each call takes at most `limit` seconds and raises what `unavailable` makes where there is no
    answer. `prepare` runs before the first of them, in a transaction; until it has succeeded once
    every call begins with it. Nothing is opened before the first call. Raises SettingsError where
    `dsn` names no usable database.
    """

    def __init__(
        self,
        dsn: str,
        *,
        name: str,
        setting: str,
        threads: int,
        limit: float,
        unavailable: Unavailable,
        prepare: Callable[[Connection], None],
    ) -> None:
        self._engine = build_engine(
            dsn,
            setting=setting,
            application=f"flerkanal-{name}",
            limit=limit,
            connections=threads,
        )
        self._unavailable = unavailable
        self._calls = TimedCalls(
            name=name,
            threads=threads,
            limit=limit,
            unavailable=partial(unavailable, retryable=True),
        )
        self._ensure = prepare
        self._preparing = threading.Lock()
        self._prepared = False

    async def prepare(self) -> None:
        """Make ready for the first call."""
        await self._calls.run(self._prepare)

    async def run(self, work: Callable[[Connection], T]) -> T:
        """The result of `work`, committed; rolled back where it raises. It may run twice."""

        def prepared_work(call: Call) -> T:
            if not self._prepared:
                self._prepare(call)
            return self._transact(call, work)

        return await self._calls.run(prepared_work)

    def close(self) -> None:
        """Let go of connections and threads without waiting. Calls under way are unavailable."""
        self._calls.close()
        self._engine.dispose()

    def _prepare(self, call: Call) -> None:
        with self._preparing:
            if self._prepared:
                return
            if call.over:
                # Given up while others tried: no reason to try after them, one by one.
                raise self._unavailable("no answer in time", retryable=True)
            with database_errors(self._unavailable):
                make_directory(self._engine)
            self._transact(call, self._ensure)
            self._prepared = True

    def _transact(self, call: Call, work: Callable[[Connection], T]) -> T:
        def is_stale(error: BaseException) -> bool:
            return (
                isinstance(error, exc.DBAPIError) and error.connection_invalidated and not call.over
            )

        # A pooled connection may have ended since its last use (the server restarted): once more
        # with a new one. All work here may run twice.
        with database_errors(self._unavailable):
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
