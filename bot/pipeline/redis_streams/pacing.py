"""The platforms' rates, shared by all senders. See `bot.ports.Pacer`.

A window is never broken, whatever the network does between a sender and a platform: a call counts
from the moment it may be made, for as long as it is under way, and for the rate's seconds after its
end. Wherever in between it reached the platform, no more calls than allowed can have arrived
there within the seconds. The price is the call's own duration: one message a second becomes one in
1.1 s. Moments are promised to those who wait, so that they neither race nor starve; a promise is
checked again when it falls due, since the calls before it may have taken longer than expected.

The clock is Redis's. All keys share one hash tag, since a call may count against any of them at once
and one script decides: platforms allow some hundred calls a second in all, which one node of a
Redis Cluster bears easily.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from bot.pipeline.redis_streams.client import Redis
from bot.pipeline.redis_streams.layout import held, paced
from bot.pipeline.redis_streams.scripts import Script
from bot.ports import Pacer, Rate

_MICROSECONDS = 1_000_000
# Clocks of different machines run apart by some hundred parts of a million, and are read in steps.
_DRIFT = 1.001
_TICK_SECONDS = 0.005
# Moments further ahead are not promised, so that a rate's calls stay few to look through.
_AHEAD_SECONDS = 30.0


class RedisPacer(Pacer):
    """One sorted set a rate; see `lua/pace.lua`."""

    def __init__(self, redis: Redis, longest_call: float = 40.0, lag_seconds: float = 0.1) -> None:
        """
        Args:
            longest_call: a call is over after so many seconds, even where its sender was killed.
            lag_seconds: how long a call usually takes; where calls take longer, those who wait for
                them look twice.
        """
        self._longest_us = int(longest_call * _MICROSECONDS)
        self._lag_us = int(lag_seconds * _MICROSECONDS)
        self._pace = Script(redis, "pace")
        self._paced = Script(redis, "paced")
        self._hold = Script(redis, "hold")

    async def reserve(self, ticket: str, rates: Sequence[Rate]) -> float:
        """See the port."""
        if not rates:
            return 0.0
        keys: list[str] = []
        limits: list[int] = []
        for rate in rates:
            keys += [paced(rate.key, rate.count, rate.seconds), held(rate.key)]
            limits += [rate.count, _window_us(rate)]
        ahead = int(_AHEAD_SECONDS * _MICROSECONDS)
        wait_us, held_us = await self._pace(
            keys, [ticket, self._lag_us, self._longest_us, ahead, *limits]
        )
        if wait_us <= ahead:
            return float(wait_us) / _MICROSECONDS
        # Nothing was promised. Those in the same place must not all come back at one moment.
        until_promised = random.uniform(0.5, 1.0) * _AHEAD_SECONDS
        return max(until_promised, float(held_us) / _MICROSECONDS)

    async def release(self, ticket: str, rates: Sequence[Rate]) -> None:
        """See the port."""
        if rates:
            keys = [paced(rate.key, rate.count, rate.seconds) for rate in rates]
            await self._paced(keys, [ticket])

    async def hold(self, key: str, seconds: float) -> None:
        """See the port."""
        if seconds > 0:
            await self._hold([held(key)], [max(1, int(seconds * 1_000))])


def _window_us(rate: Rate) -> int:
    return int((rate.seconds * _DRIFT + _TICK_SECONDS) * _MICROSECONDS)
