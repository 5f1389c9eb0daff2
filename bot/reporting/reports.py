"""Reports over a period, and the handoffs behind them one by one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.engine import Connection

from bot.record.database import Database
from bot.record.tables import episodes, handoffs, teams
from bot.reporting import queries
from bot.reporting.figures import Dimension, Figures, HandoffFigures, Selection, VisitFigures
from bot.reporting.periods import Bucket, Period

_PAGE = 500
_MOST_CHOICES = 200


def _now() -> datetime:
    return datetime.now(timezone.utc)


@dataclass(frozen=True)
class Choice:
    """A value of a dimension that occurs, and its name where it has one of its own."""

    value: str
    name: str | None = None


@dataclass(frozen=True)
class Report:
    """`total` of the period, `times` for each bucket of it in order, and `parts` of the dimension
    that it was split by, those with the most first; None is what has no value there.
    """

    total: Figures
    times: Sequence[tuple[Bucket, Figures]]
    parts: Sequence[tuple[Choice | None, Figures]]


@dataclass(frozen=True)
class HandoffRow:
    """One handoff, with durations in seconds. Nothing that the customer said is in it."""

    id: str
    conversation_id: str
    requested_at: datetime
    channel: str
    language: str
    topic: str | None
    cause: str
    team: str | None
    agent: str | None
    wait: float | None
    first_word: float | None
    handling: float | None
    ended: str | None
    rating: int | None


class Reports:
    """Computes figures from the record. `episode_minutes` as the archive has them.

    Every method may raise StorageUnavailable.
    """

    def __init__(
        self, database: Database, *, episode_minutes: int, clock: Callable[[], datetime] = _now
    ) -> None:
        self._database = database
        self._pause = timedelta(minutes=episode_minutes)
        self._clock = clock

    async def report(
        self, period: Period, selection: Selection, split: Dimension = Dimension.CHANNEL
    ) -> Report:
        """The figures of a period."""
        over = self._clock() - self._pause

        def work(connection: Connection) -> Report:
            def figures(visits: Any, desk: Any) -> dict[Any, Figures]:
                of_desk = queries.desk(connection, period, selection, desk)
                if visits is None or selection.of_desk_alone:
                    return {part: Figures(None, found) for part, found in of_desk.items()}
                of_visits = queries.visits(connection, period, selection, visits, over)
                return {
                    part: Figures(
                        of_visits.get(part, VisitFigures()), of_desk.get(part, HandoffFigures())
                    )
                    for part in [*of_visits, *(part for part in of_desk if part not in of_visits)]
                }

            nothing = Figures(None if selection.of_desk_alone else VisitFigures(), HandoffFigures())
            total = figures(queries.ALL, queries.ALL).get(0, nothing)
            by_time = figures(
                period.key_of(episodes.c.began_at), period.key_of(handoffs.c.requested_at)
            )
            parts = figures(queries.VISIT_COLUMNS.get(split), queries.HANDOFF_COLUMNS[split])
            names = _names(connection, split)
            return Report(
                total,
                [(bucket, by_time.get(bucket.key, nothing)) for bucket in period.buckets],
                [
                    (None if value is None else Choice(value, names.get(value)), parts[value])
                    for value in sorted(parts, key=lambda value: _size(parts[value]))
                ],
            )

        return await self._database.read(work)

    async def choices(self, period: Period) -> Mapping[Dimension, Sequence[Choice]]:
        """What occurs in a period, to choose from: the most frequent first, teams by name."""

        def work(connection: Connection) -> Mapping[Dimension, Sequence[Choice]]:
            return {dimension: _choices(connection, period, dimension) for dimension in Dimension}

        return await self._database.read(work)

    async def handoffs(self, period: Period, selection: Selection) -> AsyncIterator[HandoffRow]:
        """The handoffs that were asked for in a period, the earliest first, read page by page."""
        after: tuple[datetime, str] | None = None
        while True:
            page = await self._database.read(partial(_page, period, selection, after))
            for row in page:
                yield HandoffRow(**row)
            if len(page) < _PAGE:
                return
            after = page[-1]["requested_at"], page[-1]["id"]


def _size(figures: Figures) -> tuple[int, int]:
    visits = figures.visits.visits if figures.visits is not None else 0
    return -visits, -figures.handoffs.count


def _names(connection: Connection, dimension: Dimension) -> dict[str, str]:
    if dimension is Dimension.TEAM:
        return {row.id: row.name for row in connection.execute(select(teams.c.id, teams.c.name))}
    if dimension is Dimension.AGENT:
        columns = handoffs.c
        named = select(columns.owner_id, func.max(columns.owner_name)).group_by(columns.owner_id)
        return {row[0]: row[1] for row in connection.execute(named) if row[0] is not None}
    return {}


def _choices(connection: Connection, period: Period, dimension: Dimension) -> list[Choice]:
    table, column, at = handoffs, queries.HANDOFF_COLUMNS[dimension], handoffs.c.requested_at
    if dimension.of_visits:
        table, column, at = episodes, queries.VISIT_COLUMNS[dimension], episodes.c.began_at
    values = (
        select(column.label("value"))
        .select_from(table)
        .where(at >= period.since, at < period.until, column.is_not(None))
        .group_by(column)
        .order_by(func.count().desc(), column)
        .limit(_MOST_CHOICES)
    )
    names = _names(connection, dimension)
    found = [Choice(row.value, names.get(row.value)) for row in connection.execute(values)]
    return found if dimension.of_visits else sorted(found, key=lambda one: one.name or one.value)


def _page(
    period: Period, selection: Selection, after: tuple[datetime, str] | None, connection: Connection
) -> Sequence[Mapping[str, Any]]:
    columns = handoffs.c
    statement = (
        queries.of_handoffs(period, selection)
        .add_columns(
            columns.id,
            columns.conversation_id,
            columns.requested_at,
            columns.channel,
            columns.language,
            columns.topic,
            columns.cause,
            teams.c.name.label("team"),
            columns.owner_name.label("agent"),
            queries.WAIT.label("wait"),
            queries.FIRST_WORD.label("first_word"),
            queries.HANDLING.label("handling"),
            columns.ended,
            columns.rating,
        )
        .outerjoin(teams, teams.c.id == columns.team_id)
        .order_by(columns.requested_at, columns.id)
        .limit(_PAGE)
    )
    if after is not None:
        at, last = after
        statement = statement.where(
            or_(columns.requested_at > at, (columns.requested_at == at) & (columns.id > last))
        )
    return connection.execute(statement).mappings().all()
