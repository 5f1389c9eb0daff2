"""The teams of the desk, kept by administrators."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from bot.errors import HandoffRefused
from bot.handoff.store import OPEN_STATES, utc_now
from bot.handoff.team import Problem, Team, columns_of, problems, team_of
from bot.record.database import Database
from bot.record.tables import handoffs, staff, team_members, teams

DEFAULT_TEAM = "default"


@dataclass(frozen=True)
class Member:
    """An account that may be in teams."""

    id: str
    name: str
    login: str


class TeamRefused(HandoffRefused):
    """A team can't be saved so; `problems` are what is wrong, field by field."""

    def __init__(self, found: Sequence[Problem]) -> None:
        self.problems = tuple(found)
        super().__init__("bad_team", " ".join(str(problem) for problem in found))


class Teams:
    """A team without members is staffed by everybody who talks to customers.

    There is always a default team, which takes what no other one does: as long as nobody has made
    one, it is there by itself, always open, in the time zone `time_zone`.
    """

    def __init__(
        self,
        database: Database,
        *,
        time_zone: str = "Europe/Oslo",
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database = database
        self._time_zone = time_zone
        self._clock = clock

    async def list(self, *, archived: bool = False) -> Sequence[Team]:
        """By name, the default one first. `archived`: those as well."""

        def work(connection: Connection) -> Sequence[Team]:
            # Made here, so that it can be found by its id and changed.
            all_teams(connection, self._clock(), self._time_zone)
            query = select(teams).order_by(teams.c.is_default.desc(), func.lower(teams.c.name))
            rows = connection.execute(query).all()
            return [team_of(row) for row in rows if archived or row.archived_at is None]

        return await self._database.write(work)

    async def find(self, team_id: str) -> Team:
        """Raises HandoffRefused (`unknown`)."""
        return await self._database.read(lambda connection: _find(connection, team_id))

    async def save(self, team: Team) -> Team:
        """Make a team (where it has no id), or change one. Raises TeamRefused, HandoffRefused.

        The one that is made the default takes that from the one that was.
        """
        found = problems(team)
        if found:
            raise TeamRefused(found)
        return await self._database.write(lambda connection: self._save(connection, team))

    async def archive(self, team_id: str) -> None:
        """Take it out of use: what waits in its queue goes to the default team.

        Raises HandoffRefused: `not_possible` for the default team.
        """

        def work(connection: Connection) -> None:
            team = _find(connection, team_id)
            if team.is_default:
                raise HandoffRefused(
                    "not_possible", "Make another team the default one first: one must be there"
                )
            default = next(
                item
                for item in all_teams(connection, self._clock(), self._time_zone)
                if item.is_default
            )
            connection.execute(
                update(teams).where(teams.c.id == team_id).values(archived_at=self._clock())
            )
            connection.execute(
                update(teams)
                .where(teams.c.escalation_team_id == team_id)
                .values(escalation_team_id=None)
            )
            connection.execute(
                update(handoffs)
                .where(handoffs.c.team_id == team_id, handoffs.c.state.in_(OPEN_STATES))
                .values(team_id=default.id)
            )

        await self._database.write(work)

    async def members(self, team_id: str) -> Sequence[Member]:
        """By name; disabled accounts are left out."""
        query = (
            select(staff.c.id, staff.c.name, staff.c.login)
            .join(team_members, team_members.c.staff_id == staff.c.id)
            .where(team_members.c.team_id == team_id, staff.c.disabled_at.is_(None))
            .order_by(func.lower(staff.c.name))
        )
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return [Member(row.id, row.name, row.login) for row in rows]

    async def set_members(self, team_id: str, staff_ids: Collection[str]) -> None:
        """Exactly these. Raises HandoffRefused (`unknown`) for an account that is none."""

        def work(connection: Connection) -> None:
            _find(connection, team_id)
            known = select(staff.c.id).where(staff.c.id.in_(list(staff_ids)))
            missing = set(staff_ids) - set(connection.execute(known).scalars())
            if missing:
                raise HandoffRefused("unknown", f"There is no account {min(missing)}")
            connection.execute(delete(team_members).where(team_members.c.team_id == team_id))
            rows = [
                {"team_id": team_id, "staff_id": staff_id} for staff_id in sorted(set(staff_ids))
            ]
            if rows:
                connection.execute(insert(team_members), rows)

        await self._database.write(work)

    async def of_member(self, staff_id: str) -> Sequence[str]:
        """The ids of the teams whose queue somebody works on: their own, and those without members."""
        return await self._database.read(lambda connection: teams_of(connection, staff_id))

    def _save(self, connection: Connection, team: Team) -> Team:
        before = None if team.id is None else _find(connection, team.id)
        _check_against_others(connection, team, before)
        now = self._clock()
        team_id = team.id or secrets.token_hex(8)
        if team.is_default:
            connection.execute(update(teams).values(is_default=False))
        if before is None:
            row = {"id": team_id, "created_at": now, **columns_of(team)}
            connection.execute(insert(teams), row)
        else:
            changed = update(teams).where(teams.c.id == team_id)
            connection.execute(changed.values(archived_at=None, **columns_of(team)))
        return _find(connection, team_id)


def all_teams(
    connection: Connection, now: datetime, time_zone: str, *, create: bool = True
) -> Sequence[Team]:
    """Those in use. Where there is no default one yet it is among them, and made if `create`."""
    query = select(teams).where(teams.c.archived_at.is_(None)).order_by(func.lower(teams.c.name))
    found = [team_of(row) for row in connection.execute(query)]
    if any(team.is_default for team in found):
        return found
    default = Team(name="Customer service", id=DEFAULT_TEAM, timezone=time_zone, is_default=True)
    if not create:
        return [*found, default]
    try:
        with connection.begin_nested():
            row = {"id": DEFAULT_TEAM, "created_at": now, **columns_of(default)}
            connection.execute(insert(teams), row)
    except IntegrityError:
        # Another process has just made it.
        return [*found, _find(connection, DEFAULT_TEAM)]
    return [*found, default]


def teams_of(connection: Connection, staff_id: str) -> Sequence[str]:
    """See `Teams.of_member`."""
    with_members = select(team_members.c.team_id)
    own = select(team_members.c.team_id).where(team_members.c.staff_id == staff_id)
    query = select(teams.c.id).where(
        teams.c.archived_at.is_(None), teams.c.id.in_(own) | teams.c.id.not_in(with_members)
    )
    return list(connection.execute(query).scalars())


def _find(connection: Connection, team_id: str) -> Team:
    row = connection.execute(select(teams).where(teams.c.id == team_id)).one_or_none()
    if row is None:
        raise HandoffRefused("unknown", "There is no such team")
    return team_of(row)


def _check_against_others(connection: Connection, team: Team, before: Team | None) -> None:
    others = [
        team_of(row)
        for row in connection.execute(select(teams).where(teams.c.id != (team.id or "")))
    ]
    found = []
    if any(other.name.lower() == team.name.strip().lower() for other in others):
        found.append(
            Problem("name", "%(value)s is another team's name already.", {"value": team.name})
        )
    if team.escalation_team_id and not any(
        other.id == team.escalation_team_id and not other.archived for other in others
    ):
        found.append(Problem("escalation_team_id", "Choose a team that is in use."))
    if before is not None and before.is_default and not team.is_default:
        found.append(Problem("is_default", "Make another team the default one instead."))
    if found:
        raise TeamRefused(found)
