"""The pages about the edge name what the code has."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry

from bot.observability.desk_metrics import DeskMetrics
from bot.observability.metrics import HttpMetrics, MessageMetrics, PipelineMetrics
from bot.ports import DeskMonitor, DeskState, DeskTotals, Durations

ROOT = Path(__file__).resolve().parents[2]


def names_in(page: str) -> set[str]:
    """What the page sets in code type, without the braces of labels."""
    found = re.findall(r"`([a-z_0-9]+)(?:\{[a-z,]*\})?`", (ROOT / "docs" / page).read_text("utf-8"))
    return set(found)


def codes() -> Iterator[str]:
    """The codes of all InvalidMessage that the REST channel raises."""
    for path in (ROOT / "channels" / "rest").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "InvalidMessage":
                assert isinstance(node.args[0], ast.Constant)
                yield str(node.args[0].value)


def test_every_code_is_explained() -> None:
    found = set(codes())
    assert len(found) > 10
    assert found <= names_in("rest-channel.md")


class QuietDesk(DeskMonitor):
    """A desk at which nothing has happened yet."""

    async def state(self) -> DeskState:
        return DeskState({}, 0)

    async def totals(self) -> DeskTotals:
        nothing = Durations((60.0,), (0, 0), 0.0)
        return DeskTotals({}, {}, {}, nothing, nothing, visits_ended=0, visits_alone=0)


async def test_every_metric_is_explained() -> None:
    registry = CollectorRegistry()
    for metrics in (HttpMetrics, MessageMetrics, PipelineMetrics):
        metrics(registry)
    await DeskMetrics(registry, QuietDesk()).refresh()
    found = {family.name for family in registry.collect()}
    assert len(found) > 20
    explained = {name.removesuffix("_total") for name in names_in("monitoring.md")}
    assert found <= explained
    assert {name for name in explained if name.startswith("flerkanal_")} <= found
