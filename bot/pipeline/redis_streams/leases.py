"""Leases: each partition of a queue is read by one process at a time."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from bot.model.turns import Lease
from bot.pipeline.redis_streams.client import Redis
from bot.pipeline.redis_streams.heartbeats import Heartbeats
from bot.pipeline.redis_streams.layout import GROUPS, Layout, Role
from bot.pipeline.redis_streams.scripts import Script


def fence(lease: Lease) -> str:
    """The lease's value in Redis: what every write under it is checked against."""
    return f"{lease.holder} {lease.epoch}"


class Leases:
    """Takes, extends and gives back one process's leases on a role's partitions.

    Live processes share the partitions evenly: each takes up to ceil(partitions / live processes)
    and gives up what it holds above that.
    """

    def __init__(self, redis: Redis, layout: Layout, role: Role, seconds: float) -> None:
        self._redis = redis
        self._layout = layout
        self._role: Role = role
        self._ms = int(seconds * 1000)
        self._heartbeats = Heartbeats(redis, role, ttl=seconds)
        self._acquire = Script(redis, "acquire")
        self._renew = Script(redis, "renew")
        self._release = Script(redis, "release")
        self._release_holder = Script(redis, "release_holder")

    async def balance(
        self, holder: str, held: Sequence[Lease], says: Mapping[str, Any]
    ) -> list[Lease]:
        """Beat, extend `held`, take a fair share of the free ones; returns those to keep."""
        live = await self._heartbeats.beat(holder, says)
        share = -(-self._layout.partitions // max(1, live))
        kept = [lease for lease in held if await self._renew(self._key(lease), self._claim(lease))]
        if len(kept) > share:
            return kept[:share]
        mine = {lease.partition for lease in held}
        free = [number for number in range(self._layout.partitions) if number not in mine]
        random.shuffle(free)
        for partition in free:
            if len(kept) >= share:
                break
            keys = [
                self._layout.lease(partition, self._role),
                self._layout.epoch(partition, self._role),
            ]
            epoch = int(await self._acquire(keys, [holder, self._ms]))
            if epoch:
                kept.append(Lease(partition, holder, epoch))
        return kept

    async def release(self, leases: Sequence[Lease]) -> None:
        """Give leases back; those that others hold by now are left alone."""
        for lease in leases:
            await self._release(self._key(lease), [fence(lease)])

    async def stop(self, holder: str, leases: Sequence[Lease]) -> None:
        """Give everything back and stop beating."""
        await self.release(leases)
        await self._heartbeats.stop(holder)

    async def release_holder(self, holder: str) -> int:
        """Free what a process held that is known to be dead; returns how many leases it were.

        Only whoever saw it die may call this (its parent): a process that still runs would lose
        its turns under way.
        """
        freed = 0
        for partition in range(self._layout.partitions):
            freed += int(
                await self._release_holder([self._layout.lease(partition, self._role)], [holder])
            )
        await self._heartbeats.stop(holder)
        return freed

    def _key(self, lease: Lease) -> list[str]:
        return [self._layout.lease(lease.partition, self._role)]

    def _claim(self, lease: Lease) -> list[str | int]:
        return [fence(lease), self._ms]


async def release_holder(redis: Redis, layout: Layout, holder: str) -> int:
    """Free the leases of a dead process in every role; returns how many it were."""
    freed = 0
    for role in GROUPS:
        freed += await Leases(redis, layout, role, seconds=1.0).release_holder(holder)
    return freed
