"""How the pipeline stands. See `bot.ports.PipelineMonitor`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import get_args

from bot.pipeline.redis_streams.client import Redis, storage_errors
from bot.pipeline.redis_streams.heartbeats import Heartbeats
from bot.pipeline.redis_streams.layout import Layout, Role
from bot.ports import DELIVERY_SECONDS, DeliveryCounts, Outcome, PipelineMonitor, PipelineState

_QUEUES: tuple[Role, ...] = ("inbox", "outbox", "journal")


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
                for role in _QUEUES:
                    pipe.xlen(self._layout.queue(partition, role))
                pipe.xlen(self._layout.dead(partition))
                pipe.hgetall(self._layout.counts(partition))
            found = await pipe.execute()
        workers = await self._workers.alive()
        return PipelineState(
            inbox_waiting=sum(found[0::5]),
            outbox_waiting=sum(found[1::5]),
            journal_waiting=sum(found[2::5]),
            dead_letters=sum(found[3::5]),
            models=tuple(str(says["model"]) for says in workers.values() if says.get("model")),
            deliveries=_by_channel(found[4::5]),
        )


def _by_channel(counts: Iterable[Mapping[bytes, bytes]]) -> dict[str, DeliveryCounts]:
    """Adds up the partitions' counts; their fields are `<channel>:<what>`."""
    added: defaultdict[str, defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))
    for partition in counts:
        for field, value in partition.items():
            channel, _, what = field.decode().partition(":")
            added[channel][what] += float(value)
    return {channel: _counts(found) for channel, found in added.items()}


def _counts(found: Mapping[str, float]) -> DeliveryCounts:
    outcomes: tuple[Outcome, ...] = get_args(Outcome)
    return DeliveryCounts(
        outcomes={
            outcome: int(found[f"outcome:{outcome}"])
            for outcome in outcomes
            if f"outcome:{outcome}" in found
        },
        retries=int(found.get("retries", 0)),
        possibly_twice=int(found.get("possibly_twice", 0)),
        within=tuple(
            int(found.get(f"within:{bucket}", 0)) for bucket in range(len(DELIVERY_SECONDS) + 1)
        ),
        seconds=found.get("seconds", 0.0),
    )
