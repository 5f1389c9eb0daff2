"""When a call may be made: by the platforms' rates, by what they ask for, and by who else waits."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Sequence

from bot.errors import StorageUnavailable
from bot.pipeline.consumer import until_stored
from bot.pipeline.patience import Patience
from bot.ports import Pacer, Rate

log = logging.getLogger(__name__)

# Refusals in a row, none of its calls taken in between, that make it likely that a wide limit is
# the one that was hit.
_IN_A_ROW = 5


class Pacing:
    """One sender's way through the rates that all of them share."""

    def __init__(self, pacer: Pacer, calls_at_once: int = 32) -> None:
        """`calls_at_once`: the most calls under way for one channel."""
        self._pacer = pacer
        self._calls_at_once = calls_at_once
        self._room: dict[str, asyncio.Semaphore] = {}
        self._refused: dict[str, int] = {}

    @contextlib.asynccontextmanager
    async def turn(
        self, channel: str, ticket: str, rates: Sequence[Rate], patience: Patience
    ) -> AsyncIterator[None]:
        """The call may be made while the block lasts. Raises what `patience` raises.

        Whoever waits holds up nobody: the room that a channel has is taken when the moment has come.
        """
        room = self._room.setdefault(channel, asyncio.Semaphore(self._calls_at_once))
        try:
            while True:
                async with room:
                    patience.check()
                    wait = await self._reserve(ticket, rates)
                    if wait == 0:
                        yield
                        return
                await patience.sleep(wait)
        finally:
            await self.over(ticket, rates)

    async def over(self, ticket: str, rates: Sequence[Rate]) -> None:
        """The call is under way no more, whoever has made it."""
        # Where Redis is away the call is over for the others when it can't last any longer.
        with contextlib.suppress(StorageUnavailable):
            await self._pacer.release(ticket, rates)

    async def hold(self, rates: Sequence[Rate], seconds: float | None) -> None:
        """A platform refused a call for now. None: it does not say for how long.

        Platforms do not say which of their limits was hit. The narrowest is taken, such as the one
        of a chat, so that the other chats go on. After some refusals in a row it is all of them.
        """
        if seconds is None or not rates:
            return
        narrow = min(rates, key=lambda rate: rate.count / rate.seconds).key
        keys = {narrow}
        for wide in {rate.key for rate in rates} - {narrow}:
            self._refused[wide] = self._refused.get(wide, 0) + 1
            if self._refused[wide] >= _IN_A_ROW:
                keys.add(wide)
        if len(keys) > 1:
            log.warning("a platform asks to wait %g s again and again: all calls wait", seconds)
        for key in keys:
            await self._hold(key, seconds)

    def taken(self, rates: Sequence[Rate]) -> None:
        """A platform took a call: none of its limits is hit."""
        for rate in rates:
            self._refused.pop(rate.key, None)

    @until_stored
    async def _reserve(self, ticket: str, rates: Sequence[Rate]) -> float:
        return await self._pacer.reserve(ticket, rates)

    @until_stored
    async def _hold(self, key: str, seconds: float) -> None:
        await self._pacer.hold(key, seconds)
