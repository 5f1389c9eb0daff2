"""The desk in Prometheus's text format, and how often the database is asked for it."""

from __future__ import annotations

import asyncio

from prometheus_client import CollectorRegistry

from bot.errors import StorageUnavailable
from bot.observability.desk_metrics import DeskMetrics
from bot.observability.metrics import exposition
from bot.ports import DeskMonitor, DeskState, DeskTotals, Durations, TeamState

STATE = DeskState({"Orders": TeamState(3, 95.5, 2), "Returns": TeamState(0, 0.0, 0)}, 4)
TOTALS = DeskTotals(
    causes={"customer_asked": 7, "form_failed": 1},
    ends={"resolved": 6},
    points={5: 3, 1: 1},
    wait=Durations((10.0, 60.0), (2, 3, 1), 321.5),
    handling=Durations((60.0,), (1, 4), 900.0),
    visits_ended=50,
    visits_alone=41,
)


class CountingMonitor(DeskMonitor):
    """Tells the same each time, and can be away."""

    def __init__(self) -> None:
        self.asked = {"state": 0, "totals": 0}
        self.is_away = False

    async def state(self) -> DeskState:
        self._ask("state")
        return STATE

    async def totals(self) -> DeskTotals:
        self._ask("totals")
        return TOTALS

    def _ask(self, what: str) -> None:
        self.asked[what] += 1
        if self.is_away:
            raise StorageUnavailable("the database does not answer")


class Bench:
    """The metrics over a clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0
        self.monitor = CountingMonitor()
        self.registry = CollectorRegistry()
        self.metrics = DeskMetrics(self.registry, self.monitor, clock=lambda: self.now)

    async def lines(self) -> list[str]:
        await self.metrics.refresh()
        text = exposition(self.registry).decode()
        return [line for line in text.splitlines() if not line.startswith("#")]


async def test_what_is_told() -> None:
    assert await Bench().lines() == [
        'flerkanal_desk_waiting{team="Orders"} 3.0',
        'flerkanal_desk_waiting{team="Returns"} 0.0',
        'flerkanal_desk_longest_wait_seconds{team="Orders"} 95.5',
        'flerkanal_desk_longest_wait_seconds{team="Returns"} 0.0',
        'flerkanal_desk_with_person{team="Orders"} 2.0',
        'flerkanal_desk_with_person{team="Returns"} 0.0',
        "flerkanal_desk_staff_present 4.0",
        'flerkanal_handoffs_total{cause="customer_asked"} 7.0',
        'flerkanal_handoffs_total{cause="form_failed"} 1.0',
        'flerkanal_handoffs_ended_total{how="resolved"} 6.0',
        'flerkanal_ratings_total{points="1"} 1.0',
        'flerkanal_ratings_total{points="5"} 3.0',
        'flerkanal_handoff_wait_seconds_bucket{le="10.0"} 2.0',
        'flerkanal_handoff_wait_seconds_bucket{le="60.0"} 5.0',
        'flerkanal_handoff_wait_seconds_bucket{le="+Inf"} 6.0',
        "flerkanal_handoff_wait_seconds_count 6.0",
        "flerkanal_handoff_wait_seconds_sum 321.5",
        'flerkanal_handoff_handling_seconds_bucket{le="60.0"} 1.0',
        'flerkanal_handoff_handling_seconds_bucket{le="+Inf"} 5.0',
        "flerkanal_handoff_handling_seconds_count 5.0",
        "flerkanal_handoff_handling_seconds_sum 900.0",
        "flerkanal_visits_total 50.0",
        "flerkanal_visits_resolved_alone_total 41.0",
    ]


async def test_the_database_is_asked_seldom() -> None:
    bench = Bench()
    for second in range(120):
        bench.now = float(second)
        await bench.lines()
    assert bench.monitor.asked == {"state": 24, "totals": 2}


async def test_nothing_is_told_that_can_not_be_had() -> None:
    bench = Bench()
    assert len(await bench.lines()) == 23
    bench.now, bench.monitor.is_away = 60.0, True
    assert await bench.lines() == []
    bench.now, bench.monitor.is_away = 65.0, False
    assert len(await bench.lines()) == 23


async def test_a_database_that_hangs_holds_up_no_scrape() -> None:
    class HangingMonitor(CountingMonitor):
        async def totals(self) -> DeskTotals:
            await asyncio.sleep(60)
            return TOTALS

    registry = CollectorRegistry()
    metrics = DeskMetrics(registry, HangingMonitor(), patience=0.05)
    await asyncio.wait_for(metrics.refresh(), 5)
    text = exposition(registry).decode()
    assert "flerkanal_desk_staff_present 4.0" in text
    assert "flerkanal_visits_total" not in text
