"""The comparison: every side in turn, round by round, then the growing conversations."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import redis.asyncio

from bench.answers import AnswerBook
from bench.client import rest_client
from bench.conversations import CONVERSATIONS, GROWING
from bench.errors import BenchError
from bench.growth import Growth, grow
from bench.load import LoadGenerator
from bench.results import Point, Visit, point_of
from bench.variants import OURS, Running, Side, flerkanal, stock

MESSAGE_TIMEOUT = 120.0


@dataclass(frozen=True)
class Plan:
    """How much is measured. `seconds` is a point's length, `warmup` what goes before it."""

    clients: tuple[int, ...] = (1, 8, 32)
    rounds: int = 2
    seconds: float = 15.0
    warmup: float = 2.0
    min_messages: int = 200
    turns: int = 500
    growth_limit: float = 240.0

    def __post_init__(self) -> None:
        faults = []
        if not self.clients or min(self.clients) < 1:
            faults.append("clients: at least one, each 1 or more")
        if self.rounds < 1:
            faults.append("rounds: 1 or more")
        if self.seconds <= 0 or self.warmup < 0:
            faults.append("seconds: more than 0; warmup: not below 0")
        if self.turns < 2 * len(GROWING):
            faults.append(f"turns: at least {2 * len(GROWING)}, two passes of the script")
        if faults:
            raise BenchError("; ".join(faults))


class Suite:
    """Runs a plan on the sides. `root` is the project, `work` a folder for what the runs leave."""

    def __init__(self, root: Path, work: Path, plan: Plan, tell: Callable[[str], None]) -> None:
        self._root = root
        self._work = work
        self._plan = plan
        self._tell = tell
        self._book = AnswerBook.of_domain(root / "domain.yml")

    async def compare(self, sides: list[Side]) -> list[Visit]:
        """Each side once in every round, in the same order (A B A B)."""
        visits = []
        for number in range(1, self._plan.rounds + 1):
            for side in sides:
                self._tell(f"round {number} of {self._plan.rounds}: {side.title}: starting")
                async with self._started(side, f"round{number}") as running:
                    visits.append(await self._visit(side, number, running))
        return visits

    async def grow(self, side: Side) -> Growth:
        """A conversation that grows, on a fresh start; stock's lies in its Redis tracker store."""
        plan = self._plan
        self._tell(f"one conversation of {plan.turns} turns: {side.title}: starting")
        async with self._started(side, "growth", tracker_in_redis=True) as running:
            async with rest_client(running.base_url, MESSAGE_TIMEOUT) as client:
                growth = await grow(
                    client, self._book, GROWING, plan.turns, plan.growth_limit, self._tell_turn
                )
            if running.redis_url is not None:
                await _check_tracker_store(running.redis_url)
        return growth

    @asynccontextmanager
    async def _started(
        self, side: Side, occasion: str, tracker_in_redis: bool = False
    ) -> AsyncIterator[Running]:
        run_dir = self._work / "runs" / f"{int(time.time())}-{occasion}-{side.key}"
        start = (
            flerkanal(side, self._root, run_dir, self._book)
            if side.key == OURS
            else stock(side, self._root, run_dir, self._book, tracker_in_redis)
        )
        async with start as running:
            yield running

    async def _visit(self, side: Side, number: int, running: Running) -> Visit:
        visit = Visit(number, side.key, round(running.start_seconds, 2), {})
        async with rest_client(running.base_url, MESSAGE_TIMEOUT) as client:
            generator = LoadGenerator(client, self._book, CONVERSATIONS)
            for clients in self._plan.clients:
                visit.points.append(await self._point(generator, running, clients))
                running.server.check_alive()
                self._tell(
                    f"round {number}: {side.title}: {clients} client(s):"
                    f" {visit.points[-1].throughput:.0f} messages a second"
                )
        programs = {"server": running.server, **running.helpers}
        visit.memory = {name: program.memory() for name, program in programs.items()}
        return visit

    async def _point(self, generator: LoadGenerator, running: Running, clients: int) -> Point:
        programs = (running.server, *running.helpers.values())
        if self._plan.warmup:
            await generator.run(clients, self._plan.warmup)
        before = sum(program.cpu_seconds() for program in programs)
        run = await generator.run(clients, self._plan.seconds, self._plan.min_messages)
        return point_of(run, sum(program.cpu_seconds() for program in programs) - before)

    def _tell_turn(self, turn: int) -> None:
        if turn % 50 == 0:
            self._tell(f"one conversation: turn {turn} of {self._plan.turns}")


async def _check_tracker_store(url: str) -> None:
    """A stock Rasa that did not keep its tracker in Redis would make a worthless comparison."""
    client = redis.asyncio.Redis.from_url(url)
    try:
        keys = await client.dbsize()
    finally:
        await client.close()
    if not keys:
        raise BenchError("stock Rasa kept no tracker in its Redis: the growth figures do not count")
