"""Kills a role of a running `flerkanal up` at random moments of the work."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

import psutil

from bench.processes import Server


@dataclass(frozen=True)
class Kill:
    """A process that was killed: `after_answers` messages had been answered by then."""

    role: str
    pid: int
    at_seconds: float
    after_answers: int


class Assassin:
    """Kills with SIGKILL, spread over the work: once in each of `kills` equal parts of it."""

    def __init__(
        self, server: Server, role: str, kills: int, messages: int, chance: random.Random
    ) -> None:
        self._server = server
        self._role = role
        self._chance = chance
        part = messages / max(1, kills)
        # Not at a part's very end: what follows the last kill must still be plenty of work.
        self._moments = [int(part * (number + chance.uniform(0.1, 0.8))) for number in range(kills)]
        self.killed: list[Kill] = []

    async def run(self, answered: Callable[[], int]) -> None:
        """Wait for each moment and kill. Returns after the last one."""
        began = time.perf_counter()
        for moment in self._moments:
            while answered() < moment:
                self._server.check_alive()
                await asyncio.sleep(0.01)
            # The moment within a turn is left to chance.
            await asyncio.sleep(self._chance.uniform(0.0, 0.2))
            while (victim := self._victim()) is None:
                self._server.check_alive()
                await asyncio.sleep(0.05)
            victim.kill()
            self.killed.append(
                Kill(self._role, victim.pid, round(time.perf_counter() - began, 2), answered())
            )

    def _victim(self) -> psutil.Process | None:
        candidates = []
        for process in self._server.family()[1:]:
            try:
                if self._role in process.cmdline()[1:]:
                    candidates.append(process)
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        return self._chance.choice(candidates) if candidates else None
