"""Customers who do not give up: a message without an answer is sent again under the same key."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tenacity import AsyncRetrying, RetryError, retry_if_result, stop_after_delay, wait_exponential

from bench.answers import AnswerBook, Step, Verdict
from bench.audit import Asked
from bench.client import Reply, RestClient
from bench.load import Conversation

# How long one message may stay without an answer until it counts as lost, in seconds.
PATIENCE = 180.0
# No answer, or one that says "later"; any other status would be a verdict on the message.
_AGAIN = (0, 429, 502, 503, 504)


@dataclass(frozen=True)
class Held:
    """A conversation that was held, under the sender `sender`."""

    sender: str
    script: Conversation
    asked: list[Asked]


async def hold_all(
    client: RestClient,
    book: AnswerBook,
    scripts: Sequence[Conversation],
    conversations: int,
    at_once: int,
    answered: Callable[[], None],
) -> list[Held]:
    """Hold so many conversations, `at_once` side by side; `answered` is called for each answer."""
    waiting = iter(range(conversations))
    held: list[Held] = []

    async def customer() -> None:
        for number in waiting:
            script = scripts[number % len(scripts)]
            sender = f"chaos-{uuid.uuid4().hex}"
            one = Held(sender, script, [])
            held.append(one)
            for step in script.steps:
                asked = Asked(step.say, f"{sender}-{len(one.asked)}")
                one.asked.append(asked)
                await _ask(client, book, script, step, sender, asked)
                if asked.verdict is Verdict.ERROR:
                    break
                answered()

    await asyncio.gather(*(customer() for _ in range(at_once)))
    return held


async def _ask(
    client: RestClient,
    book: AnswerBook,
    script: Conversation,
    step: Step,
    sender: str,
    asked: Asked,
) -> None:
    async def once() -> Reply:
        asked.tries += 1
        reply = await client.ask(sender, step.say, asked.key)
        if reply.problem:
            asked.problems.append(reply.problem)
        return reply

    began = time.perf_counter()
    try:
        reply: Reply = await AsyncRetrying(
            retry=retry_if_result(_no_answer_yet),
            wait=wait_exponential(multiplier=0.05, max=1.0),
            stop=stop_after_delay(PATIENCE),
        )(once)
    except RetryError:
        return
    finally:
        asked.waited = time.perf_counter() - began
    if reply.status == 200:
        asked.messages = reply.messages
        asked.verdict = book.judge(step, script.language, reply.messages)


def _no_answer_yet(reply: Reply) -> bool:
    return reply.status in _AGAIN
