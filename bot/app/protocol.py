"""uvicorn's protocols with their gaps closed: HTTP waits for ever, and its own errors are text; a
socket that is closing already when the server stops makes the stop fail.
"""

from __future__ import annotations

import asyncio
import json
import secrets

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.wsproto_impl import WSProtocol
from wsproto.utilities import LocalProtocolError

# From a request's first byte, or the connection's start, to the end of its body. Above the time
# that a body may take, so that a slow client is told why.
REQUEST_SECONDS = 20.0


class GuardedHttpProtocol(HttpToolsProtocol):
    """Closes connections on which a request does not arrive in time.

    uvicorn ends idle connections between requests, but not one that never sends its first, stops
    in the middle of its headers, or goes on with a body whose request is answered already.
    """

    request_seconds = REQUEST_SECONDS
    _guard: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The connection is there: its first request must come in time."""
        super().connection_made(transport)
        self._arm()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._disarm()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """A request's first bytes are there."""
        super().on_message_begin()
        self._arm()

    def on_message_complete(self) -> None:
        """A request has arrived as a whole; how long its answer takes is not of concern here."""
        self._disarm()
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        """Another protocol takes over, with timeouts of its own."""
        self._disarm()
        super().handle_websocket_upgrade()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002
        """What came in is not HTTP."""
        error = {"code": "bad_request", "message": "The request is not valid HTTP."}
        body = json.dumps({"error": error}).encode()
        head = (
            "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\nx-request-id: {secrets.token_hex(8)}\r\n"
            "x-content-type-options: nosniff\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()

    def _arm(self) -> None:
        self._disarm()
        self._guard = self.loop.call_later(self.request_seconds, self._too_late)

    def _disarm(self) -> None:
        if self._guard is not None:
            self._guard.cancel()
            self._guard = None

    def _too_late(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()


class GuardedSocketProtocol(WSProtocol):
    """Can be told to end at any moment, also when the client has just said goodbye."""

    def shutdown(self) -> None:
        """The server stops: say so where that is still possible."""
        try:
            super().shutdown()
        except LocalProtocolError:
            self.transport.close()
