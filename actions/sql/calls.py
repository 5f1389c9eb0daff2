"""Blocking database work with a time limit, off the event loop, on a bounded number of threads."""

from __future__ import annotations

import asyncio
import os
import socket
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

from bot.errors import BusinessSystemUnavailable

T = TypeVar("T")


class Call:
    """One piece of work, which another thread may cut off while it waits for the database."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: Any = None
        self._over = False

    @property
    def over(self) -> bool:
        """Whether the caller has stopped waiting; nobody wants the result any more."""
        return self._over

    def attach(self, dbapi_connection: Any) -> None:
        """Name the connection that the work is about to wait on."""
        with self._lock:
            self._connection = dbapi_connection
            if self._over:
                _cut(dbapi_connection)

    def detach(self) -> None:
        """The connection goes back to the pool: from now on it may be somebody else's."""
        with self._lock:
            self._connection = None

    def cut(self) -> None:
        """Make the work fail now, whatever it waits for. Safe to call twice, from any thread."""
        with self._lock:
            self._over = True
            if self._connection is not None:
                _cut(self._connection)


def _cut(connection: Any) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.interrupt()
        return
    # A server that is frozen but still connected answers neither a cancel request nor a time
    # limit of its own: only the end of the socket wakes the thread that reads from it. Whatever
    # goes wrong here means that the connection has ended already.
    with suppress(Exception), socket.socket(fileno=os.dup(connection.fileno())) as duplicate:
        duplicate.shutdown(socket.SHUT_RDWR)


class TimedCalls:
    """Runs work on at most `threads` threads and waits at most `limit` seconds for each.

    `name` is the threads' prefix; `unavailable` makes the error that says why there is no answer.
    """

    def __init__(
        self,
        *,
        name: str,
        threads: int,
        limit: float,
        unavailable: Callable[[str], BusinessSystemUnavailable],
    ) -> None:
        self._limit = limit
        self._unavailable = unavailable
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._under_way: dict[Call, asyncio.Future[Any]] = {}
        self._closed = False

    async def run(self, work: Callable[[Call], T]) -> T:
        """The result of `work`, or its exception.

        Raises what `unavailable` makes when the time is over, waiting for a free thread included,
        or when this object is closed.
        """
        if self._closed:
            raise self._unavailable("shutting down")
        call = Call()
        waiting = asyncio.wrap_future(self._executor.submit(work, call))
        self._under_way[call] = waiting
        try:
            return await asyncio.wait_for(waiting, self._limit)
        except asyncio.TimeoutError as error:
            raise self._unavailable(f"no answer in {self._limit:g} s") from error
        except asyncio.CancelledError as error:
            # Either the caller was cancelled, or the work was, while it waited for a thread.
            if self._closed:
                raise self._unavailable("shutting down") from error
            raise
        finally:
            call.cut()
            self._under_way.pop(call, None)

    def close(self) -> None:
        """Cut off whatever is under way and end the threads, without waiting for them."""
        self._closed = True
        for call, waiting in tuple(self._under_way.items()):
            call.cut()
            # Who waits for SQLite's lock can't be woken; nobody has to wait for that thread.
            with suppress(RuntimeError):  # its event loop has ended
                waiting.get_loop().call_soon_threadsafe(waiting.cancel)
        self._executor.shutdown(wait=False, cancel_futures=True)
