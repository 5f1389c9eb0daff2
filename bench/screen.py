"""The results as tables."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from bench.results import Point, Visit
from bench.variants import Side


def show(
    console: Console, sides: Sequence[Side], visits: Sequence[Visit], results: dict[str, Any]
) -> None:
    """Print what ran, the medians over the rounds, the ratios, the growing conversation."""
    for side in sides:
        epochs = f" ({side.model.epochs} epochs)" if side.model.epochs else ""
        console.print(f"[bold]{side.title}[/bold]", highlight=False)
        console.print(f"  pipeline: {', '.join(side.model.pipeline)}{epochs}", highlight=False)
        console.print(f"  policies: {', '.join(side.model.policies)}", highlight=False)
    console.print(_load(sides, visits))
    console.print(_costs(sides, visits))
    if results["growth"]:
        console.print(_growth(sides, results["growth"]))
    for base, figures in results["ratios"].items():
        title = next(side.title for side in sides if side.key == base)
        console.print(_ratios(f"Flerkanal / {title}", figures))


def _titled(title: str) -> Table:
    return Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))


def _load(sides: Sequence[Side], visits: Sequence[Visit]) -> Table:
    table = _titled("Under load (medians over the rounds)")
    table.add_column("clients", justify="right")
    table.add_column("side")
    for heading in ("msg/s", "p50 ms", "p95 ms", "p99 ms", "CPU ms", "messages"):
        table.add_column(heading, justify="right")
    for heading in ("wrong", "language", "errors"):
        table.add_column(heading, justify="right")
    for clients in (point.clients for point in visits[0].points):
        for side in sides:
            points = [
                point
                for visit in visits
                for point in visit.points
                if visit.side == side.key and point.clients == clients
            ]
            table.add_row(str(clients), side.title, *_cells(points))
        table.add_row()
    return table


def _cells(points: Sequence[Point]) -> list[str]:
    medians = ("throughput", "p50_ms", "p95_ms", "p99_ms", "cpu_ms")
    sums = ("messages", "wrong", "other_language", "errors")
    return [
        *(f"{median(float(getattr(point, name)) for point in points):.1f}" for name in medians),
        *(str(sum(int(getattr(point, name)) for point in points)) for name in sums),
    ]


def _costs(sides: Sequence[Side], visits: Sequence[Visit]) -> Table:
    table = _titled("Start and memory (medians over the rounds)")
    table.add_column("side")
    table.add_column("start to first answer, s", justify="right")
    table.add_column("RSS after the load, MB", justify="right")
    table.add_column("of which")
    for side in sides:
        own = [visit for visit in visits if visit.side == side.key]
        parts = "; ".join(
            f"{name} {held.rss / 1e6:.0f} ({held.processes} process(es))"
            for name, held in own[-1].memory.items()
        )
        table.add_row(
            side.title,
            f"{median(visit.start_seconds for visit in own):.1f}",
            f"{median(visit.memory_bytes for visit in own) / 1e6:.0f}",
            parts,
        )
    return table


def _growth(sides: Sequence[Side], growth: dict[str, Any]) -> Table:
    table = _titled("One conversation that grows, ms a message")
    table.add_column("side")
    marks = list(next(iter(growth.values()))["marks"])
    for mark in marks:
        table.add_column(f"turn {mark}", justify="right")
    table.add_column("last / first", justify="right")
    table.add_column("wrong", justify="right")
    for side in sides:
        figures = growth.get(side.key)
        if figures is None:
            continue
        cells = [
            f"{figures['at_ms'][mark]:.1f}" if mark in figures["at_ms"] else "not reached"
            for mark in marks
        ]
        ratio = figures["ratio"]
        last = f"{ratio:.2f}" if ratio is not None else f"stopped at turn {figures['turns']}"
        table.add_row(side.title, *cells, last, str(figures["verdicts"]["wrong"]))
    return table


def _ratios(title: str, figures: dict[str, Any]) -> Table:
    table = _titled(f"{title} (median of the pairs; each round's)")
    for heading in ("what", "ratio", "rounds"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    rows = {"start to first answer": figures["start_seconds"], "memory": figures["memory"]}
    for name, words in (
        ("throughput", "messages a second"),
        ("p50_ms", "p50 latency"),
        ("p99_ms", "p99 latency"),
        ("cpu_ms", "CPU a message"),
    ):
        for clients, figure in figures[name].items():
            rows[f"{words}, {clients} client(s)"] = figure
    for words, figure in rows.items():
        each = ", ".join(f"{value:.2f}" for value in figure["rounds"])
        table.add_row(words, f"{figure['median']:.2f}", each)
    return table
