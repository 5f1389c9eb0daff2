"""A small platform for the sender's tests, its channel, and senders over a real queue.

Run as a program it is a sender of its own, to be killed: `python -m tests.postbox REDIS POSTBOX NAME`.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bot.errors import (
    DeliveryDelayed,
    DeliveryError,
    DeliveryRefused,
    DeliveryUnknown,
    RecipientGone,
    WindowClosed,
)
from bot.model.content import Content, Text, Typing
from bot.model.messages import Outbound
from bot.pipeline.consumer import Consumer
from bot.pipeline.delivery import Waits
from bot.pipeline.redis_streams.client import Redis, connect
from bot.pipeline.redis_streams.deliveries import RedisDeliveries
from bot.pipeline.redis_streams.outbox import RedisOutbox
from bot.pipeline.redis_streams.pacing import RedisPacer
from bot.pipeline.sender import DeliveryJobs
from bot.ports import Call, PushChannel, Rate, delivery_key
from tests.pipeline import LAYOUT, LEASE_SECONDS
from tests.recording.server import Cut, RecordingPlatform

# Of the sender that is run as a program.
RATES: Mapping[str, tuple[int, float]] = {"chat": (1, 0.1)}
QUICK = Waits(give_up=60.0, call=3.0, unsure=0.02, typing=5.0)


@dataclass
class Postbox(RecordingPlatform):
    """Takes `{"to", "text", "key"}`. Chats in `refusing` get their status for every call.

    A call with a text in `held` waits, taken or not yet, until `let_go` is set; then its
    connection is broken.
    """

    refusing: dict[str, int] = field(default_factory=dict)
    held: dict[str, str] = field(default_factory=dict)
    holding: asyncio.Event = field(default_factory=asyncio.Event)
    let_go: asyncio.Event = field(default_factory=asyncio.Event)
    asked: list[str] = field(default_factory=list)

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """The platform's API."""
        return [
            Route("/send", self._send, methods=["POST"]),
            Route("/sent", self._sent, methods=["GET"]),
        ]

    def busy(self, retry_after: int) -> Response:
        """Too many calls."""
        return JSONResponse({}, 429, {"Retry-After": str(retry_after)})

    def error(self) -> Response:
        """It has failed itself."""
        return JSONResponse({}, 500)

    def texts(self, to: str) -> list[str]:
        """What somebody got, in order."""
        return [call.arguments["text"] for call in self.taken if call.arguments["to"] == to]

    def fullest(self, seconds: float, to: str | None = None) -> int:
        """The most calls in any window of so many seconds."""
        moments = [call.at for call in self.received if to in (None, call.arguments["to"])]
        return most_within(moments, seconds)

    async def _send(self, request: Request) -> Response:
        arguments = await request.json()
        how = self.held.pop(arguments["text"], None)
        if how == "before":
            await self._hold()
        response = await self.record(request, "send", arguments, lambda: self._take(arguments))
        if how == "after":
            await self._hold()
        return response

    async def _hold(self) -> None:
        self.holding.set()
        await self.let_go.wait()
        raise Cut

    def _take(self, arguments: Mapping[str, str]) -> Response:
        status = self.refusing.get(arguments["to"], 200)
        return JSONResponse({"id": f"m{len(self.received)}"}, status)

    async def _sent(self, request: Request) -> Response:
        key = request.query_params["key"]
        self.asked.append(key)
        return JSONResponse({"sent": key in [call.arguments["key"] for call in self.taken]})


def most_within(moments: Sequence[float], seconds: float) -> int:
    """The most of the moments that any window of so many seconds holds."""
    ordered, most, first = sorted(moments), 0, 0
    for last, moment in enumerate(ordered):
        while moment - ordered[first] >= seconds:
            first += 1
        most = max(most, last - first + 1)
    return most


_ERRORS: Mapping[int, type[DeliveryError]] = {
    400: DeliveryRefused,
    403: RecipientGone,
    410: WindowClosed,
}


class PostboxChannel(PushChannel):
    """Sends each of a text's parts, which `|` divides, as a message. `can_ask`: about those cut off."""

    name = "postbox"

    def __init__(
        self, url: str, rates: Mapping[str, tuple[int, float]] | None = None, can_ask: bool = True
    ) -> None:
        """`rates`: of all calls under `all`, of each chat's under `chat`."""
        self._client = httpx.AsyncClient(base_url=url, timeout=5.0, trust_env=False)
        self._rates = rates or {}
        self._can_ask = can_ask

    def calls(self, message: Outbound) -> Sequence[Call]:
        """See the port."""
        if isinstance(message.content, Typing):
            return [Call("send", {"to": message.recipient, "text": "..."})]
        if not isinstance(message.content, Text):
            return []
        if message.content.text == "breaks the channel":
            raise ZeroDivisionError("no such thing")
        parts = message.content.text.split("|")
        return [Call("send", {"to": message.recipient, "text": part}) for part in parts]

    def rates(self, message: Outbound, call: Call) -> Sequence[Rate]:
        """See the port."""
        keys = {"all": "postbox", "chat": f"postbox:{message.recipient}"}
        return [Rate(keys[name], *limit) for name, limit in self._rates.items()]

    async def make(self, message: Outbound, number: int, call: Call) -> str | None:
        """See the port."""
        body = {**call.arguments, "key": delivery_key(message, number)}
        try:
            response = await self._client.post("/send", json=body)
        except httpx.ConnectError as error:
            raise DeliveryDelayed("away") from error
        except httpx.TransportError as error:
            raise DeliveryUnknown(type(error).__name__) from error
        if response.status_code in _ERRORS:
            raise _ERRORS[response.status_code](f"status {response.status_code}")
        if response.status_code == 429:
            raise DeliveryDelayed("busy", float(response.headers["Retry-After"]))
        if response.status_code >= 500:
            raise DeliveryDelayed("failed")
        return str(response.json()["id"])

    async def was_made(self, message: Outbound, number: int, call: Call) -> bool | None:
        """See the port."""
        if not self._can_ask:
            return None
        key = delivery_key(message, number)
        response = await self._client.get("/sent", params={"key": key})
        return bool(response.json()["sent"])

    async def close(self) -> None:
        """See the port."""
        await self._client.aclose()


_turns = iter(range(1_000_000))


async def post(
    redis: Redis,
    to: str,
    *contents: Content | str,
    asked_at: float = 0.0,
    conversation: str | None = None,
) -> None:
    """Put a turn's answers into the outbox, as a commit does; into the chat's own conversation
    unless another one is named.
    """
    conversation = conversation or f"postbox:{to}"
    partition = LAYOUT.partition_of(conversation)
    turn = f"{partition}-{int(time.time() * 1000)}-{next(_turns)}"
    for position, content in enumerate(contents):
        message = Outbound(
            "postbox",
            to,
            conversation,
            turn,
            position,
            Text(content) if isinstance(content, str) else content,
            asked_at or time.time(),
        )
        await redis.xadd(LAYOUT.queue(partition, "outbox"), {"m": message.to_json()})


def sender(
    redis: Redis,
    channel: PushChannel | None,
    name: str = "s1",
    waits: Waits = QUICK,
    lag_seconds: float = 0.02,
) -> Consumer:
    """A sender, not yet running."""
    queue = RedisOutbox(redis, LAYOUT, LEASE_SECONDS)
    jobs = DeliveryJobs(
        queue,
        {channel.name: channel} if channel else {},
        RedisDeliveries(redis, LAYOUT, 3600.0),
        RedisPacer(redis, longest_call=waits.call + 1.0, lag_seconds=lag_seconds),
        waits,
    )
    return Consumer(queue, jobs, name, 8, LEASE_SECONDS / 4, 5.0, most_under_way=500)


@contextlib.asynccontextmanager
async def sending(redis_url: str, consumer: Callable[[Redis], Consumer]) -> AsyncIterator[None]:
    """A sender with a connection of its own runs while the block does; it is stopped cleanly."""
    redis = connect(redis_url)
    stop = asyncio.Event()
    task = asyncio.create_task(consumer(redis).run(stop))
    try:
        yield
    finally:
        stop.set()
        await task
        await redis.close(close_connection_pool=True)


async def outbox_length(redis: Redis) -> int:
    """How many answers are not done with."""
    return sum([await redis.xlen(LAYOUT.queue(p, "outbox")) for p in range(LAYOUT.partitions)])


async def drained(redis: Redis, seconds: float = 15.0) -> None:
    """Return once the outbox is empty."""
    await until(lambda: _is_zero(outbox_length(redis)), seconds)


async def until(happened: Callable[[], Awaitable[bool]], seconds: float = 10.0) -> None:
    """Return once it has happened."""
    end = time.monotonic() + seconds
    while not await happened():
        assert time.monotonic() < end, "it did not happen in time"
        await asyncio.sleep(0.01)


async def _is_zero(number: Awaitable[int]) -> bool:
    return await number == 0


async def _run(redis_url: str, postbox_url: str, name: str) -> None:
    channel = PostboxChannel(postbox_url, RATES)
    async with sending(redis_url, lambda redis: sender(redis, channel, name)):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_run(*sys.argv[1:4]))
