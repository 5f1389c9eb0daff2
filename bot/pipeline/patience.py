"""How long a delivery waits, and what ends its waiting."""

from __future__ import annotations

import asyncio
import time

from bot.errors import DeliveryDelayed


class Left(Exception):
    """The message is left to the next sender, at once: this one stops or gives its lease up."""


class OutOfTime(DeliveryDelayed):
    """What has to be waited for comes later than the delivery is tried for."""


class Patience:
    """Of one delivery. `leave` is set where its sender has to leave it."""

    def __init__(self, leave: asyncio.Event, seconds: float) -> None:
        """`seconds` from now on are left for it."""
        self._leave = leave
        self._until = time.monotonic() + seconds

    def lasts(self, seconds: float) -> bool:
        """Whether there is still time when so many seconds have passed."""
        return time.monotonic() + seconds < self._until

    def check(self) -> None:
        """Raises Left."""
        if self._leave.is_set():
            raise Left

    async def sleep(self, seconds: float) -> None:
        """Raises Left as soon as the delivery has to be left, and OutOfTime at once."""
        self.check()
        if not self.lasts(seconds):
            raise OutOfTime(f"it could be tried in {seconds:.0f} s only")
        try:
            await asyncio.wait_for(self._leave.wait(), seconds)
        except asyncio.TimeoutError:
            return
        raise Left


class NoPatience(Patience):
    """Of what is not worth waiting for: leaves instead."""

    def __init__(self) -> None:
        super().__init__(asyncio.Event(), 0.0)

    async def sleep(self, seconds: float) -> None:  # noqa: ARG002 (however short)
        """Raises Left."""
        raise Left
