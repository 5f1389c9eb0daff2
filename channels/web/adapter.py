"""The web channel's routes: the socket, the widget, and the demo page."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from bot.observability.metrics import MessageMetrics
from bot.ports import Followers, Identities, LinkTarget, Sessions, Transcripts
from channels.reception import Reception
from channels.web.assets import Assets
from channels.web.connection import CHANNEL, POLICY_VIOLATION, Connection, Limits, Parts
from channels.web.linking import Links
from channels.web.parse import may_connect
from channels.web.visitors import Visitors

_log = logging.getLogger(__name__)


class WebChannel:
    """The chat on web pages. `routes` go into a Starlette application.

    `allowed_origins` are the other sites whose pages carry the widget, such as
    `https://shop.example`; pages of the server's own origin always may. `link_targets` are the
    channels that a conversation can go on in. `max_sockets` bounds what this process holds open at
    a time.
    """

    name = CHANNEL

    def __init__(
        self,
        reception: Reception,
        identities: Identities,
        transcripts: Transcripts,
        sessions: Sessions,
        followers: Followers,
        metrics: MessageMetrics,
        *,
        link_targets: Sequence[LinkTarget] = (),
        allowed_origins: Collection[str] = (),
        limits: Limits | None = None,
        max_sockets: int = 10_000,
    ) -> None:
        self._parts = Parts(
            reception,
            identities,
            Links(identities, link_targets),
            Visitors(sessions, identities),
            transcripts,
            followers,
            metrics,
        )
        self._allowed = frozenset(origin.lower().rstrip("/") for origin in allowed_origins)
        self._limits = limits or Limits()
        self._max_sockets = max_sockets
        self._assets = Assets()
        self._open = 0

    @property
    def open_sockets(self) -> int:
        """How many sockets are open now."""
        return self._open

    @property
    def routes(self) -> list[BaseRoute]:
        """The socket, the widget, and the demo page with its files."""
        return [
            WebSocketRoute(f"/webhooks/{CHANNEL}/ws", self._socket),
            Route("/", self._page, methods=["GET"]),
            Route("/widget.js", self._widget, methods=["GET"]),
            Route("/demo.css", self._demo_style, methods=["GET"]),
            Route("/demo.js", self._demo_script, methods=["GET"]),
        ]

    async def _socket(self, socket: WebSocket) -> None:
        origin = socket.headers.get("origin")
        if not may_connect(origin, socket.headers.get("host", ""), self._allowed):
            _log.warning("refused a socket from %r: add it to WEB_ALLOWED_ORIGINS", origin)
            await _deny(
                socket, 403, "origin_not_allowed", "Pages of this site may not use the chat."
            )
            return
        if self._open >= self._max_sockets:
            await _deny(socket, 503, "too_many_sockets", "The server is full: try again later.")
            return
        self._open += 1
        try:
            await socket.accept()
            await Connection(socket, self._parts, self._limits).serve()
        finally:
            self._open -= 1

    async def _page(self, request: Request) -> Response:
        return self._assets.page(request).respond(request)

    async def _widget(self, request: Request) -> Response:
        return self._assets.widget.respond(request)

    async def _demo_style(self, request: Request) -> Response:
        return self._assets.demo_style.respond(request)

    async def _demo_script(self, request: Request) -> Response:
        return self._assets.demo_script.respond(request)


async def _deny(socket: WebSocket, status: int, code: str, text: str) -> None:
    """Refuse before accepting: by an HTTP response where the server can, else by closing."""
    if "websocket.http.response" in socket.scope.get("extensions", {}):
        body = {"error": {"code": code, "message": text}}
        await socket.send_denial_response(JSONResponse(body, status_code=status))
    else:
        await socket.close(POLICY_VIOLATION, code)
