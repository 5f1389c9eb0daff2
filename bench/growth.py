"""One conversation that grows: how long a message takes when much has been said before it."""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median

from bench.answers import AnswerBook, Step, Verdict
from bench.client import RestClient
from bench.errors import BenchError


@dataclass
class Growth:
    """`seconds[i]` is the time of turn `i + 1`. `cycle` turns are one pass through the script."""

    cycle: int
    seconds: list[float] = field(default_factory=list)
    verdicts: Counter[Verdict] = field(default_factory=Counter)
    cut_short: bool = False

    def at(self, turn: int) -> float:
        """The time of a message around `turn` (from 1): a median over one whole pass.

        A pass, since the script's messages differ in cost: the same ones are compared everywhere.
        """
        first = min(max(0, turn - self.cycle // 2 - 1), max(0, len(self.seconds) - self.cycle))
        return median(self.seconds[first : first + self.cycle])

    def ratio(self, early: int, late: int) -> float | None:
        """How many times the late turn takes the early one's time; None where it never came."""
        if len(self.seconds) < late:
            return None
        return self.at(late) / self.at(early)


async def grow(
    client: RestClient,
    book: AnswerBook,
    steps: Sequence[Step],
    turns: int,
    time_limit: float,
    progress: Callable[[int], None],
) -> Growth:
    """Hold one English conversation of `turns` turns, or as many as fit in `time_limit` seconds."""
    growth = Growth(cycle=len(steps))
    sender = uuid.uuid4().hex
    deadline = time.perf_counter() + time_limit
    for turn in range(turns):
        step = steps[turn % len(steps)]
        reply = await client.ask(sender, step.say)
        if reply.status != 200:
            raise BenchError(f"turn {turn + 1} of the growing conversation: {reply.problem}")
        growth.seconds.append(reply.seconds)
        growth.verdicts[book.judge(step, "en", reply.messages)] += 1
        progress(turn + 1)
        if time.perf_counter() > deadline and turn + 1 < turns:
            growth.cut_short = True
            break
    return growth
