"""How much one socket may send."""

from __future__ import annotations

import time
from collections.abc import Callable


class Allowance:
    """A token bucket: `burst` at once, refilled at `per_second`."""

    def __init__(
        self, burst: int, per_second: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._burst = burst
        self._per_second = per_second
        self._clock = clock
        self._left = float(burst)
        self._at = clock()

    def take(self) -> float:
        """0 if one more is allowed now, else the seconds until it will be."""
        now = self._clock()
        self._left = min(self._burst, self._left + (now - self._at) * self._per_second)
        self._at = now
        if self._left < 1:
            return (1 - self._left) / self._per_second
        self._left -= 1
        return 0.0
