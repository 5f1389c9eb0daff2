"""The load generator: so many customers at once, each in a conversation of his own."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.answers import AnswerBook, Step, Verdict
from bench.client import Reply, RestClient


@dataclass(frozen=True)
class Conversation:
    """A scripted conversation in one language (`en` or `nb`)."""

    name: str
    language: str
    steps: tuple[Step, ...]


@dataclass
class LoadRun:
    """One measured run. Times are in seconds of `time.perf_counter`."""

    clients: int
    started: float
    stopped: float = 0.0
    replies: list[Reply] = field(default_factory=list)
    verdicts: Counter[Verdict] = field(default_factory=Counter)
    complaints: list[str] = field(default_factory=list)
    generator_cpu: float = 0.0

    @property
    def seconds(self) -> float:
        """Length of the measured window."""
        return self.stopped - self.started

    @property
    def answered(self) -> list[Reply]:
        """The replies that are answers, late ones too."""
        return [reply for reply in self.replies if reply.status == 200]

    @property
    def throughput(self) -> float:
        """Messages answered a second within the window."""
        return sum(reply.finished <= self.stopped for reply in self.answered) / self.seconds


class LoadGenerator:
    """Runs scripts against one server and judges every answer."""

    def __init__(
        self, client: RestClient, book: AnswerBook, conversations: Sequence[Conversation]
    ) -> None:
        self._client = client
        self._book = book
        self._conversations = tuple(conversations)

    async def run(self, clients: int, seconds: float, min_messages: int = 0) -> LoadRun:
        """Keep `clients` customers busy for `seconds`, and on to `min_messages` replies.

        A server that is too slow for `min_messages` is given four times the seconds. Customers
        start at different places of the script, the same ones for every server.
        """
        run = LoadRun(clients, time.perf_counter())
        cpu = time.process_time()
        over = asyncio.Event()
        customers = [
            asyncio.create_task(self._customer(run, number, over)) for number in range(clients)
        ]
        try:
            await self._watch(run, seconds, min_messages, customers)
            run.stopped = time.perf_counter()
            run.generator_cpu = time.process_time() - cpu
            over.set()
            await asyncio.gather(*customers)
        finally:
            for customer in customers:
                customer.cancel()
        return run

    async def _watch(
        self,
        run: LoadRun,
        seconds: float,
        min_messages: int,
        customers: Sequence[asyncio.Task[None]],
    ) -> None:
        await asyncio.wait(customers, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
        limit = run.started + 4 * seconds
        while len(run.replies) < min_messages and time.perf_counter() < limit:
            if any(customer.done() for customer in customers):
                break
            await asyncio.sleep(0.02)

    async def _customer(self, run: LoadRun, number: int, over: asyncio.Event) -> None:
        turn = number
        while not over.is_set():
            conversation = self._conversations[turn % len(self._conversations)]
            turn += 1
            sender = uuid.uuid4().hex
            for step in conversation.steps:
                if over.is_set():
                    return
                reply = await self._client.ask(sender, step.say)
                self._note(run, conversation, step, reply)
                if reply.status != 200:
                    # A refused connection comes back at once: without a pause it would be a storm.
                    await asyncio.sleep(0.1)
                    break

    def _note(self, run: LoadRun, conversation: Conversation, step: Step, reply: Reply) -> None:
        verdict = Verdict.ERROR
        if reply.status == 200:
            verdict = self._book.judge(step, conversation.language, reply.messages)
        run.replies.append(reply)
        run.verdicts[verdict] += 1
        if verdict in (Verdict.ERROR, Verdict.WRONG) and len(run.complaints) < 20:
            got = reply.problem or str([message.get("text") for message in reply.messages])
            run.complaints.append(f"{conversation.name}: {step.say!r} -> {got[:300]}")
