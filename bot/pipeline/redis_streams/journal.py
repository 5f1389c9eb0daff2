"""What the turns leave for the record. See `bot.ports.Journal`."""

from __future__ import annotations

from bot.model.turns import Entry
from bot.pipeline.redis_streams.client import Redis
from bot.pipeline.redis_streams.layout import Layout
from bot.pipeline.redis_streams.queue import RedisPartitionQueue
from bot.ports import Journal


class RedisJournal(RedisPartitionQueue, Journal):
    """One stream a partition, filled by `RedisTurnQueue.commit` and `RedisFloor.say`."""

    def __init__(self, redis: Redis, layout: Layout, lease_seconds: float) -> None:
        super().__init__(redis, layout, "journal", lease_seconds, says={})

    async def recorded(self, entry: Entry) -> None:
        """See the port."""
        await self._settled(entry)
