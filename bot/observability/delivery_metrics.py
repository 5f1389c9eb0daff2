"""What the senders did, as Prometheus counters. They have no port of their own: they count in Redis."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector, CollectorRegistry

from bot.ports import DELIVERY_SECONDS, DeliveryCounts


class DeliveryMetrics(Collector):
    """Of all senders together, so every gateway shows the same. Nothing where it can't be had."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._deliveries: Mapping[str, DeliveryCounts] = {}
        registry.register(self)

    def set(self, deliveries: Mapping[str, DeliveryCounts]) -> None:
        """Take over what has been counted so far, by channel."""
        self._deliveries = deliveries

    def collect(self) -> Iterator[Metric]:
        """See Collector."""
        outcomes = CounterMetricFamily(
            "flerkanal_deliveries",
            "Messages that the senders are done with, by how it ended",
            labels=("channel", "outcome"),
        )
        retries = CounterMetricFamily(
            "flerkanal_delivery_retries",
            "Calls of a platform that were made again",
            labels=("channel",),
        )
        twice = CounterMetricFamily(
            "flerkanal_delivery_possibly_twice",
            "Calls that were made again though the platform may have taken them",
            labels=("channel",),
        )
        seconds = HistogramMetricFamily(
            "flerkanal_delivery_seconds",
            "Time from an answer to its delivery",
            labels=("channel",),
        )
        for channel, counts in sorted(self._deliveries.items()):
            for outcome, count in counts.outcomes.items():
                outcomes.add_metric((channel, outcome), count)
            retries.add_metric((channel,), counts.retries)
            twice.add_metric((channel,), counts.possibly_twice)
            buckets = list(_buckets(counts))
            if buckets:
                seconds.add_metric((channel,), buckets, sum_value=counts.seconds)
        yield from (outcomes, retries, twice, seconds)


def _buckets(counts: DeliveryCounts) -> Iterable[tuple[str, float]]:
    """Prometheus's buckets: each bound with how many are at or under it."""
    bounds = [*map(str, DELIVERY_SECONDS), "+Inf"]
    return zip(bounds, accumulate(counts.within), strict=False)
