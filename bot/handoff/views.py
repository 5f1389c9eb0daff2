"""What the console shows of the desk: the queue, an agent's conversations, the live board."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.engine import Connection, Row
from sqlalchemy.sql.selectable import Select

from bot.handoff import routing
from bot.handoff.lines import (
    AgentLine,
    EventLine,
    HandoffRow,
    History,
    Note,
    QueuePage,
    TeamLine,
)
from bot.handoff.store import kept, seconds, storable, utc_now
from bot.handoff.teams import all_teams
from bot.model.handoff import State
from bot.model.messages import Author
from bot.model.staff import Presence, Role
from bot.record.database import Database
from bot.record.tables import (
    handoff_events,
    handoff_notes,
    handoff_tags,
    handoffs,
    people,
    staff,
    teams,
    utterances,
)

_LONGEST_LINE = 200
_DESK = {Role.AGENT.value, Role.SUPERVISOR.value}


class DeskViews:
    """Reads alone. `gone_seconds`, `time_zone` and `clock` as the desk's."""

    def __init__(
        self,
        database: Database,
        *,
        gone_seconds: float = 120.0,
        time_zone: str = "Europe/Oslo",
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database = database
        self._gone = timedelta(seconds=gone_seconds)
        self._time_zone = time_zone
        self._clock = clock

    async def queue(
        self, team_ids: Collection[str] | None = None, *, limit: int = 50, offset: int = 0
    ) -> QueuePage:
        """Those who wait, for these teams or for any."""

        def work(connection: Connection) -> QueuePage:
            waiting = [handoffs.c.state == State.WAITING.value]
            if team_ids is not None:
                waiting.append(handoffs.c.team_id.in_(list(team_ids)))
            total = select(func.count()).select_from(handoffs).where(*waiting)
            page = (
                _rows()
                .where(*waiting)
                .order_by(handoffs.c.waiting_since, handoffs.c.id)
                .limit(limit)
                .offset(offset)
            )
            return QueuePage(_read(connection, page), connection.execute(total).scalar_one())

        return await self._database.read(work)

    async def mine(self, owner_id: str) -> Sequence[HandoffRow]:
        """The conversations that somebody has, the one taken first first."""
        query = (
            _rows()
            .where(handoffs.c.owner_id == owner_id, handoffs.c.state == State.WITH_PERSON.value)
            .order_by(handoffs.c.claimed_at, handoffs.c.id)
        )
        return await self._database.read(lambda connection: _read(connection, query))

    async def row(self, handoff_id: str) -> HandoffRow | None:
        """One handoff, open or not."""
        query = _rows().where(handoffs.c.id == storable(handoff_id))
        found = await self._database.read(lambda connection: _read(connection, query))
        return found[0] if found else None

    async def teams_board(self) -> Sequence[TeamLine]:
        """Every team in use, by name."""

        def work(connection: Connection) -> Sequence[TeamLine]:
            now = self._clock()
            counts = _counts(connection)
            lines = []
            for team in all_teams(connection, now, self._time_zone, create=False):
                waiting, since, with_person = counts.get(team.id or "", (0, None, 0))
                there = routing.present(connection, team.id, now - self._gone)
                lines.append(
                    TeamLine(
                        team_id=team.id or "",
                        name=team.name,
                        is_open=team.opening_hours.is_open(now),
                        waiting=waiting,
                        waiting_since=seconds(since),
                        with_person=with_person,
                        present=len(there),
                        room=sum(max(0, item.capacity - item.busy) for item in there),
                    )
                )
            return lines

        return await self._database.read(work)

    async def agents_board(self) -> Sequence[AgentLine]:
        """Everybody who talks to customers, with their conversations: accounts that are in use, and
        who has some at the Slack desk.
        """

        def work(connection: Connection) -> Sequence[AgentLine]:
            having = _rows().where(handoffs.c.state == State.WITH_PERSON.value)
            by_owner: dict[str, list[HandoffRow]] = {}
            for row in _read(connection, having.order_by(handoffs.c.claimed_at)):
                if row.handoff.owner is not None:
                    by_owner.setdefault(row.handoff.owner.id, []).append(row)
            query = (
                select(staff)
                .where(staff.c.disabled_at.is_(None))
                .order_by(func.lower(staff.c.name))
            )
            lines = [
                AgentLine(
                    row.id,
                    row.name,
                    "console",
                    self._status(row),
                    row.capacity,
                    by_owner.pop(row.id, []),
                )
                for row in connection.execute(query)
                if not _DESK.isdisjoint(row.roles.split(",")) or row.id in by_owner
            ]
            return [*lines, *_without_account(by_owner)]

        return await self._database.read(work)

    async def history(self, conversation_id: str) -> History:
        """What the desk did with a conversation, from the first time on."""

        def work(connection: Connection) -> History:
            query = _rows().where(handoffs.c.conversation_id == conversation_id)
            rows = _read(connection, query.order_by(handoffs.c.requested_at))
            ids = [row.handoff.id for row in rows]
            return History(rows, _events(connection, ids), _notes(connection, conversation_id))

        return await self._database.read(work)

    def _status(self, row: Row) -> str:
        if row.connected_at is None or row.connected_at < self._clock() - self._gone:
            return "gone"
        return "there" if row.presence == Presence.AVAILABLE.value else "away"


def _rows() -> Select:
    last = (
        select(utterances.c.id)
        .where(
            utterances.c.conversation_id == handoffs.c.conversation_id,
            utterances.c.author == Author.CUSTOMER.value,
        )
        .order_by(utterances.c.cursor.desc())
        .limit(1)
        .correlate(handoffs)
        .scalar_subquery()
    )
    return (
        select(
            handoffs,
            teams.c.name.label("team_name"),
            people.c.name.label("customer_name"),
            func.substr(utterances.c.text, 1, _LONGEST_LINE).label("last_words"),
            utterances.c.at.label("last_at"),
        )
        .select_from(handoffs)
        .outerjoin(teams, teams.c.id == handoffs.c.team_id)
        .outerjoin(people, people.c.conversation_id == handoffs.c.conversation_id)
        .outerjoin(utterances, utterances.c.id == last)
    )


def _read(connection: Connection, query: Select) -> Sequence[HandoffRow]:
    rows = connection.execute(query).all()
    tags = _tags(connection, [row.id for row in rows])
    return [
        HandoffRow(
            handoff=kept(row).handoff,
            team=row.team_name,
            customer=row.customer_name,
            last_words=row.last_words,
            last_at=seconds(row.last_at),
            tags=tuple(tags.get(row.id, ())),
            escalated=row.escalated_at is not None,
        )
        for row in rows
    ]


def _tags(connection: Connection, ids: Sequence[str]) -> Mapping[str, Sequence[str]]:
    found: dict[str, list[str]] = {}
    if ids:
        query = select(handoff_tags).where(handoff_tags.c.handoff_id.in_(ids))
        for row in connection.execute(query.order_by(handoff_tags.c.tag)):
            found.setdefault(row.handoff_id, []).append(row.tag)
    return found


def _counts(connection: Connection) -> Mapping[str, tuple[int, Any, int]]:
    waiting = handoffs.c.state == State.WAITING.value
    query = (
        select(
            handoffs.c.team_id,
            func.count().filter(waiting).label("waiting"),
            func.min(handoffs.c.waiting_since).filter(waiting).label("since"),
            func.count().filter(~waiting).label("with_person"),
        )
        .where(handoffs.c.state.in_((State.WAITING.value, State.WITH_PERSON.value)))
        .group_by(handoffs.c.team_id)
    )
    return {
        row.team_id: (row.waiting, row.since, row.with_person) for row in connection.execute(query)
    }


def _events(connection: Connection, ids: Sequence[str]) -> Sequence[EventLine]:
    if not ids:
        return []
    owner = select(handoffs.c.owner_id, handoffs.c.owner_name).where(handoffs.c.id.in_(ids))
    names = {row.owner_id: row.owner_name for row in connection.execute(owner)}
    query = (
        select(handoff_events, teams.c.name.label("team_name"), staff.c.name.label("staff_name"))
        .outerjoin(teams, teams.c.id == handoff_events.c.team_id)
        .outerjoin(staff, staff.c.id == handoff_events.c.owner_id)
        .where(handoff_events.c.handoff_id.in_(ids))
        .order_by(handoff_events.c.at, handoff_events.c.id)
    )
    rows = connection.execute(query).all()
    names.update({row.actor_id: row.actor_name for row in rows if row.actor_id})
    return [
        EventLine(
            handoff_id=row.handoff_id,
            version=row.version,
            at=row.at.timestamp(),
            step=row.step,
            after=row.after,
            actor=row.actor_name,
            owner=row.staff_name or names.get(row.owner_id),
            team=row.team_name,
            note=row.note,
        )
        for row in rows
    ]


def _notes(connection: Connection, conversation_id: str) -> Sequence[Note]:
    query = select(handoff_notes).where(handoff_notes.c.conversation_id == conversation_id)
    return [
        Note(row.handoff_id, row.at.timestamp(), row.author_id, row.author_name, row.text)
        for row in connection.execute(query.order_by(handoff_notes.c.at, handoff_notes.c.id))
    ]


def _without_account(by_owner: Mapping[str, Sequence[HandoffRow]]) -> Sequence[AgentLine]:
    lines = []
    for owner_id, rows in by_owner.items():
        owner = rows[0].handoff.owner
        assert owner is not None
        status = "there" if owner.desk == "slack" else "gone"
        lines.append(AgentLine(owner_id, owner.name, owner.desk, status, None, rows))
    return sorted(lines, key=lambda line: line.name.lower())
