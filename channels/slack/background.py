"""What Slack is told besides answers: nice to have, never waited for, and no harm when lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import NoReturn

import structlog

from bot.errors import FlerkanalError

logger = structlog.get_logger(__name__)

Work = Callable[[], Awaitable[None]]

_LIMIT = 1_000
_AT_ONCE = 4


class Background:
    """Work to be done after Slack has its 200. `run` must be running for any of it to happen."""

    def __init__(self, limit: int = _LIMIT) -> None:
        self._waiting: asyncio.Queue[Work] = asyncio.Queue(limit)

    def add(self, work: Work) -> None:
        """Have it done soon. Dropped where too much is waiting already."""
        try:
            self._waiting.put_nowait(work)
        except asyncio.QueueFull:
            logger.warning("slack_background_full")

    async def run(self) -> None:
        """Do it all, until cancelled."""
        await asyncio.gather(*(self._work() for _ in range(_AT_ONCE)))

    async def _work(self) -> NoReturn:
        while True:
            work = await self._waiting.get()
            try:
                await work()
            except FlerkanalError as error:
                logger.warning("slack_background_failed", error=str(error))
            except Exception:
                # One of these must not end the others.
                logger.exception("slack_background_failed")
