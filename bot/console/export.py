"""Figures as CSV, as RFC 4180 has it: commas, CRLF, quotes where needed; UTF-8 with a byte order
mark, without which Excel takes it for another encoding.
"""

from __future__ import annotations

import csv
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from io import StringIO
from zoneinfo import ZoneInfo

from bot.model.handoff import Cause
from bot.reporting.figures import Figures, Spread
from bot.reporting.reports import HandoffRow, Report

Cell = str | float | int | None

BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
# What a spreadsheet takes for the beginning of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")

_SPREADS = ("count", "mean", "median", "p90")
FIGURE_COLUMNS = (
    "visits",
    "visits_ended",
    "visits_resolved_alone",
    "visits_handed_over",
    "messages",
    "messages_misunderstood",
    *(f"first_answer_{part}_seconds" for part in _SPREADS[1:]),
    "handoffs",
    *(f"cause_{cause.value}" for cause in Cause),
    *(f"ended_{end}" for end in ("resolved", "unresolved", "returned", "turned_away", "left")),
    *(
        f"{what}_{part}" if part == "count" else f"{what}_{part}_seconds"
        for what in ("wait", "first_word", "handling")
        for part in _SPREADS
    ),
    "rating_mean",
    *(f"rated_{points}" for points in range(1, 6)),
)
HANDOFF_COLUMNS = (
    "handoff",
    "requested_at",
    "channel",
    "language",
    "topic",
    "cause",
    "team",
    "agent",
    "wait_seconds",
    "first_word_seconds",
    "handling_seconds",
    "ended",
    "rating",
)


def line(cells: Iterable[Cell]) -> str:
    """A line of the file. Texts that a spreadsheet would run are made texts by an apostrophe."""
    written = StringIO()
    csv.writer(written, lineterminator="\r\n").writerow([_safe(cell) for cell in cells])
    return written.getvalue()


def times_lines(report: Report) -> Iterator[str]:
    """One line for each part of the period."""
    yield BOM + line(["from", "to", *FIGURE_COLUMNS])
    for bucket, figures in report.times:
        yield line([bucket.start.isoformat(), bucket.end.isoformat(), *_cells(figures)])


def parts_lines(report: Report, dimension: str) -> Iterator[str]:
    """One line for each value of the dimension, then the total of them all."""
    yield BOM + line([dimension, "name", *FIGURE_COLUMNS])
    for choice, figures in report.parts:
        value, name = ("", "") if choice is None else (choice.value, choice.name or "")
        yield line([value, name, *_cells(figures)])
    yield line(["(total)", "", *_cells(report.total)])


async def handoff_lines(
    rows: AsyncIterator[HandoffRow], zone: ZoneInfo, *, with_agents: bool
) -> AsyncIterator[str]:
    """One line for each handoff."""
    columns = [name for name in HANDOFF_COLUMNS if with_agents or name != "agent"]
    yield BOM + line(columns)
    async for row in rows:
        cells = {
            "handoff": row.id,
            "requested_at": row.requested_at.astimezone(zone).isoformat(timespec="seconds"),
            "channel": row.channel,
            "language": row.language,
            "topic": row.topic,
            "cause": row.cause,
            "team": row.team,
            "agent": row.agent,
            "wait_seconds": _rounded(row.wait),
            "first_word_seconds": _rounded(row.first_word),
            "handling_seconds": _rounded(row.handling),
            "ended": row.ended,
            "rating": row.rating,
        }
        yield line(cells[name] for name in columns)


def _cells(figures: Figures) -> Sequence[Cell]:
    desk, visits = figures.handoffs, figures.visits
    of_visits: list[Cell] = [None] * 9
    if visits is not None:
        of_visits = [
            visits.visits,
            visits.ended,
            visits.alone,
            visits.handed_over,
            visits.messages,
            visits.misunderstood,
            *_spread(visits.first_answer)[1:],
        ]
    ends = ("resolved", "unresolved", "returned", "turned_away", "left")
    return [
        *of_visits,
        desk.count,
        *(desk.causes.get(cause.value, 0) for cause in Cause),
        *(desk.ends.get(end, 0) for end in ends),
        *_spread(desk.wait),
        *_spread(desk.first_word),
        *_spread(desk.handling),
        _rounded(desk.rating),
        *(desk.points.get(points, 0) for points in range(1, 6)),
    ]


def _spread(spread: Spread) -> list[Cell]:
    return [spread.count, *map(_rounded, (spread.mean, spread.median, spread.p90))]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _safe(cell: Cell) -> Cell:
    if isinstance(cell, str) and cell.lstrip(" ").startswith(_FORMULA):
        return f"'{cell}"
    return cell
