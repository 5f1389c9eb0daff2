"""Keeps child processes running: starts them, restarts what crashes, stops all in order."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from bot.app.keeper import Keeper
from bot.app.parts import Limits, Part, Report


class Supervisor:
    """Owns the processes of its parts.

    `on_line` gets what they print, `on_event` what the supervisor did with them. Not safe to use
    from several tasks at once, except `kill`.
    """

    def __init__(self, on_line: Report, on_event: Report, limits: Limits | None = None) -> None:
        self._on_line = on_line
        self._on_event = on_event
        self._limits = limits or Limits()
        self._keepers: list[Keeper] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self, parts: Iterable[Part]) -> None:
        """Start `parts` side by side; returns once all are ready.

        Raises PartFailed for the first that can't be started; the others keep running until
        `stop`.
        """
        keepers = [Keeper(part, self._on_line, self._on_event, self._limits) for part in parts]
        tasks = [asyncio.create_task(keeper.keep(), name=keeper.part.name) for keeper in keepers]
        self._keepers += keepers
        self._tasks += tasks
        ready = asyncio.create_task(_all_ready(keepers))
        try:
            await asyncio.wait([ready, *tasks], return_when=asyncio.FIRST_COMPLETED)
        finally:
            ready.cancel()
        _raise_failure(tasks)

    async def wait(self) -> None:
        """Returns when everything has been stopped. Raises PartFailed when a part fails for good."""
        if self._tasks:
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_EXCEPTION)
        _raise_failure(self._tasks)

    async def stop(self) -> None:
        """Stop all parts, in their order, each cleanly where it does so in its time."""
        for order in sorted({keeper.part.stop_order for keeper in self._keepers}):
            await asyncio.gather(
                *(keeper.stop() for keeper in self._keepers if keeper.part.stop_order == order)
            )
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def kill(self) -> None:
        """End every process at once."""
        for keeper in self._keepers:
            keeper.kill()


async def _all_ready(keepers: Iterable[Keeper]) -> None:
    for keeper in keepers:
        await keeper.ready.wait()


def _raise_failure(tasks: Iterable[asyncio.Task[None]]) -> None:
    for task in tasks:
        if task.done() and not task.cancelled() and (error := task.exception()) is not None:
            raise error
