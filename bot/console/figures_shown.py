"""A report as the page shows it: tiles, plots over time, a table of its parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.console.figures_words import FigureWords
from bot.console.plots import Frame, Plot, Series
from bot.console.titles import CAUSES
from bot.console.words import mark
from bot.reporting.figures import Dimension, Figures, Spread
from bot.reporting.periods import Period
from bot.reporting.reports import Report

Value = Callable[[Figures], float | None]

MEDIAN = mark("Median")
P90 = mark("90th percentile")
POINTS = (5, 4, 3, 2, 1)


@dataclass(frozen=True)
class Tile:
    """A figure, and what to know about it."""

    title: str
    value: str
    more: str


@dataclass(frozen=True)
class Column:
    """A column of the table of parts; `cell` writes a part's figure, `more` what stands below it."""

    title: str
    cell: Callable[[Figures], str]
    more: Callable[[Figures], str] = lambda _: ""


@dataclass(frozen=True)
class Shown:
    """What the template draws. `rows` are the parts: a name, and for each column a text and what
    stands below it.
    `points` are how many gave so many points, and their share of the most.
    """

    tiles: Sequence[Tile]
    plots: Sequence[Plot]
    columns: Sequence[str]
    rows: Sequence[tuple[str, Sequence[tuple[str, str]]]]
    points: Sequence[tuple[int, str, float]]
    is_empty: bool


def shown(report: Report, period: Period, split: Dimension, words: FigureWords) -> Shown:
    """The report in a reader's words."""
    columns = _columns(words, with_visits=split.of_visits and report.total.visits is not None)
    given = report.total.handoffs.points
    most = max(given.values(), default=0)
    return Shown(
        tiles=_tiles(report.total, words),
        plots=_plots(report, period, words),
        columns=[column.title for column in columns],
        rows=[
            (
                words.part(split, choice),
                [(column.cell(figures), column.more(figures)) for column in columns],
            )
            for choice, figures in report.parts
        ],
        points=[
            (
                points,
                words.count(given.get(points, 0)),
                given.get(points, 0) / most if most else 0.0,
            )
            for points in POINTS
        ],
        is_empty=not report.total.handoffs.count
        and not (report.total.visits and report.total.visits.visits),
    )


def _tiles(total: Figures, words: FigureWords) -> list[Tile]:
    desk = total.handoffs
    p90 = mark("90th percentile %(time)s")
    tiles = []
    if total.visits is not None:
        visits = total.visits
        tiles = [
            Tile(
                words.text(mark("Visits")),
                words.count(visits.visits),
                words.text(mark("%(count)s messages"), count=words.count(visits.messages)),
            ),
            Tile(
                words.text(mark("Resolved by the bot alone")),
                words.share(visits.share_alone),
                words.text(
                    mark("%(alone)s of %(ended)s visits that are over"),
                    alone=words.count(visits.alone),
                    ended=words.count(visits.ended),
                ),
            ),
            Tile(
                words.text(mark("Messages understood")),
                words.share(visits.share_understood),
                words.text(
                    mark("first answer after %(time)s"),
                    time=words.lasting(visits.first_answer.median),
                ),
            ),
        ]
    return [
        *tiles,
        Tile(
            words.text(mark("Handed over")),
            words.count(desk.count),
            words.text(
                mark("answered by a person: %(count)s"),
                count=words.count(desk.first_word.count),
            ),
        ),
        Tile(
            words.text(mark("Wait, median")),
            words.lasting(desk.wait.median),
            words.text(p90, time=words.lasting(desk.wait.p90)),
        ),
        Tile(
            words.text(mark("Handling, median")),
            words.lasting(desk.handling.median),
            words.text(p90, time=words.lasting(desk.handling.p90)),
        ),
        Tile(
            words.text(mark("Closed as resolved")),
            words.share(desk.share_resolved),
            words.text(
                mark("not resolved: %(count)s"), count=words.count(desk.ends.get("unresolved", 0))
            ),
        ),
        Tile(
            words.text(mark("Rating")),
            words.points(desk.rating),
            words.text(mark("rated by %(count)s"), count=words.count(desk.rated)),
        ),
    ]


