"""One socket's life: greet, say what was missed, then listen and tell until it ends."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

from starlette.websockets import WebSocket, WebSocketDisconnect

from bot.errors import StorageUnavailable
from bot.model.people import Participant
from bot.observability.metrics import MessageMetrics
from bot.ports import Followers, Identities, Notice, Transcripts
from bot.tasks import first_of
from channels.reception import Arrival, Reception
from channels.web import render
from channels.web.allowance import Allowance
from channels.web.history import HISTORY, History
from channels.web.linking import Links
from channels.web.parse import (
    Frame,
    Hello,
    Link,
    Ping,
    RefusedFrame,
    Said,
    Unlink,
    Writing,
    chosen,
    parse_frame,
)
from channels.web.visitors import Visitor, Visitors

CHANNEL = "web"

# After these there may be new lines.
_GROWS = frozenset({"said", "answered"})

# WebSocket close codes, RFC 6455 section 7.4.1 and the IANA registry.
POLICY_VIOLATION = 1008
TOO_BIG = 1009
COME_BACK = 1012
TRY_AGAIN_LATER = 1013


@dataclass(frozen=True)
class Limits:
    """What one socket may do. Sizes in bytes, times in seconds.

    `burst` messages and links may come at once, then `per_second` of them; signs of writing have
    an allowance of their own. After `refusals` frames that were refused the socket is closed.
    """

    frame_bytes: int = 65_536
    text_chars: int = 4_000
    hello_seconds: float = 10.0
    burst: int = 20
    per_second: float = 2.0
    writing_burst: int = 3
    writing_per_second: float = 0.5
    refusals: int = 100


@dataclass(frozen=True)
class Parts:
    """What a connection needs of the rest."""

    reception: Reception
    identities: Identities
    links: Links
    visitors: Visitors
    transcripts: Transcripts
    followers: Followers
    metrics: MessageMetrics


class Connection:
    """An accepted socket. `serve` returns when it is over, whoever ended it."""

    def __init__(self, socket: WebSocket, parts: Parts, limits: Limits) -> None:
        self._socket = socket
        self._parts = parts
        self._limits = limits
        self._history = History(parts.transcripts)
        self._allowance = Allowance(limits.burst, limits.per_second)
        self._writing = Allowance(limits.writing_burst, limits.writing_per_second)
        self._refused = 0
        self._states: tuple[render.LinkState, ...] = ()
        self._offered = False

    async def serve(self) -> None:
        """Raises what is neither the client's fault nor a store's."""
        try:
            hello = await self._hello()
            if hello is not None:
                await self._converse(hello)
        except WebSocketDisconnect:
            pass
        except StorageUnavailable:
            # The client comes back by itself, and sends again what was not accepted.
            await self._end(
                TRY_AGAIN_LATER, "unavailable", "The server can't keep messages now. Try later."
            )

    async def _hello(self) -> Hello | None:
        try:
            return await asyncio.wait_for(self._first_hello(), self._limits.hello_seconds)
        except asyncio.TimeoutError:
            await self._end(
                POLICY_VIOLATION, "no_hello", "Begin with a hello frame, within the first seconds."
            )
            return None

    async def _first_hello(self) -> Hello:
        while True:
            frame = await self._frame()
            if isinstance(frame, Hello):
                return frame
            if isinstance(frame, (Said, Writing, Link, Unlink)):
                message_id = frame.id if isinstance(frame, Said) else None
                await self._refuse("hello_first", "Begin with a hello frame.", message_id)
            elif isinstance(frame, Ping):
                await self._socket.send_json(render.pong())

    async def _converse(self, hello: Hello) -> None:
        visitor = await self._parts.visitors.greet(hello)
        if visitor.problem is not None:
            await self._refuse(visitor.problem.code, str(visitor.problem))
        async with self._parts.followers.follow(visitor.conversation_id) as notices:
            cursor = await self._welcome(visitor, hello.after)
            await first_of(
                self._listen(visitor, hello.locale), self._tell(visitor, notices, cursor)
            )

    async def _welcome(self, visitor: Visitor, after: str | None) -> str | None:
        missed = await self._history.missed(visitor, after)
        self._states = await self._parts.links.states(visitor.identity)
        await self._socket.send_json(
            render.welcome(
                visitor.token,
                missed.lines,
                replace=missed.replace,
                cursor=missed.cursor,
                max_text_chars=self._limits.text_chars,
                channels=self._states,
                typing=missed.typing,
            )
        )
        return missed.cursor

    async def _listen(self, visitor: Visitor, locale: str | None) -> None:
        while True:
            frame = await self._frame()
            if isinstance(frame, Said):
                await self._take(frame, visitor, locale)
            elif isinstance(frame, Writing):
                await self._announce(visitor)
            elif isinstance(frame, (Link, Unlink)):
                await self._link(frame, visitor)
            elif isinstance(frame, Ping):
                await self._socket.send_json(render.pong())
                # What happens in other channels only may have gone unnoticed here. Looking takes
                # the database's time, so nobody can have it done as fast as they like.
                led_on = self._offered or any(state.linked for state in self._states)
                if led_on and self._allowance.take() == 0:
                    await self._still(visitor)
                    await self._tell_links(visitor)
            elif isinstance(frame, Hello):
                await self._refuse("already_greeted", "One hello a socket: open another one.")

    async def _announce(self, visitor: Visitor) -> None:
        # One too many says nothing new: it is passed over, not refused.
        if self._writing.take() == 0:
            with contextlib.suppress(StorageUnavailable):
                await self._parts.transcripts.announce_writing(visitor.conversation_id)

    async def _take(self, said: Said, visitor: Visitor, locale: str | None) -> None:
        if await self._is_too_fast(said.id):
            return
        participant = await self._still(visitor)
        if said.payload is not None:
            lines = await self._parts.transcripts.read(visitor.conversation_id, None, HISTORY)
            try:
                said = chosen(said, lines)
            except RefusedFrame as error:
                await self._refuse(error.code, str(error), error.message_id)
                return
        arrival = Arrival(
            identity=visitor.identity,
            event_id=said.id,
            text=said.text,
            received_at=time.time(),
            payload=said.payload,
            metadata={"locale": locale} if locale else {},
            attachments=(said.location,) if said.location is not None else (),
        )
        receipt = await self._parts.reception.store(arrival, participant)
        await self._socket.send_json(render.accepted(said.id, receipt))

    async def _still(self, visitor: Visitor) -> Participant:
        """Who the visitor is now, if still who was greeted; else ends the socket.

        Another window has signed in or out: what is said there may not be for this one. Its next
        hello says who it is; what was not accepted is sent again.
        """
        then, now = visitor.participant, await self._parts.identities.resolve(visitor.identity)
        if (now.conversation_id, now.signed_in) != (then.conversation_id, then.signed_in):
            await self._socket.close(COME_BACK, "moved")
            raise WebSocketDisconnect(COME_BACK)
        return now

    async def _link(self, frame: Link | Unlink, visitor: Visitor) -> None:
        if await self._is_too_fast():
            return
        await self._still(visitor)
        try:
            if isinstance(frame, Link):
                offer = await self._parts.links.offer(visitor.identity, frame.channel)
                self._offered = True
                await self._socket.send_json(offer)
            else:
                await self._parts.links.unlink(visitor.identity, frame.channel)
                self._states = await self._parts.links.states(visitor.identity)
                await self._socket.send_json(render.channels(self._states))
        except RefusedFrame as error:
            await self._refuse(error.code, str(error), retry_after=error.retry_after)

    async def _tell_links(self, visitor: Visitor) -> None:
        states = await self._parts.links.states(visitor.identity)
        if states != self._states:
            self._states = states
            await self._socket.send_json(render.channels(states))

    async def _is_too_fast(self, message_id: str | None = None) -> bool:
        wait = self._allowance.take()
        if wait:
            await self._refuse("slow_down", "Too much at once: send it later.", message_id, wait)
        return wait > 0

    async def _tell(
        self, visitor: Visitor, notices: AsyncIterator[Notice | None], cursor: str | None
    ) -> None:
        async for heard in notices:
            if heard is None or heard.kind in _GROWS:
                cursor = await self._catch_up(visitor, cursor)
            frame = render.notice(heard) if heard is not None else None
            if frame is not None:
                await self._socket.send_json(frame)

    async def _catch_up(self, visitor: Visitor, cursor: str | None) -> str | None:
        heard_on = set()
        while True:
            news = await self._parts.transcripts.read(visitor.conversation_id, cursor, HISTORY)
            if news:
                await self._still(visitor)
            for utterance in news:
                cursor = utterance.cursor
                heard_on.add(utterance.channel)
                if render.is_shown(utterance):
                    await self._socket.send_json(render.message(utterance))
            if len(news) < HISTORY:
                break
        if any(state.name in heard_on and not state.linked for state in self._states):
            await self._tell_links(visitor)
        return cursor

    async def _frame(self) -> Frame | None:
        """The next frame, or None for one that was refused. Raises WebSocketDisconnect."""
        received = await self._socket.receive()
        if received["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(received.get("code", 1005))
        raw: str | bytes | None = received.get("text")
        if raw is None:
            raw = received.get("bytes") or b""
        size = len(raw.encode("utf-8", "surrogatepass")) if isinstance(raw, str) else len(raw)
        if size > self._limits.frame_bytes:
            await self._end(
                TOO_BIG,
                "too_big",
                f"The frame has {size} bytes, {self._limits.frame_bytes} are allowed.",
            )
            raise WebSocketDisconnect(TOO_BIG)
        try:
            return parse_frame(raw, self._limits.text_chars)
        except RefusedFrame as error:
            self._refused += 1
            if self._refused > self._limits.refusals:
                await self._end(
                    POLICY_VIOLATION, "too_many_errors", "Too many frames that can't be accepted."
                )
                raise WebSocketDisconnect(POLICY_VIOLATION) from error
            await self._refuse(error.code, str(error), error.message_id, error.retry_after)
            return None

    async def _refuse(
        self,
        code: str,
        text: str,
        message_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        self._parts.metrics.refused(CHANNEL, code)
        await self._socket.send_json(render.error(code, text, message_id, retry_after))

    async def _end(self, close_code: int, code: str, text: str) -> None:
        try:
            await self._refuse(code, text)
            await self._socket.close(close_code, code)
        except WebSocketDisconnect:
            pass  # it went first
