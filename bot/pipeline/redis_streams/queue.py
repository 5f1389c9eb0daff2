"""A queue of entries in partitions, read under leases. See `bot.ports.PartitionQueue`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from redis import exceptions

from bot.errors import LeaseLost
from bot.model.turns import Entry, Lease
from bot.pipeline.redis_streams.client import Redis, storage_errors
from bot.pipeline.redis_streams.layout import GROUPS, Layout, Role
from bot.pipeline.redis_streams.leases import Leases, fence
from bot.pipeline.redis_streams.scripts import Script
from bot.ports import PartitionQueue

_PAGE = 500


class RedisPartitionQueue(PartitionQueue):
    """One role's streams. Made for one process: it remembers how far it has read."""

    def __init__(
        self,
        redis: Redis,
        layout: Layout,
        role: Role,
        lease_seconds: float,
        says: Mapping[str, Any],
    ) -> None:
        """`says` is what this process tells of itself in its heartbeat, such as its model."""
        self._redis = redis
        self._layout = layout
        self._role: Role = role
        self._group = GROUPS[role]
        self._leases = Leases(redis, layout, role, lease_seconds)
        self._says = says
        self._take = Script(redis, "take")
        self._settle = Script(redis, "settle")
        self._read_to: dict[int, bytes] = {}
        self._turn = 0

    async def balance(self, holder: str, held: Sequence[Lease]) -> Sequence[Lease]:
        """See the port."""
        return await self._leases.balance(holder, held, self._says)

    async def release(self, leases: Sequence[Lease]) -> None:
        """See the port."""
        await self._leases.release(leases)

    async def stop(self, holder: str, leases: Sequence[Lease]) -> None:
        """See the port."""
        await self._leases.stop(holder, leases)

    async def unfinished(self, lease: Lease) -> Sequence[Entry]:
        """See the port. Taking an entry over does not count as beginning it: `begin_again` does."""
        key = self._layout.queue(lease.partition, self._role)
        entries: list[Entry] = []
        after = "-"
        with storage_errors():
            await self._ensure_group(key)
            while page := await self._redis.xpending_range(key, self._group, after, "+", _PAGE):
                entries.extend(await self._take_over(key, lease, page))
                after = f"({page[-1]['message_id'].decode()}"
            groups = await self._redis.xinfo_groups(key)
        self._read_to[lease.partition] = next(
            group["last-delivered-id"] for group in groups if group["name"] == self._group.encode()
        )
        return entries

    async def _take_over(self, key: str, lease: Lease, page: list[dict[str, Any]]) -> list[Entry]:
        ids = [item["message_id"] for item in page]
        # JUSTID leaves the deliveries' counter alone: an entry that a dead process had read ahead
        # but never begun is not to blame for its death.
        await self._redis.xclaim(key, self._group, lease.holder, 0, ids, justid=True)
        bodies = dict(await self._redis.xrange(key, ids[0], ids[-1]))
        entries = []
        for item in page:
            fields = bodies.get(item["message_id"])
            if fields is None:
                await self._redis.xack(key, self._group, item["message_id"])
                continue
            entry_id = item["message_id"].decode()
            entries.append(Entry(lease, entry_id, fields[b"m"], item["times_delivered"], True))
        return entries

    async def begin_again(self, entry: Entry) -> Entry:
        """See the port."""
        key = self._layout.queue(entry.lease.partition, self._role)
        with storage_errors():
            # Without JUSTID a claim raises the counter by itself.
            await self._redis.xclaim(key, self._group, entry.lease.holder, 0, [entry.id])
        return Entry(entry.lease, entry.id, entry.raw, entry.deliveries + 1)

    async def next_entries(
        self, leases: Sequence[Lease], limit: int, wait: float
    ) -> Sequence[Entry]:
        """See the port."""
        if not leases:
            return []
        # Another partition comes first each time, so that none starves.
        self._turn = (self._turn + 1) % len(leases)
        leases = [*leases[self._turn :], *leases[: self._turn]]
        entries = await self._take_new(leases, limit)
        if entries:
            return entries
        # The blocking read only wakes us; it takes nothing, so it needs no fence.
        queues = {
            self._layout.queue(lease.partition, self._role): self._read_to[lease.partition]
            for lease in leases
        }
        with storage_errors():
            woken = await self._redis.xread(queues, count=1, block=max(1, int(wait * 1000)))
        return await self._take_new(leases, limit) if woken else []

    async def _take_new(self, leases: Sequence[Lease], limit: int) -> list[Entry]:
        keys = []
        for lease in leases:
            keys.append(self._layout.lease(lease.partition, self._role))
            keys.append(self._layout.queue(lease.partition, self._role))
        fences = [fence(lease) for lease in leases]
        flat = await self._take(keys, [self._group, leases[0].holder, limit, *fences])
        entries = []
        for i in range(0, len(flat), 3):
            lease, entry_id, body = leases[flat[i]], flat[i + 1], flat[i + 2]
            self._read_to[lease.partition] = entry_id
            entries.append(Entry(lease, entry_id.decode(), body))
        return entries

    async def bury(self, entry: Entry, reason: str) -> None:
        """See the port."""
        await self._settled(entry, reason)

    async def _settled(self, entry: Entry, dead_because: str = "") -> None:
        partition = entry.lease.partition
        keys = [
            self._layout.lease(partition, self._role),
            self._layout.queue(partition, self._role),
            self._layout.dead(partition),
        ]
        raw = entry.raw if dead_because else b""
        reply = await self._settle(
            keys, [fence(entry.lease), self._group, entry.id, self._role, dead_because, raw]
        )
        if reply == b"lost":
            raise LeaseLost(partition)

    async def _ensure_group(self, key: str) -> None:
        try:
            await self._redis.xgroup_create(key, self._group, id="0", mkstream=True)
        except exceptions.ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise
