"""Which team a customer goes to, and who of it is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.engine import Connection
from sqlalchemy.sql.selectable import Select

from bot.handoff.team import ALL, Team
from bot.model.handoff import Agent, State
from bot.model.staff import Presence, Role
from bot.record.tables import handoffs, staff, team_members

_DESK = {Role.AGENT.value, Role.SUPERVISOR.value}


@dataclass(frozen=True)
class Account:
    """A member of staff as the queue sees them: `busy` is how many conversations they have."""

    id: str
    name: str
    capacity: int
    busy: int
    disabled: bool = False

    @property
    def is_free(self) -> bool:
        """Whether there is room for one more."""
        return self.busy < self.capacity

    @property
    def agent(self) -> Agent:
        """As the desk knows them."""
        return Agent(self.id, self.name)


def pick_team(
    teams: Sequence[Team], now: datetime, *, named: str | None, topic: str | None, language: str
) -> Team:
    """The team that is named, else one for the topic and the language, else one for the language,
    else the default one. Of several that fit equally, one that is open comes first.
    """

    def best(found: Sequence[Team]) -> Team | None:
        return min(
            found, key=lambda team: (not team.opening_hours.is_open(now), team.name), default=None
        )

    wanted = (named or "").casefold()
    steps = (
        [team for team in teams if wanted and wanted in {team.id, team.name.casefold()}],
        [team for team in teams if topic in team.topics and team.speaks(language)],
        [
            team
            for team in teams
            if ALL in team.topics and team.speaks(language) and ALL not in team.languages
        ],
        [team for team in teams if team.is_default],
    )
    for step in steps:
        found = best(step)
        if found is not None:
            return found
    return teams[0]


def account(
    connection: Connection, staff_id: str, lock: bool = False, wait: bool = True
) -> Account | None:
    """One account. `lock`: their conversations are not counted by anybody else until the end; None
    without `wait` where somebody else has it locked.
    """
    if lock:
        # Locked before it is counted: what another transaction has just given them counts too.
        locked = select(staff.c.id).where(staff.c.id == staff_id)
        query = locked.with_for_update(skip_locked=not wait)
        if connection.execute(query).first() is None:
            return None
    row = connection.execute(_accounts().where(staff.c.id == staff_id)).one_or_none()
    if row is None:
        return None
    return Account(row.id, row.name, row.capacity, row.busy, row.disabled_at is not None)


def present(connection: Connection, team_id: str | None, seen_since: datetime) -> Sequence[Account]:
    """Who is there of a team, those with the fewest conversations first. Without a team: of all."""
    members = set(
        connection.execute(
            select(team_members.c.staff_id).where(team_members.c.team_id == team_id)
        ).scalars()
    )
    query = (
        _accounts()
        .where(
            staff.c.disabled_at.is_(None),
            staff.c.presence == Presence.AVAILABLE.value,
            staff.c.connected_at >= seen_since,
        )
        .order_by("busy", staff.c.name, staff.c.id)
    )
    return [
        Account(row.id, row.name, row.capacity, row.busy)
        for row in connection.execute(query)
        if (row.id in members if members else not _DESK.isdisjoint(row.roles.split(",")))
    ]


def connected_since(connection: Connection, staff_id: str, since: datetime) -> bool:
    """Whether an account that is in use had a console open since then."""
    query = select(staff.c.id).where(
        staff.c.id == staff_id, staff.c.disabled_at.is_(None), staff.c.connected_at >= since
    )
    return connection.execute(query).first() is not None


def _accounts() -> Select:
    busy = (
        select(func.count())
        .select_from(handoffs)
        .where(handoffs.c.owner_id == staff.c.id, handoffs.c.state == State.WITH_PERSON.value)
        .scalar_subquery()
    )
    return select(
        staff.c.id,
        staff.c.name,
        staff.c.roles,
        staff.c.capacity,
        staff.c.disabled_at,
        busy.label("busy"),
    )
