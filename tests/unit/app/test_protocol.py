"""A socket that is closing when the server stops does not make the stop fail."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import uvicorn
import websockets
from wsproto.events import CloseConnection
from wsproto.utilities import LocalProtocolError

from bot.app.protocol import GuardedSocketProtocol


async def accepting(scope: Any, receive: Any, send: Any) -> None:
    assert scope["type"] == "websocket"
    await receive()
    await send({"type": "websocket.accept"})
    while (await receive())["type"] != "websocket.disconnect":
        pass


async def test_a_server_stops_at_the_moment_that_a_client_says_goodbye() -> None:
    failures: list[Exception] = []
    said: list[int] = []

    class Stopping(GuardedSocketProtocol):
        """Stopped right when the goodbye has come in, and the connection is not gone yet."""

        def handle_close(self, event: CloseConnection) -> None:
            said.append(event.code)
            super().handle_close(event)
            try:
                self.shutdown()
            except LocalProtocolError as error:
                failures.append(error)

    config = uvicorn.Config(accepting, ws=Stopping, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    listening = socket.create_server(("127.0.0.1", 0))
    serving = asyncio.create_task(server.serve([listening]))
    try:
        port = listening.getsockname()[1]
        async with websockets.connect(f"ws://127.0.0.1:{port}/") as client:  # type: ignore[attr-defined]
            await client.close(1001)
        assert client.close_code == 1001
    finally:
        server.should_exit = True
        await asyncio.wait_for(serving, 10)
    assert said == [1001]
    assert failures == []
