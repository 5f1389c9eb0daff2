"""Who is who at the desk, in SQL. See `bot.ports.DeskDirectory`."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.engine import Connection

from bot.model.handoff import Agent, Handoff
from bot.model.staff import Role
from bot.ports import DeskDirectory, HandoffLabel
from bot.record.database import Database
from bot.record.tables import people, staff, teams

# Who may have a conversation with a customer.
_DESK = frozenset({Role.AGENT.value, Role.SUPERVISOR.value})


class SqlDeskDirectory(DeskDirectory):
    """Over the accounts, the teams and the people whom a site has named."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def label(self, handoff: Handoff) -> HandoffLabel:
        """See the port."""
        return await self._database.read(lambda connection: _label(connection, handoff))

    async def colleague(self, login: str) -> Agent | None:
        """See the port."""
        query = select(staff.c.id, staff.c.name, staff.c.roles).where(
            staff.c.login == login.strip().lower(), staff.c.disabled_at.is_(None)
        )
        row = await self._database.read(lambda c: c.execute(query).one_or_none())
        if row is None or _DESK.isdisjoint(row.roles.split(",")):
            return None
        return Agent(row.id, row.name)


def _label(connection: Connection, handoff: Handoff) -> HandoffLabel:
    customer = select(people.c.name, people.c.email).where(
        people.c.conversation_id == handoff.conversation_id
    )
    team = select(teams.c.name).where(teams.c.id == handoff.team_id)
    login = select(staff.c.login).where(staff.c.id == (handoff.owner and handoff.owner.id))
    found = connection.execute(customer).one_or_none()
    return HandoffLabel(
        customer=None if found is None else found.name or found.email,
        team=connection.execute(team).scalar_one_or_none(),
        owner_login=connection.execute(login).scalar_one_or_none(),
    )
