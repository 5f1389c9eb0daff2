"""One SQL database, SQLite or PostgreSQL, used from asyncio through a few threads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import create_engine, event, exc, text
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.pool import QueuePool

from bot.errors import LayoutMismatch, SettingsError, StorageUnavailable

Result = TypeVar("Result")

_BUSY_MS = 30_000
# What SQLite says of a file that it can't read.
_DAMAGED = ("file is not a database", "database disk image is malformed")
_POSTGRES_OPTIONS: dict[str, Any] = {
    "connect_timeout": 5,
    # Without these a server that vanished holds a thread until the system's own two hours are over.
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
    "options": "-c statement_timeout=15000 -c lock_timeout=10000"
    " -c idle_in_transaction_session_timeout=60000 -c timezone=UTC",
}


def open_engine(dsn: str, threads: int = 4) -> Engine:
    """An engine for a SQLAlchemy URL; connects at its first use.

    A transaction is for reading unless its connection has the execution option `write`: with
    SQLite that one takes the write lock at once, since a lock that is asked for in the middle of
    a transaction can be refused without waiting. Raises SettingsError for a URL that can't be used.
    """
    url = _url(dsn)
    if url.get_backend_name() == "postgresql":
        return create_engine(
            url,
            pool_size=threads,
            max_overflow=0,
            pool_timeout=5,
            pool_pre_ping=True,
            connect_args=_POSTGRES_OPTIONS,
        )
    if url.database is None or url.database in {"", ":memory:"}:
        raise SettingsError(
            ["DATABASE_URL: SQLite needs a file, such as sqlite:////srv/flerkanal.sqlite3"]
        )
    Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=threads,
        max_overflow=0,
        pool_timeout=5,
        connect_args={"check_same_thread": False, "timeout": _BUSY_MS / 1000},
    )
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


@contextmanager
def transaction(engine: Engine, write: bool) -> Iterator[Connection]:
    """A connection in a transaction: committed at the end, rolled back where an error passes."""
    with engine.connect() as connected:
        connection = connected.execution_options(write=write)
        with connection.begin():
            yield connection


@contextmanager
def storage_errors() -> Iterator[None]:
    """Turns the driver's errors about the connection into StorageUnavailable, and about a damaged
    file into LayoutMismatch.
    """
    try:
        yield
    except (exc.OperationalError, exc.InterfaceError, exc.TimeoutError) as error:
        # The statement and its parameters stay out of it: they may be personal.
        reason = str(getattr(error, "orig", None) or error).strip()
        raise StorageUnavailable(f"the database does not answer: {reason}") from error
    except exc.DBAPIError as error:
        if error.connection_invalidated:
            raise StorageUnavailable("the database closed the connection") from error
        if any(sign in str(error.orig) for sign in _DAMAGED):
            raise LayoutMismatch(
                f"the database's file is damaged, or is none ({error.orig}): restore a backup"
            ) from error
        raise


class Database:
    """Runs units of work, each in a transaction of its own, at most `threads` at a time.

    `wait` is how long a caller waits for one, in seconds. Close it at the end.
    """

    def __init__(self, engine: Engine, threads: int = 4, wait: float = 10.0) -> None:
        self._engine = engine
        self._wait = wait
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="record")

    async def read(self, work: Callable[[Connection], Result]) -> Result:
        """Run `work` in a transaction that only reads. Raises StorageUnavailable."""
        return await self._run(work, write=False)

    async def write(self, work: Callable[[Connection], Result]) -> Result:
        """Run `work` in a transaction, committed when it returns, else rolled back.

        Raises StorageUnavailable; then it may have been committed all the same, if the
        connection was lost or the wait was over just as it was.
        """
        return await self._run(work, write=True)

    async def ping(self) -> None:
        """Raises StorageUnavailable where the database does not answer."""
        await self.read(lambda connection: connection.execute(text("SELECT 1")).scalar_one())

    def close(self) -> None:
        """Let what runs end, drop what waits, close the connections."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._engine.dispose()

    async def _run(self, work: Callable[[Connection], Result], write: bool) -> Result:
        def in_transaction() -> Result:
            with storage_errors(), transaction(self._engine, write) as connection:
                return work(connection)

        running = asyncio.get_running_loop().run_in_executor(self._threads, in_transaction)
        try:
            return await asyncio.wait_for(running, self._wait)
        except asyncio.TimeoutError:
            raise StorageUnavailable(f"the database took more than {self._wait:g} s") from None


def _url(dsn: str) -> URL:
    try:
        url = make_url(dsn)
    except exc.ArgumentError:
        raise SettingsError(
            ["DATABASE_URL is not a database's address such as postgresql://user@host/name"]
        ) from None
    if url.drivername == "postgres":
        url = url.set(drivername="postgresql")
    if url.get_backend_name() not in {"postgresql", "sqlite"}:
        raise SettingsError(
            [f"DATABASE_URL: {url.get_backend_name()!r} is not supported: use PostgreSQL or SQLite"]
        )
    return url


def _set_up_sqlite(connection: Any, _: Any) -> None:
    # The driver's own way to begin transactions leaves DDL outside of them; ours does not.
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout={_BUSY_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    write = connection.get_execution_options().get("write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
