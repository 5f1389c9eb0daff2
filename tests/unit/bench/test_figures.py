from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from bench.answers import Verdict
from bench.client import Reply
from bench.errors import BenchError
from bench.growth import Growth
from bench.load import LoadRun
from bench.processes import Memory
from bench.results import Visit, growth_figures, point_of, ratios, save
from bench.suite import Plan


def load_run(clients: int, times: list[float], window: float) -> LoadRun:
    run = LoadRun(clients, started=100.0, stopped=100.0 + window)
    at = 100.0
    for seconds in times:
        run.replies.append(Reply(200, [], at, at + seconds))
        at += seconds
    run.verdicts = Counter({Verdict.RIGHT: len(times)})
    return run


def visit(side: str, number: int, throughput_of: int) -> Visit:
    made = Visit(number, side, 10.0 * number, {"server": Memory(2, 500, 400)})
    made.points.append(point_of(load_run(8, [0.99 / throughput_of] * throughput_of, 1.0), 0.5))
    return made


def test_only_what_was_answered_in_the_window_counts_for_throughput() -> None:
    run = load_run(1, [0.5, 0.5, 0.5], window=1.0)
    run.replies.append(Reply(0, [], 100.0, 100.1, "refused"))
    run.verdicts[Verdict.ERROR] += 1
    point = point_of(run, cpu_seconds=0.3)
    assert point.throughput == 2.0
    assert point.messages == 4
    assert (point.right, point.errors) == (3, 1)
    assert (point.p50_ms, point.p99_ms) == (500.0, 500.0)
    assert point.cpu_ms == 100.0


def test_a_run_without_answers_has_no_latency_but_is_counted() -> None:
    run = LoadRun(1, started=0.0, stopped=2.0)
    run.replies.append(Reply(0, [], 0.0, 0.1, "refused"))
    run.verdicts[Verdict.ERROR] += 1
    point = point_of(run, cpu_seconds=0.0)
    assert point.throughput == 0.0
    assert point.p50_ms != point.p50_ms


def test_ratios_pair_the_sides_within_a_round() -> None:
    visits = [visit("stock", 1, 10), visit("ours", 1, 40), visit("stock", 2, 20)]
    visits.append(visit("ours", 2, 40))
    figures = ratios(visits, "ours", "stock")
    assert figures["throughput"]["8"] == {"rounds": [4.0, 2.0], "median": 3.0}
    assert figures["p50_ms"]["8"] == {"rounds": [0.25, 0.5], "median": 0.375}
    assert figures["start_seconds"] == {"rounds": [1.0, 1.0], "median": 1.0}


def test_growth_compares_whole_passes_of_the_script() -> None:
    growth = Growth(cycle=4, seconds=[1.0, 2.0, 3.0, 4.0] * 5 + [2.0, 4.0, 6.0, 8.0] * 5)
    assert growth.at(3) == 2.5
    assert growth.at(40) == 5.0
    assert growth.ratio(3, 40) == 2.0
    assert growth.ratio(3, 41) is None


def test_growth_that_was_cut_short_has_no_ratio() -> None:
    growth = Growth(cycle=2, seconds=[0.1] * 20, cut_short=True)
    figures = growth_figures(growth, early=10, marks=[10, 500])
    assert figures["ratio"] is None
    assert figures["cut_short"] is True
    assert figures["at_ms"] == {"10": 100.0}


def test_results_are_written_twice(tmp_path: Path) -> None:
    path = save({"schema": 1}, tmp_path / "results", "20260101T000000Z")
    assert json.loads(path.read_text("utf-8")) == {"schema": 1}
    assert (tmp_path / "results" / "latest.json").read_text("utf-8") == path.read_text("utf-8")


@pytest.mark.parametrize(
    "plan", [{"clients": ()}, {"clients": (0,)}, {"rounds": 0}, {"seconds": 0.0}, {"turns": 5}]
)
def test_an_impossible_plan_is_refused(plan: dict[str, object]) -> None:
    with pytest.raises(BenchError):
        Plan(**plan)  # type: ignore[arg-type]
