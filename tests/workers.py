"""A worker over the real queue, with a dialogue that counts its turns."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

from bot.errors import TurnFailed
from bot.model.content import Content, Text
from bot.model.handoff import Cause, HandoffRequest
from bot.model.messages import Author, Inbound
from bot.model.turns import TrackerWindow, TurnResult
from bot.pipeline.consumer import Consumer
from bot.pipeline.redis_streams.client import Redis
from bot.pipeline.redis_streams.leases import release_holder
from bot.pipeline.redis_streams.transcripts import RedisTranscripts
from bot.pipeline.turn import TurnTaker
from bot.pipeline.worker import TurnJobs
from bot.ports import DialogueEngine
from tests.pipeline import LAYOUT, LEASE_SECONDS, turn_queue

SORRY = Text("Beklager, noe gikk galt.")
BACK = Text("Nå er det meg igjen.")


class CountingEngine(DialogueEngine):
    """Answers with how many turns the conversation had, so that a lost or doubled one shows.

    `during` is what happens in a turn, `while_listening` in a silent one; both may give something to
    wait for. "a person" asks for one.
    """

    version = "counting"

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.listened: list[tuple[str, dict[str, Any]]] = []
        self.during: Callable[[Inbound], Any] = lambda message: None
        self.while_listening: Callable[[Inbound], Any] = lambda message: None

    async def prepare(self) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""

    def understand(self, messages: Sequence[Inbound]) -> Sequence[dict[str, Any]]:
        self.batches.append(len(messages))
        for message in messages:
            if message.text == "breaks the NLU":
                raise ValueError("broken pipeline")
        return [{"text": message.text} for message in messages]

    async def answer(
        self, message: Inbound, turn_id: str, parse: dict[str, Any], window: TrackerWindow
    ) -> TurnResult:
        waiting = self.during(message)
        if waiting is not None:
            await waiting
        said = [Text(f"{window.length + 1}: {parse['text']}")]
        request = HandoffRequest(Cause.CUSTOMER_ASKED) if message.text == "a person" else None
        return replace(self._keep(message, window, said), request=request)

    async def listen(
        self, message: Inbound, turn_id: str, parse: dict[str, Any], window: TrackerWindow
    ) -> TurnResult:
        self.listened.append((message.text, parse))
        waiting = self.while_listening(message)
        if waiting is not None:
            await waiting
        return self._keep(message, window, [])

    async def resume(self, message: Inbound, turn_id: str, window: TrackerWindow) -> TurnResult:
        assert message.hand_back is not None
        waiting = self.during(message)
        if waiting is not None:
            await waiting
        return self._keep(message, window, [] if message.hand_back.quiet else [BACK])

    async def apologise(self, message: Inbound, turn_id: str, window: TrackerWindow) -> TurnResult:
        if message.text == "speechless":
            raise TurnFailed("no words")
        return self._keep(message, window, [SORRY])

    def _keep(
        self, message: Inbound, window: TrackerWindow, answers: Sequence[Content]
    ) -> TurnResult:
        events = ({"event": "user", "text": message.text},)
        after = TrackerWindow(window.base, window.start, (*window.tail, *events))
        return TurnResult(events, answers, after)


@contextlib.asynccontextmanager
async def working(
    redis: Redis, engine: DialogueEngine, holder: str = "w1", turn_seconds: float = 5.0
) -> AsyncIterator[asyncio.Task[None]]:
    """A worker that runs while the block does, and is stopped cleanly after it."""
    queue = turn_queue(redis)
    turns = TurnTaker(queue, engine, {"telegram"}, turn_seconds=turn_seconds, max_deliveries=3)
    consumer = Consumer(queue, TurnJobs(queue, turns), holder, 8, LEASE_SECONDS / 4, 5.0)
    stop = asyncio.Event()
    task = asyncio.create_task(consumer.run(stop))
    try:
        yield task
    finally:
        stop.set()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def crash(task: asyncio.Task[None], redis: Redis, holder: str) -> None:
    """As SIGKILL and the supervisor would: the worker is gone at once, its leases are freed."""
    children = [other for other in asyncio.all_tasks() if other is not asyncio.current_task()]
    while not task.done():
        for child in children:
            child.cancel()
        await asyncio.sleep(0)
    await release_holder(redis, LAYOUT, holder)


async def answers(redis: Redis, conversation: str, count: int) -> list[Content]:
    """What the bot said, once it has said `count` things."""
    transcripts = RedisTranscripts(redis, LAYOUT)
    for _ in range(400):
        lines = await transcripts.read(conversation)
        said = [line.content for line in lines if line.author is Author.BOT]
        if len(said) >= count:
            return said
        await asyncio.sleep(0.02)
    raise AssertionError(f"{conversation}: {len(said)} answers, not {count}")


async def until(count: Callable[[], Awaitable[int]], expected: int) -> None:
    """Return once the count is as expected."""
    for _ in range(400):
        if await count() == expected:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"{await count()}, not {expected}")
