"""The web channel, as the widget sees it: over its socket."""

from __future__ import annotations

import asyncio
import contextlib
import json
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
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

_EMPTY: Mapping[str, Mapping[str, Any]] = {
    "text": {"text": ""},
    "buttons": {"text": "", "buttons": []},
    "quick_replies": {"text": "", "replies": []},
}


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
            widget = Widget(url)
            await widget.open()
            assert widget.token is not None
            self._widgets[chat] = widget
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
        await self._say(chat, event, text=caption, location=place)

    async def shown(self, chat: str) -> Sequence[Shown]:
        """See ChannelUnderTest."""
        widget = await self.widget(chat)
        await widget.settled()
        return [
            # What is empty is left out of a frame.
            seen(
                content_from_dict({**_EMPTY.get(frame["content"]["kind"], {}), **frame["content"]})
            )
            for frame in widget.messages
            if frame["from"] != "customer"
        ]

    async def _say(self, chat: str, event: str, **fields: Any) -> None:
        widget = await self.widget(chat)
        await widget.say(str(uuid.uuid5(uuid.NAMESPACE_URL, f"{chat}/{event}")), **fields)


class Widget:
    """One socket at a time. `messages` are the transcript's frames, in order, each once."""

    def __init__(self, url: str) -> None:
        self.token: str | None = None
        self.messages: list[dict[str, Any]] = []
        self.others: list[dict[str, Any]] = []
        self._url = url
        self._waiting: defaultdict[str, list[asyncio.Future[dict[str, Any]]]] = defaultdict(list)
        self._known: set[str] = set()
        self._accepted: set[str] = set()
        self._socket: Any = None
        self._listening: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Connect and greet, where that has not been done. Raises Refused."""
        if self._listening is not None and not self._listening.done():
            return
        self._socket = await websockets.connect(self._url)  # type: ignore[attr-defined]
        hello = {"type": "hello", **({"token": self.token} if self.token else {})}
        await self._socket.send(json.dumps(hello))
        try:
            welcome = json.loads(await asyncio.wait_for(self._socket.recv(), 30))
        except websockets.ConnectionClosed as closed:  # type: ignore[attr-defined]
            raise Refused(503, f"closed: {closed}") from closed
        if welcome["type"] != "welcome":
            raise Refused(503, json.dumps(welcome))
        self.token = welcome["token"]
        for frame in welcome["messages"]:
            self._note(frame)
        self._listening = asyncio.create_task(self._listen())

    async def say(self, message_id: str, **fields: Any) -> None:
        """Send a message and wait until it is accepted; later, where it is too much at once.

        Raises Refused.
        """
        frame = await self._ask(message_id, fields)
        while frame.get("code") == "slow_down":
            await asyncio.sleep(frame["retry_after"])
            frame = await self._ask(message_id, fields)
        if frame["type"] == "accepted":
            self._accepted.add(message_id)
        else:
            raise Refused(503 if "retry_after" in frame else 400, json.dumps(frame))

    async def _ask(self, message_id: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        await self.open()
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[message_id].append(answer)
        await self.send(type="message", id=message_id, **fields)
        return await asyncio.wait_for(answer, 60)

    async def send(self, **frame: Any) -> None:
        """One frame."""
        await self._socket.send(json.dumps(frame))

    async def settled(self, seconds: float = 3.0) -> None:
        """Returns when every message that was accepted has been answered, or after some time."""
        deadline = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < deadline:
            turns = {frame["turn"] for frame in self.others if frame["type"] == "answered"}
            if len(turns) >= len(self._accepted):
                return
            await asyncio.sleep(0.01)

    async def close(self) -> None:
        """Hang up."""
        if self._listening is not None:
            await cancel([self._listening])
        if self._socket is not None:
            await self._socket.close()

    async def _listen(self) -> None:
        with contextlib.suppress(websockets.ConnectionClosed):  # type: ignore[attr-defined]
            async for raw in self._socket:
                frame = json.loads(raw)
                if frame["type"] == "message":
                    self._note(frame)
                elif frame["type"] in {"accepted", "error"} and "id" in frame:
                    self._answer(frame["id"], frame)
                else:
                    self.others.append(frame)
        lost = {"type": "error", "code": "closed", "retry_after": 0}
        for message_id in list(self._waiting):
            self._answer(message_id, lost)

    def _note(self, frame: dict[str, Any]) -> None:
        if frame["cursor"] not in self._known:
            self._known.add(frame["cursor"])
            self.messages.append(frame)

    def _answer(self, message_id: str, frame: dict[str, Any]) -> None:
        for waiting in self._waiting.pop(message_id, ()):
            if not waiting.done():
                waiting.set_result(frame)
