"""Stand-ins for what a test holds still: here the dialogue, so that the rest can be real."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence

from bot.model.content import Content, Text
from bot.model.messages import Inbound
from bot.model.turns import TrackerWindow, TurnCommit, TurnResult
from bot.ports import TurnQueue

Script = Callable[[Inbound], Sequence[Content]]


def echo(message: Inbound) -> Sequence[Content]:
    """Says back what came in."""
    return [Text(f"You said: {message.for_bot}")]


@contextlib.asynccontextmanager
async def answering(
    turns: TurnQueue, script: Script = echo, seconds: float = 0.0, holder: str = "test-worker"
) -> AsyncIterator[None]:
    """A worker over the real queue that answers by a script, `seconds` after it began, and says
    nothing where the desk has the floor.
    """
    stopping = asyncio.Event()
    task = asyncio.create_task(_answer(turns, script, seconds, holder, stopping))
    try:
        yield
    finally:
        stopping.set()
        await task


async def _answer(
    turns: TurnQueue, script: Script, seconds: float, holder: str, stopping: asyncio.Event
) -> None:
    leases = await turns.balance(holder, [])
    try:
        for lease in leases:
            if await turns.unfinished(lease):
                raise AssertionError("the tests' worker begins with an empty queue")
        while not stopping.is_set():
            leases = await turns.balance(holder, leases)
            for entry in await turns.next_entries(leases, 32, 0.1):
                message = Inbound.from_json(entry.raw)
                await turns.announce_typing(entry, message, push=False)
                await asyncio.sleep(seconds)
                floor = await turns.floor(message.conversation_id)
                answers = script(message) if floor is None else []
                result = TurnResult([], answers, TrackerWindow())
                await turns.commit(TurnCommit(entry, message, result, past_length=0, floor=floor))
    finally:
        await turns.stop(holder, leases)
