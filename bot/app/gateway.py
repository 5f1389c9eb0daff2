"""Serves the gateway: takes the port, runs uvicorn, stops when told to."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
import uvicorn
from starlette.types import ASGIApp

from bot.app.protocol import GuardedHttpProtocol, GuardedSocketProtocol
from bot.errors import SettingsError
from bot.tasks import cancel

# Longer than a turn takes, shorter than the 30 s that most supervisors give before they kill.
_GRACEFUL_SECONDS = 20
# Larger than any frame that a channel takes, so that its own limit is met first.
_SOCKET_FRAME_BYTES = 1_048_576

logger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Gateway:
    """What is served. `background` runs while it is; `resources` are closed after it. `stopping` are
    called when it begins to stop: to end what would otherwise never end by itself.
    """

    app: ASGIApp
    background: Sequence[Callable[[], Coroutine[Any, Any, None]]]
    resources: contextlib.AsyncExitStack
    stopping: Sequence[Callable[[], None]] = ()


@dataclass(frozen=True)
class Address:
    """Where the gateway listens; `port` is the real one where 0 was asked for."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """What to open on this machine, such as `http://127.0.0.1:8000`."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"


async def serve_gateway(
    gateway: Gateway,
    host: str,
    port: int,
    *,
    stop: asyncio.Event,
    on_ready: Callable[[Address], None] | None = None,
    graceful_seconds: int = _GRACEFUL_SECONDS,
) -> None:
    """Serve until `stop` is set, then end cleanly: sockets are closed with 1012, requests under
    way are finished, those that take longer than `graceful_seconds` are answered with 503.

    `on_ready` is called once, when requests are taken. Raises SettingsError where the port can't
    be had, and whatever ends a background task.
    """
    async with gateway.resources:
        sockets = bind(host, port)
        address = Address(host, sockets[0].getsockname()[1])
        server = _Server(gateway.app, graceful_seconds)
        async with _running(gateway.background) as failed:
            serving = asyncio.create_task(server.serve(sockets))
            try:
                await _first(server.taking_requests, serving)
                logger.info("gateway_ready", url=address.url)
                if on_ready is not None:
                    on_ready(address)
                await _first(stop, failed, serving)
            finally:
                for end in gateway.stopping:
                    end()
                server.should_exit = True
                await serving
    logger.info("gateway_stopped")


def bind(host: str, port: int) -> list[socket.socket]:
    """Listening sockets for all addresses of `host`, on one port; 0 chooses a free one.

    Raises SettingsError that says what is wrong with HOST or PORT.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (socket.gaierror, UnicodeError) as error:
        raise SettingsError([f"HOST: {host!r} is not an address of this machine ({error})"]) from (
            error
        )
    with contextlib.ExitStack() as on_error:
        sockets: list[socket.socket] = []
        for family, kind, protocol, _, address in dict.fromkeys(found):
            listening = on_error.enter_context(socket.socket(family, kind, protocol))
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            try:
                listening.bind((address[0], port, *address[2:]))
            except OSError as error:
                if error.errno == errno.EADDRNOTAVAIL and sockets:
                    continue  # the name has an address of a family that is switched off here
                raise SettingsError([_bind_problem(host, port, error)]) from error
            listening.setblocking(False)
            port = listening.getsockname()[1]
            sockets.append(listening)
        on_error.pop_all()
    return sockets


def _bind_problem(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"PORT: {port} on {host} is taken by another program: stop that one, or set PORT to"
            " a free one (0 chooses one)"
        )
    if error.errno == errno.EACCES:
        return f"PORT: this user may not listen on {port}: choose one above 1023"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"HOST: {host} is not an address of this machine"
    return f"HOST and PORT: can't listen on {host}:{port} ({error.strerror})"


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers, which raise the signal again when all is over."""

    def __init__(self, app: ASGIApp, graceful_seconds: int) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=GuardedHttpProtocol,
                ws=GuardedSocketProtocol,
                ws_max_size=_SOCKET_FRAME_BYTES,
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=30,
                timeout_graceful_shutdown=graceful_seconds,
            )
        )
        self.taking_requests = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and tell."""
        await super().startup(sockets)
        self.taking_requests.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop; requests that were cut short get to send their answer."""
        await super().shutdown(sockets)
        if self.server_state.tasks:
            await asyncio.wait(set(self.server_state.tasks), timeout=1.0)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to whoever serves."""
        yield


@contextlib.asynccontextmanager
async def _running(
    background: Sequence[Callable[[], Coroutine[Any, Any, None]]],
) -> AsyncIterator[asyncio.Event]:
    """Runs the tasks for as long as the block lasts; the event tells that one of them has failed.

    Raises the error that ended it. One that is simply over had nothing more to do.
    """
    ended = asyncio.Event()

    def look(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            ended.set()

    tasks = [asyncio.create_task(run()) for run in background]
    for task in tasks:
        task.add_done_callback(look)
    try:
        yield ended
    finally:
        await cancel(tasks)
    for task in tasks:
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error


async def _first(*awaited: asyncio.Event | asyncio.Task[None]) -> None:
    """Returns when an event is set or a task has ended."""
    tasks = {
        item if isinstance(item, asyncio.Task) else asyncio.create_task(_wait(item))
        for item in awaited
    }
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks - set(awaited):
        task.cancel()


async def _wait(event: asyncio.Event) -> None:
    await event.wait()
