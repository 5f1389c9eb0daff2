"""What operators watch of the desk, from the record. See `bot.ports.DeskMonitor`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from sqlalchemy import and_, case, func, select
from sqlalchemy.engine import Connection
from sqlalchemy.sql.elements import ColumnElement

from bot.model.handoff import OPEN, State
from bot.model.staff import Presence
from bot.ports import (
    HANDLING_SECONDS,
    WAIT_SECONDS,
    DeskMonitor,
    DeskState,
    DeskTotals,
    Durations,
    TeamState,
)
from bot.record.database import Database
from bot.record.tables import episodes, handoffs, staff, teams
from bot.reporting.queries import HANDLING, WAIT, ended_alone


def _now() -> datetime:
    return datetime.now(timezone.utc)


class SqlDeskMonitor(DeskMonitor):
    """Counts in the database. `episode_minutes` as the archive has them; somebody whose console was
    not heard for `agent_gone_seconds` is not there.
    """

    def __init__(
        self,
        database: Database,
        *,
        episode_minutes: int,
        agent_gone_seconds: float,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self._database = database
        self._pause = timedelta(minutes=episode_minutes)
        self._gone = timedelta(seconds=agent_gone_seconds)
        self._clock = clock

    async def state(self) -> DeskState:
        """See the port."""
        now = self._clock()
        return await self._database.read(lambda c: _state(c, now, now - self._gone))

    async def totals(self) -> DeskTotals:
        """See the port."""
        over = self._clock() - self._pause
        return await self._database.read(lambda c: _totals(c, over))


def _state(connection: Connection, now: datetime, heard_since: datetime) -> DeskState:
    columns = handoffs.c
    rows = connection.execute(
        select(
            teams.c.name.label("team"),
            columns.state,
            func.count().label("number"),
            func.min(columns.waiting_since).label("since"),
        )
        .select_from(handoffs.outerjoin(teams, teams.c.id == columns.team_id))
        .where(columns.state.in_([state.value for state in OPEN]))
        .group_by(teams.c.name, columns.state)
    ).all()
    # Teams without anybody waiting are told as well: a series that comes and goes can't be watched.
    known = connection.execute(select(teams.c.name).where(teams.c.archived_at.is_(None)))
    names = {row.name for row in known} | {row.team or "" for row in rows}
    waiting = {row.team or "": row for row in rows if row.state == State.WAITING.value}
    served = {row.team or "": row.number for row in rows if row.state != State.WAITING.value}
    there = select(func.count()).where(
        staff.c.disabled_at.is_(None),
        staff.c.presence == Presence.AVAILABLE.value,
        staff.c.connected_at >= heard_since,
    )
    return DeskState(
        teams={
            name: TeamState(
                waiting=waiting[name].number if name in waiting else 0,
                longest_wait=_age(now, waiting[name].since) if name in waiting else 0.0,
                with_person=served.get(name, 0),
            )
            for name in names
        },
        staff_present=connection.execute(there).scalar_one(),
    )


def _totals(connection: Connection, over: datetime) -> DeskTotals:
    columns = handoffs.c
    is_over = episodes.c.last_at < over
    ended, alone = connection.execute(
        select(
            func.coalesce(func.sum(case((is_over, 1), else_=0)), 0),
            func.coalesce(func.sum(case((and_(is_over, ended_alone(over)), 1), else_=0)), 0),
        )
    ).one()
    return DeskTotals(
        causes=_counts(connection, columns.cause),
        ends=_counts(connection, columns.ended),
        points=_counts(connection, columns.rating),
        wait=_durations(connection, WAIT, WAIT_SECONDS),
        handling=_durations(connection, HANDLING, HANDLING_SECONDS),
        visits_ended=ended,
        visits_alone=alone,
    )


def _counts(connection: Connection, column: ColumnElement[Any]) -> Mapping[Any, int]:
    counted = select(column, func.count()).where(column.is_not(None)).group_by(column)
    return {row[0]: row[1] for row in connection.execute(counted)}


def _durations(
    connection: Connection, value: ColumnElement[Any], bounds: tuple[float, ...]
) -> Durations:
    measured = select(value.label("value")).select_from(handoffs).subquery("measured").c.value
    place: ColumnElement[Any] = case(
        *((measured <= bound, number) for number, bound in enumerate(bounds)), else_=len(bounds)
    ).label("place")
    counted = (
        select(place, func.count(), func.sum(measured))
        .where(measured.is_not(None))
        .group_by("place")
    )
    found = {number: (count, total) for number, count, total in connection.execute(counted)}
    return Durations(
        bounds=bounds,
        within=tuple(found.get(number, (0, 0.0))[0] for number in range(len(bounds) + 1)),
        seconds=max(0.0, sum(float(total) for _, total in found.values())),
    )


def _age(now: datetime, since: datetime) -> float:
    return max(0.0, (now - since).total_seconds())
