"""An application behind a real uvicorn, in the test's own event loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator
from typing import Any

import uvicorn

from bot.app.protocol import GuardedSocketProtocol

_GRACEFUL_SECONDS = 1.0


class _Server(uvicorn.Server):
    """Ends as soon as it may. uvicorn's own takes some tenths of a second for it, which hundreds of
    tests would wait for.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.told_to_end = asyncio.Event()

    async def main_loop(self) -> None:
        """Until it is told to end."""
        await self.on_tick(0)
        await self.told_to_end.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Requests under way are finished, unless they take too long."""
        for server in self.servers:
            server.close()
        for listening in sockets or []:
            listening.close()
        state = self.server_state
        for connection in list(state.connections):
            connection.shutdown()
        deadline = time.monotonic() + _GRACEFUL_SECONDS
        while (  # noqa: ASYNC110 (uvicorn has no event for it)
            state.connections or state.tasks
        ) and time.monotonic() < deadline:
            await asyncio.sleep(0.002)
        for task in state.tasks:
            task.cancel()
        for server in self.servers:
            await server.wait_closed()


@contextlib.asynccontextmanager
async def serving(app: Any, port: int = 0) -> AsyncIterator[int]:
    """Uvicorn with the gateway's settings; yields the port."""
    server = _Server(
        uvicorn.Config(
            app,
            host="127.0.0.1",
            port=port,
            ws=GuardedSocketProtocol,
            ws_max_size=1_048_576,
            # A test must not change how the process logs.
            log_config=None,
            lifespan="off",
            # Longer than clients keep a connection: none of them may meet one that is being closed.
            timeout_keep_alive=75,
        )
    )
    sockets = [server.config.bind_socket()]
    task = asyncio.create_task(server.serve(sockets))
    try:
        while not server.started:  # noqa: ASYNC110 (uvicorn has no event for it)
            await asyncio.sleep(0.001)
        yield sockets[0].getsockname()[1]
    finally:
        server.told_to_end.set()
        await task
