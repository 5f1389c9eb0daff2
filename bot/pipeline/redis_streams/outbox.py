"""The sender's queue: answers for channels that must be called. See `bot.ports.Outbox`."""

from __future__ import annotations

from bot.model.turns import Entry
from bot.pipeline.redis_streams.client import Redis
from bot.pipeline.redis_streams.layout import Layout
from bot.pipeline.redis_streams.queue import RedisPartitionQueue
from bot.ports import Outbox


class RedisOutbox(RedisPartitionQueue, Outbox):
    """One stream a partition, filled by `RedisTurnQueue.commit`."""

    def __init__(self, redis: Redis, layout: Layout, lease_seconds: float) -> None:
        super().__init__(redis, layout, "outbox", lease_seconds, says={})

    async def delivered(self, entry: Entry) -> None:
        """See the port."""
        await self._settled(entry)
