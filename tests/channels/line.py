"""The whole way of a message, in one process: gateway, worker, sender, and the platforms' servers."""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.app.bootstrap.pipeline import build_sender, build_worker, push_channels
from bot.model.content import Content, Text
from bot.model.messages import Inbound
from bot.model.turns import TrackerWindow, TurnResult
from bot.pipeline.consumer import Consumer
from bot.pipeline.redis_streams.client import Redis, connect
from bot.pipeline.redis_streams.layout import Layout, Role
from bot.ports import DialogueEngine
from tests.channels.base import ChannelUnderTest
from tests.gateway import RunningGateway, eventually, running_gateway

Script = Callable[[Inbound], Sequence[Content]]


class ScriptedEngine(DialogueEngine):
    """A dialogue that is held still: `script` says what is answered to what."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.heard: defaultdict[str, list[Inbound]] = defaultdict(list)

    @property
    def version(self) -> str:
        """See the port."""
        return "scripted"

    async def prepare(self) -> None:
        """See the port."""

    def close(self) -> None:
        """See the port."""

    def understand(self, messages: Sequence[Inbound]) -> Sequence[dict[str, Any]]:
        """See the port."""
        return [{} for _ in messages]

    async def answer(
        self, message: Inbound, turn_id: str, parse: dict[str, Any], window: TrackerWindow
    ) -> TurnResult:
        """See the port."""
        self.heard[message.conversation_id].append(message)
        return TurnResult([], self.script(message), TrackerWindow(), language="en")

    async def listen(
        self, message: Inbound, turn_id: str, parse: dict[str, Any], window: TrackerWindow
    ) -> TurnResult:
        """See the port."""
        self.heard[message.conversation_id].append(message)
        return TurnResult([], [], TrackerWindow(), language="en")

    async def resume(self, message: Inbound, turn_id: str, window: TrackerWindow) -> TurnResult:
        """See the port."""
        quiet = message.hand_back is not None and message.hand_back.quiet
        answers = [] if quiet else [Text("The bot is back")]
        return TurnResult([], answers, TrackerWindow(), language="en")

    async def apologise(self, message: Inbound, turn_id: str, window: TrackerWindow) -> TurnResult:
        """See the port."""
        return TurnResult([], [Text("Sorry")], TrackerWindow())


@dataclass
class Line:
    """What runs. `engine` answers; nobody does where it is None."""

    gateway: RunningGateway
    channels: Mapping[str, ChannelUnderTest]
    engine: DialogueEngine | None
    redis: Redis
    failed: list[BaseException] = field(default_factory=list)

    async def waiting(self, role: Role) -> int:
        """How many entries of a queue are not done with."""
        layout = Layout(self.gateway.settings.partitions)
        lengths = [
            await self.redis.xlen(layout.queue(partition, role))
            for partition in range(layout.partitions)
        ]
        return sum(lengths)

    async def inbox(self) -> list[Inbound]:
        """What waits for its turn; the messages of one conversation in order."""
        layout = Layout(self.gateway.settings.partitions)
        return [
            Inbound.from_json(fields[b"m"])
            for partition in range(layout.partitions)
            for _, fields in await self.redis.xrange(layout.queue(partition, "inbox"))
        ]

    async def dead(self) -> list[str]:
        """Why each of the dead letters is one."""
        layout = Layout(self.gateway.settings.partitions)
        return [
            str(entry)
            for partition in range(layout.partitions)
            for entry in await self.redis.xrange(layout.dead(partition))
        ]

    async def idle(self, seconds: float = 60.0) -> None:
        """Returns once every message is answered and every answer delivered."""

        async def is_idle() -> bool:
            assert not self.failed, self.failed
            return not await self.waiting("inbox") and not await self.waiting("outbox")

        await eventually(is_idle, seconds)


@contextlib.asynccontextmanager
async def running_line(
    redis_url: str,
    var_dir: Path,
    channels: Sequence[ChannelUnderTest],
    engine: DialogueEngine | None,
    **settings: Any,
) -> AsyncIterator[Line]:
    """Everything runs while the block lasts. Without an `engine` there are no workers."""
    async with contextlib.AsyncExitStack() as stack:
        for channel in channels:
            await stack.enter_async_context(channel.platform_running())
            settings = {**channel.settings, **settings}
            stack.enter_context(channel.added())
        gateway = await stack.enter_async_context(running_gateway(redis_url, var_dir, **settings))
        redis = connect(redis_url)
        stack.push_async_callback(redis.connection_pool.disconnect)
        line = Line(gateway, {channel.name: channel for channel in channels}, engine, redis)
        if engine is not None:
            pushed = push_channels(gateway.settings, redis)
            for push in pushed.values():
                stack.push_async_callback(push.close)
            worker = build_worker(gateway.settings, redis, engine, "test-worker", pushed)
            await stack.enter_async_context(_working(worker, line))
            sender = build_sender(gateway.settings, redis, "test-sender", pushed)
            await stack.enter_async_context(_working(sender, line))
        for channel in channels:
            await stack.enter_async_context(channel.connected(gateway))
        yield line
        assert not line.failed, line.failed


@contextlib.asynccontextmanager
async def _working(consumer: Consumer, line: Line) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(consumer.run(stop))

    def note(done: asyncio.Task[None]) -> None:
        if not done.cancelled() and done.exception() is not None:
            line.failed.append(done.exception())  # type: ignore[arg-type]

    task.add_done_callback(note)
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait([task])
