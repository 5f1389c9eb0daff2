"""The SQLAlchemy engine of a business system, and what its errors become."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import create_engine, event, exc
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.engine.url import URL, make_url
from sqlalchemy.pool import QueuePool
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from bot.errors import BusinessSystemUnavailable, SettingsError

# The database gives up before the caller does, so that its own reason reaches the log.
DATABASE_SHARE_OF_LIMIT = 0.8
_URL_FORMS = "postgresql://user:password@host/database or sqlite:////absolute/path.sqlite3"


def build_engine(
    dsn: str, *, setting: str, application: str, limit: float, connections: int
) -> Engine:
    """An engine whose statements end within `limit` seconds; connects only when used.

    `dsn` names an SQLite file or a PostgreSQL database. Raises SettingsError, which names
    `setting`, for anything else. PostgreSQL's own lists show `application`.
    """
    url = _parse(dsn, setting)
    patience = limit * DATABASE_SHARE_OF_LIMIT
    sqlite = url.get_backend_name() == "sqlite"
    connect_args = (
        _sqlite_arguments(patience) if sqlite else _postgresql_arguments(patience, application)
    )
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=limit,
        connect_args=connect_args,
        # What customers have told stays out of error texts, and so out of logs.
        hide_parameters=True,
        future=True,
    )
    if sqlite:
        event.listen(engine, "connect", _set_up_sqlite(patience))
        event.listen(engine, "begin", _begin_writing)
    else:
        event.listen(engine, "begin", _limit_statements(int(patience * 1000)))
    return engine


def _parse(dsn: str, setting: str) -> URL:
    # The short form is what several hosting services hand out; SQLAlchemy no longer takes it.
    if dsn.startswith("postgres://"):
        dsn = "postgresql://" + dsn.removeprefix("postgres://")
    try:
        url = make_url(dsn)
    except exc.ArgumentError:
        url = None
    if url is None or url.get_backend_name() not in {"sqlite", "postgresql"}:
        raise SettingsError([f"{setting}: use {_URL_FORMS}"])
    if url.get_backend_name() == "sqlite":
        if not url.database or url.database == ":memory:":
            raise SettingsError(
                [f"{setting}: name a file for SQLite; every process must see the same"]
            )
        return url
    return url.set(drivername="postgresql+psycopg2")


def _sqlite_arguments(patience: float) -> dict[str, Any]:
    return {"timeout": patience, "check_same_thread": False}


def _postgresql_arguments(patience: float, application: str) -> dict[str, Any]:
    return {
        # libpq takes whole seconds and nothing below two.
        "connect_timeout": max(2, math.floor(patience)),
        "tcp_user_timeout": int(patience * 1000),
        "keepalives_idle": 30,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "application_name": application,
    }


def make_directory(engine: Engine) -> None:
    """Create the directory of an SQLite file. Raises OSError."""
    if engine.dialect.name == "sqlite" and engine.url.database:
        Path(engine.url.database).parent.mkdir(parents=True, exist_ok=True)


def _set_up_sqlite(patience: float) -> Any:
    # Several processes that open a new file at once get in each other's way here: SQLite waits for
    # every lock but the one for changing the mode.
    when_locked = Retrying(
        stop=stop_after_delay(patience),
        wait=wait_fixed(0.02),
        retry=retry_if_exception_type(sqlite3.OperationalError),
        reraise=True,
    )

    def on_connect(connection: sqlite3.Connection, _record: object) -> None:
        # The driver's own idea of transactions would begin them after the first read.
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys = ON")
        when_locked(connection.execute, "PRAGMA journal_mode = WAL")

    return on_connect


def _begin_writing(connection: Connection) -> None:
    # Counting tries and adding one must not interleave with another process doing the same.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _limit_statements(milliseconds: int) -> Any:
    # Per transaction and not per connection, so that it also holds behind a pooler such as
    # PgBouncer.
    statement = (
        f"SET LOCAL statement_timeout = {milliseconds};"
        f"SET LOCAL lock_timeout = {milliseconds};"
        f"SET LOCAL idle_in_transaction_session_timeout = {milliseconds}"
    )

    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(statement)

    return on_begin


class Unavailable(Protocol):
    """Makes the error that says why a system gives no answer."""

    def __call__(self, reason: str, *, retryable: bool) -> BusinessSystemUnavailable:
        """`retryable`: it may pass without anybody mending something."""


@contextmanager
def database_errors(unavailable: Unavailable) -> Iterator[None]:
    """Turn every error of SQLAlchemy, its drivers and the file system into what `unavailable` makes.

    Whether it may pass by itself follows the database API's classes: operational errors (no
    connection, a lock, a time limit) do; a missing table or a fault in a statement does not.
    """
    try:
        yield
    except (exc.OperationalError, exc.TimeoutError, exc.DisconnectionError) as error:
        raise unavailable(_reason(error), retryable=True) from error
    except exc.DBAPIError as error:
        raise unavailable(_reason(error), retryable=error.connection_invalidated) from error
    except (exc.SQLAlchemyError, OSError) as error:
        raise unavailable(_reason(error), retryable=False) from error


def _reason(error: Exception) -> str:
    cause = (error.orig if isinstance(error, exc.StatementError) else None) or error
    lines = str(cause).strip().splitlines() or ["no details"]
    return f"{type(cause).__name__}: {lines[0]}"
