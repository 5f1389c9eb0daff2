"""How the pipeline stands. See `bot.ports.PipelineMonitor`."""

from __future__ import annotations

from bot.pipeline.redis_streams.client import Redis, storage_errors
from bot.pipeline.redis_streams.heartbeats import Heartbeats
from bot.pipeline.redis_streams.layout import Layout
from bot.ports import PipelineMonitor, PipelineState


class RedisPipelineMonitor(PipelineMonitor):
    """Counts the streams of all partitions in one round trip, and asks who is alive in two."""

    def __init__(self, redis: Redis, layout: Layout, lease_seconds: float) -> None:
        self._redis = redis
        self._layout = layout
        self._workers = Heartbeats(redis, "inbox", lease_seconds)

    async def state(self) -> PipelineState:
        """See the port. Raises StorageUnavailable."""
        partitions = range(self._layout.partitions)
        with storage_errors():
            pipe = self._redis.pipeline(transaction=False)
            for partition in partitions:
                pipe.xlen(self._layout.queue(partition, "inbox"))
                pipe.xlen(self._layout.queue(partition, "outbox"))
                pipe.xlen(self._layout.dead(partition))
            lengths: list[int] = await pipe.execute()
        workers = await self._workers.alive()
        return PipelineState(
            inbox_waiting=sum(lengths[0::3]),
            outbox_waiting=sum(lengths[1::3]),
            dead_letters=sum(lengths[2::3]),
            models=tuple(str(says["model"]) for says in workers.values() if says.get("model")),
        )
