"""An application behind a real uvicorn, in the test's own event loop."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import uvicorn


@contextlib.asynccontextmanager
async def serving(app: Any, port: int = 0) -> AsyncIterator[int]:
    """Uvicorn with the gateway's settings; yields the port."""
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host="127.0.0.1",
            port=port,
            ws="wsproto",
            ws_max_size=1_048_576,
            # A test must not change how the process logs.
            log_config=None,
            lifespan="off",
            timeout_graceful_shutdown=1,
            # Longer than clients keep a connection: none of them may meet one that is being closed.
            timeout_keep_alive=75,
        )
    )
    sockets = [server.config.bind_socket()]
    task = asyncio.create_task(server.serve(sockets))
    try:
        while not server.started:  # noqa: ASYNC110 (uvicorn has no event for it)
            await asyncio.sleep(0.005)
        yield sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await task
