"""Figures: what a run comes to, and how the sides compare. All JSON-ready."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from bench.answers import Verdict
from bench.growth import Growth
from bench.load import LoadRun
from bench.processes import Memory

SCHEMA = 1


@dataclass(frozen=True)
class Point:
    """A load run's figures. Milliseconds; `throughput` in messages a second.

    The latencies are of answered messages. `cpu_ms` is the processor time that the side spent on
    a message, `generator_cpu_ms` what the load generator, on the same cores, spent on it.
    """

    clients: int
    seconds: float
    messages: int
    throughput: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    right: int
    other_language: int
    wrong: int
    errors: int
    cpu_ms: float
    generator_cpu_ms: float
    complaints: tuple[str, ...] = ()


@dataclass
class Visit:
    """One side in one round: started, measured, stopped."""

    round: int
    side: str
    start_seconds: float
    memory: dict[str, Memory]
    points: list[Point] = field(default_factory=list)

    @property
    def memory_bytes(self) -> int:
        """The RSS of all its programs together."""
        return sum(held.rss for held in self.memory.values())


def point_of(run: LoadRun, cpu_seconds: float) -> Point:
    """Sum a load run up; `cpu_seconds` is what the side's processes used in it."""
    times = [reply.seconds * 1000 for reply in run.answered]
    p50, p95, p99 = np.percentile(times, (50, 95, 99)) if times else (float("nan"),) * 3
    in_window = max(1, sum(reply.finished <= run.stopped for reply in run.replies))
    return Point(
        clients=run.clients,
        seconds=round(run.seconds, 2),
        messages=len(run.replies),
        throughput=round(run.throughput, 2),
        p50_ms=round(float(p50), 2),
        p95_ms=round(float(p95), 2),
        p99_ms=round(float(p99), 2),
        right=run.verdicts[Verdict.RIGHT],
        other_language=run.verdicts[Verdict.OTHER_LANGUAGE],
        wrong=run.verdicts[Verdict.WRONG],
        errors=run.verdicts[Verdict.ERROR],
        cpu_ms=round(cpu_seconds * 1000 / in_window, 2),
        generator_cpu_ms=round(run.generator_cpu * 1000 / in_window, 3),
        complaints=tuple(run.complaints),
    )


def growth_figures(growth: Growth, early: int, marks: Sequence[int]) -> dict[str, Any]:
    """The growing conversation's figures: times at the marked turns, and the last mark's ratio."""
    reached = [mark for mark in marks if mark <= len(growth.seconds)]
    ratio = growth.ratio(early, marks[-1])
    return {
        "marks": [str(mark) for mark in marks],
        "turns": len(growth.seconds),
        "cut_short": growth.cut_short,
        "at_ms": {str(mark): round(growth.at(mark) * 1000, 2) for mark in reached},
        "from_turn": early,
        "to_turn": marks[-1],
        "ratio": None if ratio is None else round(ratio, 2),
        "verdicts": {verdict.value: growth.verdicts[verdict] for verdict in Verdict},
        "seconds": [round(value, 5) for value in growth.seconds],
    }


def ratios(visits: Sequence[Visit], ours: str, base: str) -> dict[str, Any]:
    """`ours` divided by `base`, pair by pair within a round, and the median over the rounds.

    Throughput above 1 is faster; start, memory and latencies below 1 are better.
    """
    pairs = [
        (mine, theirs)
        for mine in visits
        for theirs in visits
        if mine.side == ours and theirs.side == base and mine.round == theirs.round
    ]

    def compare(value: Callable[[Visit], float]) -> dict[str, Any]:
        each = [value(mine) / value(theirs) for mine, theirs in pairs]
        return {"rounds": [round(one, 3) for one in each], "median": round(median(each), 3)}

    def at(clients: int, name: str) -> Callable[[Visit], float]:
        def value(visit: Visit) -> float:
            point = next(point for point in visit.points if point.clients == clients)
            return float(getattr(point, name))

        return value

    clients = [point.clients for point in visits[0].points]
    return {
        "start_seconds": compare(lambda visit: visit.start_seconds),
        "memory": compare(lambda visit: visit.memory_bytes),
        **{
            name: {str(count): compare(at(count, name)) for count in clients}
            for name in ("throughput", "p50_ms", "p95_ms", "p99_ms", "cpu_ms")
        },
    }


def visit_figures(visit: Visit) -> dict[str, Any]:
    """A visit as JSON-ready data."""
    return {**asdict(visit), "memory_bytes": visit.memory_bytes}


def save(results: dict[str, Any], folder: Path, stamp: str) -> Path:
    """Write `<stamp>.json`, and the same as `latest.json`. Returns the first one's path."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(results, indent=2, ensure_ascii=False) + "\n"
    path = folder / f"{stamp}.json"
    for each in (path, folder / "latest.json"):
        each.write_text(text, encoding="utf-8")
    return path
