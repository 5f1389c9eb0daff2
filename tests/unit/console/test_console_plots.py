"""Shapes: nothing leaves the picture, nothing is drawn that is not there."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.console.plots import HEIGHT, WIDTH, Frame, Series

NUMBER = re.compile(r"-?[\d.]+")


def frame(count: int) -> Frame:
    names = [f"day {number}" for number in range(count)]
    return Frame(names, [f"d{number}" for number in range(count)])


counts = st.lists(st.integers(0, 10**6), min_size=1, max_size=60)


@given(counts, counts)
def test_bars_stand_on_each_other_inside_the_picture(one: list[int], two: list[int]) -> None:
    size = min(len(one), len(two))
    series = [Series("a", "s1", one[:size]), Series("b", "s2", two[:size])]
    plot = frame(size).bars("p", "P", "", series, str)
    for bar in plot.bars:
        assert bar.x >= 0
        assert bar.x + bar.width <= WIDTH + 0.01
        assert bar.y >= -0.05
        assert bar.y + bar.height <= HEIGHT + 0.05
    drawn = sum(bar.height for bar in plot.bars)
    top = float(plot.ticks[0])
    total = sum(one[:size]) + sum(two[:size])
    assert drawn == pytest.approx(HEIGHT * total / top, abs=0.02 * (len(plot.bars) + 1))
    assert plot.is_empty == (total == 0)


@given(st.lists(st.none() | st.floats(0, 10**7), min_size=1, max_size=60), st.booleans())
def test_lines_stay_inside_and_break_where_there_is_nothing(
    values: list[float | None], times: bool
) -> None:
    plot = frame(len(values)).lines("p", "P", "", [Series("a", "s1", values)], str, times=times)
    drawn = "".join(stroke.path for stroke in plot.strokes)
    places = len(re.findall("[ML]", drawn))
    assert places == sum(value is not None for value in values)
    numbers = [float(number) for number in NUMBER.findall(drawn)]
    assert all(-0.01 <= number <= WIDTH for number in numbers)
    assert len(plot.rows) == len(plot.spots) == len(values)


@pytest.mark.parametrize(
    ("highest", "ticks"),
    [
        (0, ["4", "3", "2", "1", "0"]),
        (3, ["4", "3", "2", "1", "0"]),
        (42, ["60", "45", "30", "15", "0"]),
        (325, ["400", "300", "200", "100", "0"]),
        (1_000, ["1000", "750", "500", "250", "0"]),
    ],
)
def test_axes_end_at_round_numbers(highest: int, ticks: list[str]) -> None:
    plot = frame(1).bars("p", "P", "", [Series("a", "s1", [highest])], lambda v: f"{v:g}")
    assert plot.ticks == ticks
    assert plot.grid == [0, 75, 150, 225, 300]


@pytest.mark.parametrize(
    ("highest", "top"),
    [(0.07, 4), (9, 20), (100, 120), (540, 720), (5_000, 7_200), (10**6, 1_036_800)],
)
def test_times_end_at_whole_minutes_and_hours(highest: float, top: float) -> None:
    plot = frame(1).lines("p", "P", "", [Series("a", "s1", [highest])], str, times=True)
    assert float(plot.ticks[0]) == top


def test_a_value_alone_is_a_dot() -> None:
    values = [1.0, None, 2.0, 3.0, None]
    plot = frame(5).lines("p", "P", "", [Series("a", "s1", values)], str, top=4.0)
    assert [(stroke.look, stroke.path) for stroke in plot.strokes] == [
        ("s1", "M500.0 150.0L700.0 75.0"),
        ("s1 dots", "M100.0 225.0h0"),
    ]
    assert plot.rows[1] == ("day 1", ["–"])


def test_some_names_stand_under_the_picture() -> None:
    plot = frame(30).bars("p", "P", "", [Series("a", "s1", [1.0] * 30)], str)
    assert plot.under == ["d0", "d7", "d14", "d22", "d29"]
