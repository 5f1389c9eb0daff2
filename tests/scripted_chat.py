"""The server's side of the web chat by a script, for what only the widget does: the real pages and
the real frames, over a real socket, and neither Redis nor a dialogue behind them.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from bot.model.content import Attachment, Content, Shared, Text
from bot.model.messages import Author, Utterance
from bot.ports import Accepted, LinkOffer, Notice
from channels.web import render
from channels.web.assets import Assets
from channels.web.linking import qr_code
from tests.serving import serving

_COLOURS = {"parcel": "#c79a63", "jacket": "#2f6f8f", "rucksack": "#4c7a4a", "flask": "#b5523b"}
_SHAPES = {
    "parcel": "M110 70h100v80h-100zM110 95h100M160 70v30",
    "jacket": "M130 50l-30 25 8 80h24v-50 65h56v-65 50h24l8-80-30-25-30 14z",
    "rucksack": "M125 75a35 35 0 0 1 70 0v90h-70zM138 115h44v35h-44zM148 45h24",
    "flask": "M140 60h40v110h-40zM140 80h40M148 40h24v20h-24z",
}


@dataclass
class ScriptedChat:
    """What a running one has heard, and what it can be made to say.

    `answer` gives the contents that follow a message frame.
    """

    answer: Callable[[dict[str, Any]], Sequence[Content]]
    channels: list[render.LinkState] = field(default_factory=list)
    offers: dict[str, LinkOffer] = field(default_factory=dict)
    link_seconds: float = 600.0
    # Refuse what follows with this code.
    refuse_links: str | None = None
    refuse_identity: bool = False
    url: str = ""
    hellos: list[dict[str, Any]] = field(default_factory=list)
    said: list[dict[str, Any]] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    writing: int = 0
    lines: list[Utterance] = field(default_factory=list)
    _sockets: set[WebSocket] = field(default_factory=set)
    _sessions: int = 0

    async def utter(
        self,
        content: Content,
        author: Author = Author.BOT,
        channel: str = "web",
        message_id: str | None = None,
        name: str | None = None,
    ) -> None:
        """A new line of the transcript, to every socket."""
        number = len(self.lines) + 1
        line_id = message_id or f"0-{number}-0/0"
        line = Utterance(
            f"{number}-0", line_id, author, content, channel, "0-1-0", time.time(), name
        )
        self.lines.append(line)
        if render.is_shown(line):
            await self._send(render.message(line))

    async def write(self, handoff: str = "t0-1-0") -> None:
        """Somebody at the desk is writing."""
        frame = render.notice(Notice("typing", "web:1", handoff))
        assert frame is not None
        await self._send(frame)

    async def link(self, channel: str, linked: bool) -> None:
        """A channel was linked or unlinked."""
        self.channels = [
            render.LinkState(one.name, one.title, linked if one.name == channel else one.linked)
            for one in self.channels
        ]
        await self._send(render.channels(self.channels))

    async def _send(self, frame: render.Frame) -> None:
        for socket in list(self._sockets):
            await socket.send_json(frame)

    async def serve_socket(self, socket: WebSocket) -> None:
        """One socket, until it is gone."""
        await socket.accept()
        with contextlib.suppress(WebSocketDisconnect):
            try:
                while True:
                    await self._heard(socket, await socket.receive_json())
            finally:
                self._sockets.discard(socket)

    async def _heard(self, socket: WebSocket, frame: dict[str, Any]) -> None:
        kind = frame["type"]
        if kind == "hello":
            await self._greet(socket, frame)
        elif kind == "message":
            await self._answer(socket, frame)
        elif kind == "link":
            self.asked.append(frame)
            await socket.send_json(self._way(frame["channel"]))
        elif kind == "unlink":
            self.asked.append(frame)
            await self.link(frame["channel"], False)
        elif kind == "writing":
            self.writing += 1
        elif kind == "ping":
            await socket.send_json(render.pong())

    async def _greet(self, socket: WebSocket, hello: dict[str, Any]) -> None:
        self.hellos.append(hello)
        if hello.get("identity") and self.refuse_identity:
            await socket.send_json(render.error("bad_identity", "Not signed by this site."))
        known = "token" in hello
        self._sessions += not known
        await socket.send_json(
            render.welcome(
                hello["token"] if known else f"session-{self._sessions}",
                self.lines,
                replace=True,
                cursor=self.lines[-1].cursor if self.lines else None,
                max_text_chars=4000,
                channels=self.channels,
            )
        )
        self._sockets.add(socket)

    async def _answer(self, socket: WebSocket, frame: dict[str, Any]) -> None:
        self.said.append(frame)
        await socket.send_json(render.accepted(frame["id"], Accepted("0-1-0", "1-0", False)))
        place = frame.get("location")
        content: Content = Text(frame["text"])
        if place:
            content = Shared(frame["text"], (Attachment("location", **place),))
        await self.utter(content, Author.CUSTOMER, message_id=frame["id"])
        for answer in self.answer(frame):
            await self.utter(answer)

    def _way(self, channel: str) -> render.Frame:
        if self.refuse_links is not None:
            return render.error(self.refuse_links, "Try later.")
        offer = self.offers[channel]
        return render.link(
            channel,
            offer,
            expires_at=time.time() + self.link_seconds,
            expires_in=self.link_seconds,
            qr=qr_code(offer.url) if offer.url else None,
        )


@contextlib.asynccontextmanager
async def scripted_chat(chat: ScriptedChat) -> AsyncIterator[ScriptedChat]:
    """The demo page, the widget and the socket on a free port while the block lasts."""
    assets = Assets()

    async def page(request: Request) -> Response:
        return assets.page(request).respond(request)

    async def widget(request: Request) -> Response:
        return assets.widget.respond(request)

    async def style(request: Request) -> Response:
        return assets.demo_style.respond(request)

    async def script(request: Request) -> Response:
        return assets.demo_script.respond(request)

    routes = [
        Route("/", page),
        Route("/widget.js", widget),
        Route("/demo.css", style),
        Route("/demo.js", script),
        Route("/pictures/{name}.svg", _picture),
        WebSocketRoute("/webhooks/web/ws", chat.serve_socket),
    ]
    async with serving(Starlette(routes=routes)) as port:
        chat.url = f"http://127.0.0.1:{port}/"
        yield chat


async def _picture(request: Request) -> Response:
    name = request.path_params["name"]
    drawing = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 200" width="640" height="400">'
        f'<rect width="320" height="200" fill="{_COLOURS[name]}" opacity=".22"/>'
        f'<path d="{_SHAPES[name]}" fill="{_COLOURS[name]}" stroke="#1c2b33" stroke-width="4"'
        ' stroke-linejoin="round" fill-opacity=".8"/></svg>'
    )
    return Response(drawing, media_type="image/svg+xml")
