"""The desk as Prometheus metrics. It is counted in the database, so every gateway shows the same."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from itertools import accumulate
from typing import Any, TypeVar

import structlog
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector, CollectorRegistry

from bot.errors import FlerkanalError
from bot.ports import DeskMonitor, DeskState, DeskTotals, Durations, TeamState

logger = structlog.get_logger(__name__)

Found = TypeVar("Found")


class DeskMetrics(Collector):
    """What `refresh` has found last; nothing where it can't be had, rather than old news."""

    def __init__(
        self,
        registry: CollectorRegistry,
        monitor: DeskMonitor,
        *,
        state_seconds: float = 5.0,
        totals_seconds: float = 60.0,
        patience: float = 3.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._monitor = monitor
        self._patience = patience
        self._clock = clock
        self._state: DeskState | None = None
        self._totals: DeskTotals | None = None
        self._fresh = {"state": state_seconds, "totals": totals_seconds}
        self._asked: dict[str, float] = {}
        registry.register(self)

    async def refresh(self) -> None:
        """Ask the monitor, the state at most every `state_seconds`, the totals every
        `totals_seconds`, each for `patience` seconds. To be called when metrics are asked for; raises
        none of Flerkanal's errors.
        """
        if self._is_due("state"):
            self._state = await self._asked_for("state", self._monitor.state())
        if self._is_due("totals"):
            self._totals = await self._asked_for("totals", self._monitor.totals())

    def collect(self) -> Iterator[Metric]:
        """See Collector."""
        if self._state is not None:
            yield from _of_state(self._state)
        if self._totals is not None:
            yield from _of_totals(self._totals)

    async def _asked_for(self, what: str, answer: Coroutine[Any, Any, Found]) -> Found | None:
        try:
            return await asyncio.wait_for(answer, self._patience)
        except asyncio.TimeoutError:
            logger.warning("desk_not_measured", what=what, error="it takes too long")
        except FlerkanalError as error:
            logger.warning("desk_not_measured", what=what, error=str(error))
        # Not to be missed for a whole minute because of one moment.
        self._asked[what] = self._clock() + self._fresh["state"] - self._fresh[what]
        return None

    def _is_due(self, what: str) -> bool:
        now = self._clock()
        if now - self._asked.get(what, float("-inf")) < self._fresh[what]:
            return False
        self._asked[what] = now
        return True


def _of_state(state: DeskState) -> Iterator[Metric]:
    told: tuple[tuple[str, str, Callable[[TeamState], float]], ...] = (
        ("flerkanal_desk_waiting", "Customers who wait for a person", lambda team: team.waiting),
        (
            "flerkanal_desk_longest_wait_seconds",
            "How long the customer who has waited longest has waited",
            lambda team: team.longest_wait,
        ),
        (
            "flerkanal_desk_with_person",
            "Conversations that a person has",
            lambda team: team.with_person,
        ),
    )
    for name, about, value in told:
        gauge = GaugeMetricFamily(name, about, labels=("team",))
        for team, found in sorted(state.teams.items()):
            gauge.add_metric((team,), value(found))
        yield gauge
    yield GaugeMetricFamily(
        "flerkanal_desk_staff_present",
        "Members of staff who are available and connected",
        value=state.staff_present,
    )


def _of_totals(totals: DeskTotals) -> Iterator[Metric]:
    yield _counted("flerkanal_handoffs", "Handoffs to a person, by cause", "cause", totals.causes)
    yield _counted(
        "flerkanal_handoffs_ended", "Handoffs that are over, by how they ended", "how", totals.ends
    )
    yield _counted(
        "flerkanal_ratings",
        "Handoffs that the customer rated, by points",
        "points",
        {str(points): count for points, count in totals.points.items()},
    )
    yield _histogram(
        "flerkanal_handoff_wait_seconds", "Time from a request to a person", totals.wait
    )
    yield _histogram(
        "flerkanal_handoff_handling_seconds",
        "Time from a person's taking a conversation to its end",
        totals.handling,
    )
    yield CounterMetricFamily("flerkanal_visits", "Visits that are over", value=totals.visits_ended)
    yield CounterMetricFamily(
        "flerkanal_visits_resolved_alone",
        "Visits that the bot resolved alone",
        value=totals.visits_alone,
    )


def _counted(name: str, about: str, label: str, counts: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(name, about, labels=(label,))
    for value, count in sorted(counts.items()):
        family.add_metric((value,), count)
    return family


def _histogram(name: str, about: str, durations: Durations) -> Metric:
    bounds = [*map(str, durations.bounds), "+Inf"]
    family = HistogramMetricFamily(name, about)
    buckets = list(zip(bounds, accumulate(durations.within), strict=True))
    family.add_metric((), buckets, sum_value=durations.seconds)
    return family
