"""Prometheus metrics of the edge, in a registry of their own. Nothing personal is in them."""

from __future__ import annotations

import math

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)

from bot.observability.delivery_metrics import DeliveryMetrics
from bot.ports import PipelineState

_REQUEST_BUCKETS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)
_ANSWER_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def new_registry() -> CollectorRegistry:
    """A registry that also tells of the process: memory, CPU, open files, garbage collection."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


def exposition(registry: CollectorRegistry) -> bytes:
    """The registry in Prometheus's text format."""
    return generate_latest(registry)


class HttpMetrics:
    """Requests and sockets."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._seconds = Histogram(
            "flerkanal_http_request_seconds",
            "Time from a request's head to the end of its answer",
            ("route", "method", "status"),
            buckets=_REQUEST_BUCKETS,
            registry=registry,
        )
        self._sockets = Gauge(
            "flerkanal_open_sockets", "WebSockets that are open", registry=registry
        )

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        """A request is over. `route` is its pattern, not its path: a path may hold anything."""
        known = method if method in _METHODS else "other"
        self._seconds.labels(route, known, str(status)).observe(seconds)

    def socket_opened(self) -> None:
        """A WebSocket was accepted."""
        self._sockets.inc()

    def socket_closed(self) -> None:
        """A WebSocket that had been accepted is over."""
        self._sockets.dec()


class MessageMetrics:
    """Customers' messages, by channel."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._accepted = Counter(
            "flerkanal_messages_accepted_total",
            "Messages that are safely in the inbox",
            ("channel",),
            registry=registry,
        )
        self._duplicates = Counter(
            "flerkanal_messages_duplicate_total",
            "Messages that had been accepted before",
            ("channel",),
            registry=registry,
        )
        self._refused = Counter(
            "flerkanal_messages_refused_total",
            "Messages that were refused, by the error's code",
            ("channel", "code"),
            registry=registry,
        )
        self._answer = Histogram(
            "flerkanal_answer_seconds",
            "Time from a message's acceptance to the end of its turn",
            ("channel",),
            buckets=_ANSWER_BUCKETS,
            registry=registry,
        )

    def accepted(self, channel: str, duplicate: bool) -> None:
        """A message is in the inbox; `duplicate`: it was there already."""
        (self._duplicates if duplicate else self._accepted).labels(channel).inc()

    def refused(self, channel: str, code: str) -> None:
        """A message was refused; `code` is the InvalidMessage's."""
        self._refused.labels(channel, code).inc()

    def answered(self, channel: str, seconds: float) -> None:
        """A message's turn is over, `seconds` after it was accepted."""
        self._answer.labels(channel).observe(seconds)


class PipelineMetrics:
    """How the pipeline stands; set from what its monitor tells when metrics are asked for."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._waiting = Gauge(
            "flerkanal_waiting_entries",
            "Entries of a queue that are not done with",
            ("queue",),
            registry=registry,
        )
        self._dead_letters = Gauge(
            "flerkanal_dead_letters", "Dead letters that nobody has dealt with", registry=registry
        )
        self._workers = Gauge(
            "flerkanal_ready_workers", "Live workers with a loaded model", registry=registry
        )
        self._deliveries = DeliveryMetrics(registry)

    def set(self, state: PipelineState | None) -> None:
        """Take over the state; None, where it can't be had, shows as NaN rather than as old news."""
        inbox, outbox, journal, dead, workers = (
            (
                state.inbox_waiting,
                state.outbox_waiting,
                state.journal_waiting,
                state.dead_letters,
                len(state.models),
            )
            if state is not None
            else (math.nan,) * 5
        )
        self._waiting.labels("inbox").set(inbox)
        self._waiting.labels("outbox").set(outbox)
        self._waiting.labels("journal").set(journal)
        self._dead_letters.set(dead)
        self._workers.set(workers)
        self._deliveries.set(state.deliveries if state is not None else {})
