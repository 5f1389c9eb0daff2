"""One socket's life: greet, say what was missed, then listen and tell until it ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from bot.errors import InvalidMessage, StorageUnavailable
from bot.model.messages import Inbound
from bot.observability.metrics import MessageMetrics
from bot.ports import Followers, Inbox, Notice, Sessions, Transcripts
from bot.tasks import cancel
from channels.web import render
from channels.web.parse import Hello, Ping, RefusedFrame, Said, chosen, parse_frame

CHANNEL = "web"

# How much of a long conversation a page is given: what people scroll back to.
HISTORY = 200

# WebSocket close codes, RFC 6455 section 7.4.1 and the IANA registry.
POLICY_VIOLATION = 1008
TOO_BIG = 1009
TRY_AGAIN_LATER = 1013


@dataclass(frozen=True)
class Limits:
    """What one socket may do. Sizes in bytes, times in seconds.

    `burst` messages may come at once, then `per_second` of them. After `refusals` frames that were
    refused the socket is closed.
    """

    frame_bytes: int = 65_536
    text_chars: int = 4_000
    hello_seconds: float = 10.0
    burst: int = 20
    per_second: float = 2.0
    refusals: int = 100


@dataclass(frozen=True)
class Parts:
    """What a connection needs of the rest."""

    inbox: Inbox
    transcripts: Transcripts
    sessions: Sessions
    followers: Followers
    metrics: MessageMetrics | None = None


class Allowance:
    """A token bucket: `burst` at once, refilled at `per_second`."""

    def __init__(
        self, burst: int, per_second: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._burst = burst
        self._per_second = per_second
        self._clock = clock
        self._left = float(burst)
        self._at = clock()

    def take(self) -> float:
        """0 if one more is allowed now, else the seconds until it will be."""
        now = self._clock()
        self._left = min(self._burst, self._left + (now - self._at) * self._per_second)
        self._at = now
        if self._left < 1:
            return (1 - self._left) / self._per_second
        self._left -= 1
        return 0.0


class Connection:
    """An accepted socket. `serve` returns when it is over, whoever ended it."""

    def __init__(self, socket: WebSocket, parts: Parts, limits: Limits) -> None:
        self._socket = socket
        self._parts = parts
        self._limits = limits
        self._allowance = Allowance(limits.burst, limits.per_second)
        self._refused = 0

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
            if isinstance(frame, Said):
                await self._refuse("hello_first", "Begin with a hello frame.", frame.id)
            elif isinstance(frame, Ping):
                await self._socket.send_json(render.pong())

    async def _converse(self, hello: Hello) -> None:
        conversation_id = await self._parts.sessions.find(hello.token) if hello.token else None
        known = conversation_id is not None
        token = hello.token
        if conversation_id is None or token is None:
            token, conversation_id = await self._parts.sessions.create()
        async with self._parts.followers.follow(conversation_id) as notices:
            cursor = await self._welcome(token, conversation_id, hello.after if known else None)
            await _first_of(
                self._listen(conversation_id, hello.locale),
                self._tell(conversation_id, notices, cursor),
            )

    async def _welcome(self, token: str, conversation_id: str, after: str | None) -> str | None:
        read = self._parts.transcripts.read
        missed = None
        if after is not None:
            try:
                missed = await read(conversation_id, after, HISTORY + 1)
            except InvalidMessage:
                after = None
        replace = missed is None or len(missed) > HISTORY
        if missed is None or replace:
            missed = await read(conversation_id, None, HISTORY)
        cursor = missed[-1].cursor if missed else after
        await self._socket.send_json(
            render.welcome(
                token,
                missed,
                replace=replace,
                cursor=cursor,
                max_text_chars=self._limits.text_chars,
            )
        )
        return cursor

    async def _listen(self, conversation_id: str, locale: str | None) -> None:
        while True:
            frame = await self._frame()
            if isinstance(frame, Said):
                await self._accept(frame, conversation_id, locale)
            elif isinstance(frame, Ping):
                await self._socket.send_json(render.pong())
            elif isinstance(frame, Hello):
                await self._refuse("already_greeted", "One hello a socket: open another one.")

    async def _accept(self, said: Said, conversation_id: str, locale: str | None) -> None:
        wait = self._allowance.take()
        if wait:
            await self._refuse("slow_down", "Too many messages: send it later.", said.id, wait)
            return
        if said.payload is not None:
            try:
                said = chosen(
                    said, await self._parts.transcripts.read(conversation_id, None, HISTORY)
                )
            except RefusedFrame as error:
                await self._refuse(error.code, str(error), error.message_id)
                return
        receipt = await self._parts.inbox.accept(
            Inbound(
                channel=CHANNEL,
                sender=conversation_id,
                conversation_id=conversation_id,
                event_id=said.id,
                text=said.text,
                received_at=time.time(),
                payload=said.payload,
                metadata={"locale": locale} if locale else {},
            )
        )
        await self._socket.send_json(render.accepted(said.id, receipt))

    async def _tell(
        self,
        conversation_id: str,
        notices: AsyncIterator[Notice | None],
        cursor: str | None,
    ) -> None:
        async for heard in notices:
            if heard is None or heard.kind != "typing":
                cursor = await self._catch_up(conversation_id, cursor)
            frame = render.notice(heard) if heard is not None else None
            if frame is not None:
                await self._socket.send_json(frame)

    async def _catch_up(self, conversation_id: str, cursor: str | None) -> str | None:
        while True:
            news = await self._parts.transcripts.read(conversation_id, cursor, HISTORY)
            for utterance in news:
                cursor = utterance.cursor
                if render.is_shown(utterance):
                    await self._socket.send_json(render.message(utterance))
            if len(news) < HISTORY:
                return cursor

    async def _frame(self) -> Hello | Said | Ping | None:
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
            await self._refuse(error.code, str(error), error.message_id)
            return None

    async def _refuse(
        self,
        code: str,
        text: str,
        message_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        if self._parts.metrics is not None:
            self._parts.metrics.refused(CHANNEL, code)
        await self._socket.send_json(render.error(code, text, message_id, retry_after))

    async def _end(self, close_code: int, code: str, text: str) -> None:
        try:
            await self._refuse(code, text)
            await self._socket.close(close_code, code)
        except WebSocketDisconnect:
            pass  # it went first


async def _first_of(*coroutines: Coroutine[Any, Any, None]) -> None:
    """Run all until one ends, end the others, and raise what it raised."""
    tasks = {asyncio.create_task(coroutine) for coroutine in coroutines}
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await cancel(tasks)
    for task in tasks:
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error