def _plots(report: Report, period: Period, words: FigureWords) -> list[Plot]:
    frame = Frame(
        [words.time(bucket, period.grain) for bucket, _ in report.times],
        [words.short_time(bucket.start, period.grain) for bucket, _ in report.times],
    )

    def series(name: str, look: str, value: Value) -> Series:
        return Series(words.text(name), look, [value(figures) for _, figures in report.times])

    plots = []
    if report.total.visits is not None:
        plots = [
            frame.bars(
                "visits",
                words.text(mark("Visits")),
                words.text(mark("Visits that began, by who dealt with them.")),
                [
                    series(mark("Resolved by the bot alone"), "s1", _visits("alone")),
                    series(mark("Handed over"), "s2", _visits("handed_over")),
                    series(mark("Neither"), "s3", _neither),
                ],
                words.count,
            ),
            frame.lines(
                "alone",
                words.text(mark("Resolved by the bot alone")),
                words.text(mark("Share of the visits that are over.")),
                [series(mark("Share"), "s1", _visits("share_alone"))],
                words.share,
                top=1.0,
            ),
        ]
    return [
        *plots,
        frame.bars(
            "handoffs",
            words.text(mark("Handed over")),
            words.text(mark("Handoffs that were asked for, by cause.")),
            [
                series(title, f"s{number}", _cause(cause))
                for number, (cause, title) in enumerate(CAUSES.items(), start=1)
            ],
            words.count,
        ),
        frame.lines(
            "wait",
            words.text(mark("Wait")),
            words.text(mark("From the request until a person came.")),
            [
                series(MEDIAN, "s1", lambda f: f.handoffs.wait.median),
                series(P90, "s2", lambda f: f.handoffs.wait.p90),
            ],
            words.lasting,
            times=True,
        ),
        frame.lines(
            "handling",
            words.text(mark("Handling")),
            words.text(mark("From a person's coming until the end.")),
            [
                series(MEDIAN, "s1", lambda f: f.handoffs.handling.median),
                series(P90, "s2", lambda f: f.handoffs.handling.p90),
            ],
            words.lasting,
            times=True,
        ),
        frame.lines(
            "rating",
            words.text(mark("Rating")),
            words.text(mark("The mean of what customers gave, out of 5.")),
            [series(mark("Rating"), "s1", lambda f: f.handoffs.rating)],
            words.points,
            top=5.0,
        ),
    ]


def _visits(name: str) -> Value:
    return lambda figures: getattr(figures.visits, name, None)


def _neither(figures: Figures) -> float:
    # Over without a solution, or not over yet.
    visits = figures.visits
    return 0 if visits is None else visits.visits - visits.alone - visits.handed_over


def _cause(cause: str) -> Value:
    return lambda figures: figures.handoffs.causes.get(cause, 0)


def _columns(words: FigureWords, *, with_visits: bool) -> list[Column]:
    columns = []
    if with_visits:
        columns = [
            Column(words.text(mark("Visits")), lambda f: words.count(_visits("visits")(f))),
            Column(
                words.text(mark("Resolved by the bot alone")),
                lambda f: words.share(_visits("share_alone")(f)),
            ),
            Column(
                words.text(mark("Messages understood")),
                lambda f: words.share(_visits("share_understood")(f)),
            ),
        ]

    def p90(spread: Spread) -> str:
        if spread.p90 is None:
            return ""
        return words.text(mark("90%%: %(time)s"), time=words.lasting(spread.p90))

    return [
        *columns,
        Column(words.text(mark("Handed over")), lambda f: words.count(f.handoffs.count)),
        Column(
            words.text(mark("Wait, median")),
            lambda f: words.lasting(f.handoffs.wait.median),
            lambda f: p90(f.handoffs.wait),
        ),
        Column(
            words.text(mark("First word, median")),
            lambda f: words.lasting(f.handoffs.first_word.median),
            lambda f: p90(f.handoffs.first_word),
        ),
        Column(
            words.text(mark("Handling, median")),
            lambda f: words.lasting(f.handoffs.handling.median),
            lambda f: p90(f.handoffs.handling),
        ),
        Column(
            words.text(mark("Closed as resolved")), lambda f: words.share(f.handoffs.share_resolved)
        ),
        Column(
            words.text(mark("Rating")),
            lambda f: words.points(f.handoffs.rating),
            lambda f: words.text(mark("rated by %(count)s"), count=words.count(f.handoffs.rated)),
        ),
    ]
