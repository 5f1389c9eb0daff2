"""Plots as shapes to draw: stacked bars and lines over the parts of a period.

Drawn by the console itself: pygal and its like write styles and scripts into the picture, which the
content security policy refuses, and their text shrinks with it on a phone. Here the picture is
stretched to its place, and everything to be read stands beside it as HTML.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

WIDTH = 1000
HEIGHT = 300
_GAP = 0.25
_MOST_LABELS = 5
# What a step of an axis may be, in powers of ten, and for seconds in parts of an hour.
_STEPS = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
_TIMES = (
    1,
    2,
    5,
    10,
    15,
    30,
    60,
    120,
    180,
    300,
    600,
    900,
    1800,
    3600,
    7200,
    14_400,
    43_200,
    86_400,
)


@dataclass(frozen=True)
class Series:
    """A row of values, one for each part; None where there is none. `look` is a CSS class."""

    name: str
    look: str
    values: Sequence[float | None]


@dataclass(frozen=True)
class Bar:
    """A rectangle, in the picture's own units."""

    look: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Stroke:
    """A line: what `d` of an SVG path is."""

    look: str
    path: str


@dataclass(frozen=True)
class Plot:
    """A picture with what is to be read of it.

    `grid` are the heights of its lines, the topmost first, and `ticks` what they stand for; `under`
    are some of the parts' names, evenly spread; `spots` are all parts, with what is told of each.
    `rows` is the same as a table: a part's name and a text for each series.
    """

    id: str
    title: str
    about: str
    series: Sequence[Series]
    ticks: Sequence[str]
    under: Sequence[str]
    rows: Sequence[tuple[str, Sequence[str]]]
    spots: Sequence[tuple[float, float, str]]
    bars: Sequence[Bar] = field(default_factory=tuple)
    strokes: Sequence[Stroke] = field(default_factory=tuple)

    @property
    def grid(self) -> Sequence[float]:
        """Evenly spread from the top to the bottom."""
        steps = len(self.ticks) - 1
        return [round(HEIGHT * step / steps, 1) for step in range(steps + 1)]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to be seen."""
        return not any(value for series in self.series for value in series.values)


@dataclass(frozen=True)
class Frame:
    """What plots of one report share: the parts' names, long and short ones."""

    names: Sequence[str]
    short_names: Sequence[str]

    def bars(
        self,
        name: str,
        title: str,
        about: str,
        series: Sequence[Series],
        told: Callable[[float], str],
    ) -> Plot:
        """Bars that stand on each other, the first series at the bottom."""
        heights = [sum(values) for values in zip(*map(_filled, series), strict=True)]
        top, ticks = _axis(max(heights, default=0.0), whole=True)
        width = WIDTH / max(1, len(self.names))
        bars = []
        for part in range(len(self.names)):
            below = 0.0
            for one in series:
                value = one.values[part] or 0.0
                height = HEIGHT * value / top
                if height:
                    bars.append(
                        Bar(
                            one.look,
                            round(width * (part + _GAP / 2), 2),
                            round(HEIGHT - below - height, 2),
                            round(width * (1 - _GAP), 2),
                            round(height, 2),
                        )
                    )
                below += height
        return self._plot(name, title, about, series, told, ticks, bars=bars)

    def lines(
        self,
        name: str,
        title: str,
        about: str,
        series: Sequence[Series],
        told: Callable[[float], str],
        *,
        top: float | None = None,
        times: bool = False,
    ) -> Plot:
        """One line a series, broken where there is no value. `top` is the axis's end where it is
        fixed; `times`: the values are seconds.
        """
        highest = max((max(_filled(one), default=0.0) for one in series), default=0.0)
        if top is None:
            top, ticks = _time_axis(highest) if times else _axis(highest)
        else:
            ticks = [top, top / 2, 0.0]
        strokes = [
            Stroke(look, path)
            for one in series
            for look, path in zip(
                (one.look, f"{one.look} dots"), _paths(one.values, top), strict=True
            )
            if path
        ]
        return self._plot(name, title, about, series, told, ticks, strokes=strokes)

    def _plot(
        self,
        name: str,
        title: str,
        about: str,
        series: Sequence[Series],
        told: Callable[[float], str],
        ticks: Sequence[float],
        bars: Sequence[Bar] = (),
        strokes: Sequence[Stroke] = (),
    ) -> Plot:
        def text(value: float | None) -> str:
            return "–" if value is None else told(value)

        rows = [
            (part, [text(one.values[number]) for one in series])
            for number, part in enumerate(self.names)
        ]
        width = WIDTH / max(1, len(self.names))
        spots = [
            (
                round(width * number, 2),
                round(width, 2),
                f"{part}: "
                + ", ".join(f"{one.name} {cell}" for one, cell in zip(series, cells, strict=True)),
            )
            for number, (part, cells) in enumerate(rows)
        ]
        return Plot(
            id=name,
            title=title,
            about=about,
            series=series,
            ticks=[told(tick) for tick in ticks],
            under=_spread(self.short_names),
            rows=rows,
            spots=spots,
            bars=bars,
            strokes=strokes,
        )


def _filled(series: Series) -> list[float]:
    return [value or 0.0 for value in series.values]


def _axis(highest: float, whole: bool = False) -> tuple[float, list[float]]:
    """The axis's end, and its steps from the top down."""
    least = 4.0 if whole else 1.0
    wanted = max(highest, least) / 4
    power = 10.0 ** math.floor(math.log10(wanted))
    step = next(power * part for part in _STEPS if power * part >= wanted - 1e-9)
    if whole:
        step = math.ceil(step)
    return step * 4, [step * count for count in (4, 3, 2, 1, 0)]


def _time_axis(highest: float) -> tuple[float, list[float]]:
    wanted = max(highest, 4.0) / 4
    step: float = next((time for time in _TIMES if time >= wanted), 0)
    if not step:
        step = math.ceil(wanted / _TIMES[-1]) * _TIMES[-1]
    return step * 4, [step * count for count in (4, 3, 2, 1, 0)]


def _paths(values: Sequence[float | None], top: float) -> tuple[str, str]:
    """The line where values follow one another, and the values that stand alone."""
    width = WIDTH / max(1, len(values))
    line, dots = [], []
    run: list[str] = []
    for number, value in enumerate([*values, None]):
        if value is not None:
            y = HEIGHT * (1 - min(value, top) / top)
            run.append(f"{round(width * (number + 0.5), 2)} {round(y, 2)}")
            continue
        if len(run) == 1:
            # A line without length, which its round ends make a dot.
            dots.append(f"M{run[0]}h0")
        elif run:
            line.append("M" + "L".join(run))
        run = []
    return "".join(line), "".join(dots)


def _spread(names: Sequence[str]) -> list[str]:
    """Some names, evenly far apart."""
    if len(names) <= _MOST_LABELS:
        return list(names)
    last = len(names) - 1
    return [names[round(last * number / (_MOST_LABELS - 1))] for number in range(_MOST_LABELS)]
