"""The web channel, as the widget sees it: over its socket."""

from __future__ import annotations

import asyncio
import contextlib
import json
import uuid
from collections.abc import AsyncIterator, Sequence
from typing import Any, ClassVar

import websockets

from bot.model.content import content_from_dict
from bot.record.database import Database, open_engine
from bot.record.sessions import SqlSessions
from bot.tasks import cancel
from channels.rendering.abilities import Abilities
from tests.channels.base import ChannelUnderTest, Choice, Refused, Shown
from tests.channels.meaning import seen
from tests.gateway import RunningGateway


class WebUnderTest(ChannelUnderTest):
    """Widgets, one for each chat. The widget shows every kind of content natively."""

    name: ClassVar[str] = "web"
    abilities = Abilities(kinds=frozenset())
    shares = frozenset({"location"})

    def __init__(self) -> None:
        self._widgets: dict[str, Widget] = {}
        self._addresses: dict[str, str] = {}

    @contextlib.asynccontextmanager
    async def connected(self, gateway: RunningGateway) -> AsyncIterator[None]:
        """See ChannelUnderTest."""
        self.gateway = gateway
        try:
            yield
        finally:
            for widget in self._widgets.values():
                await widget.close()

    async def widget(self, chat: str) -> Widget:
        """The chat's, opened now where there is none yet."""
        if chat not in self._widgets:
            url = f"{self.gateway.address.url.replace('http', 'ws')}/webhooks/web/ws"
            self._widgets[chat] = widget = Widget()
            await widget.open(url)
            database = Database(open_engine(self.gateway.settings.database_dsn))
            try:
                identity = await SqlSessions(database).find(widget.token)
            finally:
                database.close()
            assert identity is not None
            self._addresses[chat] = identity.address
        return self._widgets[chat]

    def address(self, chat: str) -> str:
        """Of a chat that has been opened."""
        return self._addresses[chat]

    async def write(self, chat: str, text: str, event: str) -> None:
        """See ChannelUnderTest."""
        await self._say(chat, event, text=text)

    async def press(self, chat: str, choice: Choice, event: str, day: str | None = None) -> None:
        """See ChannelUnderTest."""
        payload = str(choice.press)
        if day is not None:
            payload = payload.replace("$date", day)
        await self._say(chat, event, text=day or choice.title, payload=payload)

    async def share(self, chat: str, kind: str, caption: str, event: str) -> None:
        """A place, which the widget asks the browser for."""
        assert kind == "location"
        place = {"latitude": 59.91273, "longitude": 10.74609}
        await self._say(chat, event, text=caption or "59.91273, 10.74609", location=place)

    async def shown(self, chat: str) -> Sequence[Shown]:
        """See ChannelUnderTest."""
        widget = await self.widget(chat)
        return [
            seen(content_from_dict(frame["content"]))
            for frame in widget.messages
            if frame["from"] != "customer"
        ]

    async def _say(self, chat: str, event: str, **fields: Any) -> None:
        widget = await self.widget(chat)
        await widget.say(str(uuid.uuid5(uuid.NAMESPACE_URL, f"{chat}/{event}")), **fields)


class Widget:
    """One socket. `messages` are the transcript's frames, in order, each once."""

    def __init__(self) -> None:
        self.token = ""
        self.messages: list[dict[str, Any]] = []
        self.others: list[dict[str, Any]] = []
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._socket: Any = None
        self._listening: asyncio.Task[None] | None = None

    async def open(self, url: str) -> None:
        """Connect and greet."""
        self._socket = await websockets.connect(url)  # type: ignore[attr-defined]
        await self._socket.send(json.dumps({"type": "hello"}))
        welcome = json.loads(await asyncio.wait_for(self._socket.recv(), 30))
        assert welcome["type"] == "welcome", welcome
        self.token = welcome["token"]
        self._listening = asyncio.create_task(self._listen())

    async def say(self, message_id: str, **fields: Any) -> None:
        """Send a message and wait until it is accepted. Raises Refused."""
        answer = asyncio.get_running_loop().create_future()
        self._waiting[message_id] = answer
        await self.send(type="message", id=message_id, **fields)
        frame = await asyncio.wait_for(answer, 60)
        if frame["type"] != "accepted":
            raise Refused(400, json.dumps(frame))

    async def send(self, **frame: Any) -> None:
        """One frame."""
        await self._socket.send(json.dumps(frame))

    async def close(self) -> None:
        """Hang up."""
        if self._listening is not None:
            await cancel([self._listening])
        if self._socket is not None:
            await self._socket.close()

    async def _listen(self) -> None:
        known = set()
        async for raw in self._socket:
            frame = json.loads(raw)
            if frame["type"] == "message" and frame["cursor"] not in known:
                known.add(frame["cursor"])
                self.messages.append(frame)
            elif frame["type"] in {"accepted", "error"}:
                waiting = self._waiting.pop(frame.get("id", ""), None)
                if waiting is not None and not waiting.done():
                    waiting.set_result(frame)
            elif frame["type"] != "message":
                self.others.append(frame)
