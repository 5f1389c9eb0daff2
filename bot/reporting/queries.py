"""The figures in SQL, the same for both databases: each statement groups by one expression."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import and_, case, func, literal_column, or_, select
from sqlalchemy.engine import Connection
from sqlalchemy.sql import Select
from sqlalchemy.sql.elements import ColumnElement

from bot.model.handoff import Cause
from bot.record.moments import seconds_between
from bot.record.tables import episodes, handoffs, utterances
from bot.reporting.figures import Dimension, HandoffFigures, Selection, Spread, VisitFigures
from bot.reporting.periods import Period

Expression = ColumnElement[Any]

ALL = literal_column("0")

VISIT_COLUMNS: Mapping[Dimension, Expression] = {
    Dimension.CHANNEL: episodes.c.channel,
    Dimension.LANGUAGE: episodes.c.language,
    Dimension.TOPIC: episodes.c.intent,
}
HANDOFF_COLUMNS: Mapping[Dimension, Expression] = {
    Dimension.CHANNEL: handoffs.c.channel,
    Dimension.LANGUAGE: handoffs.c.language,
    Dimension.TOPIC: handoffs.c.topic,
    Dimension.TEAM: handoffs.c.team_id,
    Dimension.AGENT: handoffs.c.owner_id,
}

_ENDED = func.coalesce(handoffs.c.first_claimed_at, handoffs.c.ended_at)
_NOT_WAITED = or_(
    handoffs.c.cause == Cause.STAFF_TOOK_OVER.value,
    and_(handoffs.c.ended == "turned_away", handoffs.c.first_claimed_at.is_(None)),
)
WAIT: Expression = case((_NOT_WAITED, None), else_=seconds_between(handoffs.c.requested_at, _ENDED))
HANDLING: Expression = seconds_between(handoffs.c.first_claimed_at, handoffs.c.ended_at)
_FIRST_WORD_AT = (
    select(func.min(utterances.c.at))
    .where(
        utterances.c.conversation_id == handoffs.c.conversation_id,
        utterances.c.author == literal_column("'staff'"),
        utterances.c.at >= handoffs.c.first_claimed_at,
        or_(handoffs.c.ended_at.is_(None), utterances.c.at <= handoffs.c.ended_at),
    )
    .scalar_subquery()
)
FIRST_WORD: Expression = seconds_between(handoffs.c.requested_at, _FIRST_WORD_AT)


def ended_alone(over: datetime) -> Expression:
    """A visit that is over, the last word having been said before `over`, and was the bot's alone."""
    return and_(
        episodes.c.last_at < over,
        episodes.c.handoff_id.is_(None),
        episodes.c.ended_understood,
    )


def visits(
    connection: Connection, period: Period, selection: Selection, group: Expression, over: datetime
) -> dict[Any, VisitFigures]:
    """The visits' figures by group."""
    columns = episodes.c
    counts = _of_visits(period, selection).add_columns(
        group.label("part"),
        # In the order of VisitFigures.
        func.count(),
        _how_many(columns.last_at < over),
        _how_many(ended_alone(over)),
        _how_many(columns.handoff_id.is_not(None)),
        func.sum(columns.turns),
        func.sum(columns.misunderstood),
    )
    found = {
        part: VisitFigures(*numbers)
        for part, *numbers in connection.execute(counts.group_by("part"))
    }
    answers = _spreads(
        connection, _of_visits(period, selection), group, columns.first_answer_seconds
    )
    return {part: replace(found[part], first_answer=answers.get(part, Spread())) for part in found}


def desk(
    connection: Connection, period: Period, selection: Selection, group: Expression
) -> dict[Any, HandoffFigures]:
    """The handoffs' figures by group."""
    columns = handoffs.c
    base = of_handoffs(period, selection)
    counts = base.add_columns(
        group.label("part"), columns.cause, columns.ended, columns.rating, func.count().label("n")
    ).group_by("part", columns.cause, columns.ended, columns.rating)
    parts: dict[Any, tuple[dict[str, int], dict[str, int], dict[int, int]]] = {}
    for part, cause, ended, rating, count in connection.execute(counts):
        causes, ends, points = parts.setdefault(part, ({}, {}, {}))
        causes[cause] = causes.get(cause, 0) + count
        if ended is not None:
            ends[ended] = ends.get(ended, 0) + count
        if rating is not None:
            points[rating] = points.get(rating, 0) + count
    waits, words, handling = (
        _spreads(connection, base, group, value) for value in (WAIT, FIRST_WORD, HANDLING)
    )
    return {
        part: HandoffFigures(
            count=sum(causes.values()),
            wait=waits.get(part, Spread()),
            first_word=words.get(part, Spread()),
            handling=handling.get(part, Spread()),
            causes=causes,
            ends=ends,
            points=points,
        )
        for part, (causes, ends, points) in parts.items()
    }


def of_handoffs(period: Period, selection: Selection) -> Select:
    """The handoffs of a period, without columns yet."""
    columns = handoffs.c
    statement = select().select_from(handoffs)
    statement = statement.where(
        columns.requested_at >= period.since, columns.requested_at < period.until
    )
    return _selected(statement, selection, HANDOFF_COLUMNS)


def _of_visits(period: Period, selection: Selection) -> Select:
    columns = episodes.c
    statement = select().select_from(episodes)
    statement = statement.where(columns.began_at >= period.since, columns.began_at < period.until)
    return _selected(statement, selection, VISIT_COLUMNS)


def _selected(
    statement: Select, selection: Selection, columns: Mapping[Dimension, Expression]
) -> Select:
    for dimension, column in columns.items():
        wanted = selection.of(dimension)
        if wanted is not None:
            statement = statement.where(column == wanted)
    return statement


def _how_many(condition: Expression) -> Expression:
    return func.sum(case((condition, 1), else_=0))


def _spreads(
    connection: Connection, base: Select, group: Expression, value: Expression
) -> dict[Any, Spread]:
    # The nearest rank by window functions, since SQLite has no percentiles.
    values = base.add_columns(group.label("part"), value.label("value")).subquery("measured")
    ranked = (
        select(
            values.c.part,
            values.c.value,
            func.row_number().over(partition_by=values.c.part, order_by=values.c.value).label("n"),
            func.count().over(partition_by=values.c.part).label("total"),
        )
        .where(values.c.value.is_not(None))
        .subquery("ranked")
    )
    columns = ranked.c
    spreads = select(
        columns.part,
        func.count(),
        func.avg(columns.value),
        func.min(case((columns.n * 2 >= columns.total, columns.value))),
        func.min(case((columns.n * 10 >= columns.total * 9, columns.value))),
    ).group_by(columns.part)
    return {
        part: Spread(count, *(max(0.0, float(value)) for value in (mean, median, p90)))
        for part, count, mean, median, p90 in connection.execute(spreads)
    }
