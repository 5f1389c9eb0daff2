"""The embedded ticket system: tickets in the record's database, SQLite or PostgreSQL."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.engine import Connection

from actions.sql.database import SqlDatabase
from actions.sql.statements import insert_once
from actions.tickets.desk import MOST_LISTED, TicketDesk
from actions.tickets.errors import TicketNotFound, TicketsUnavailable
from actions.tickets.migrate import migrate
from actions.tickets.model import Link, Ticket, TicketDraft, TicketState, storable
from actions.tickets.tables import ticket_links, ticket_notes, tickets

THREADS = 2
# Six digits: nobody takes a case for an order, which has five.
FIRST_NUMBER = 100_000


class SqlTicketDesk(TicketDesk):
    """Tickets by SQLAlchemy, on threads of its own, in tables that it makes and migrates itself.

    `dsn` as in `actions.sql.engine.build_engine`; each call takes at most `limit` seconds. `clock`
    gives seconds since the epoch. Nothing is opened before the first call.
    """

    def __init__(
        self, dsn: str, *, limit: float = 5.0, clock: Callable[[], float] = time.time
    ) -> None:
        self._database = SqlDatabase(
            dsn,
            name="tickets",
            setting="DATABASE_URL",
            threads=THREADS,
            limit=limit,
            unavailable=TicketsUnavailable,
            prepare=migrate,
        )
        self._clock = clock

    async def prepare(self) -> None:
        """See TicketDesk."""
        await self._database.prepare()

    async def check(self) -> str:
        """See TicketDesk."""
        await self._database.run(
            lambda connection: connection.execute(select(tickets.c.id).limit(1))
        )
        return "the SQL database"

    async def open(self, draft: TicketDraft, key: str) -> Ticket:
        """See TicketDesk."""
        return await self._database.run(lambda connection: self._open(connection, draft, key))

    async def add_note(self, ticket_id: str, text: str, key: str, *, public: bool = False) -> bool:
        """See TicketDesk."""

        def add(connection: Connection) -> bool:
            found = _row(connection, ticket_id)
            if not self._note(connection, found.id, text, key, public):
                return False
            self._set(connection, found.id)
            return True

        return await self._database.run(add)

    async def link(self, ticket_id: str, link: Link) -> bool:
        """See TicketDesk."""
        return await self._database.run(
            lambda connection: self._link(connection, _row(connection, ticket_id).id, link)
        )

    async def find(self, ticket_id: str) -> Ticket:
        """See TicketDesk."""
        return await self._database.run(lambda connection: _ticket(_row(connection, ticket_id)))

    async def of_conversation(self, conversation: str) -> tuple[Ticket, ...]:
        """See TicketDesk."""

        def look(connection: Connection) -> tuple[Ticket, ...]:
            rows = connection.execute(
                select(tickets)
                .join(ticket_links, ticket_links.c.ticket_id == tickets.c.id)
                .where(ticket_links.c.conversation == conversation)
                .order_by(tickets.c.id.desc())
                .limit(MOST_LISTED)
            )
            return tuple(_ticket(row) for row in rows)

        return await self._database.run(look)

    async def close_ticket(self, ticket_id: str) -> Ticket:
        """See TicketDesk."""

        def end(connection: Connection) -> Ticket:
            found = _row(connection, ticket_id)
            if found.state != TicketState.CLOSED.value:
                self._set(connection, found.id, state=TicketState.CLOSED.value)
            return _ticket(_row(connection, ticket_id))

        return await self._database.run(end)

    def close(self) -> None:
        """See TicketDesk."""
        self._database.close()

    def _open(self, connection: Connection, draft: TicketDraft, key: str) -> Ticket:
        now = self._now()
        row = {
            "key": key,
            "state": TicketState.NEW.value,
            "subject": draft.subject,
            "email": draft.email,
            "order_number": draft.order_number,
            "language": draft.language,
            "opened_at": now,
            "updated_at": now,
        }
        insert_once(connection, tickets, row)
        found = connection.execute(select(tickets).where(tickets.c.key == key)).one()
        self._note(connection, found.id, draft.text, key, public=True)
        self._link(connection, found.id, draft.link)
        return _ticket(found)

    def _note(self, connection: Connection, ticket: int, text: str, key: str, public: bool) -> bool:
        row = {
            "ticket_id": ticket,
            "key": key,
            "text": storable(text),
            "public": public,
            "written_at": self._now(),
        }
        return insert_once(connection, ticket_notes, row)

    def _link(self, connection: Connection, ticket: int, link: Link) -> bool:
        row = {
            "ticket_id": ticket,
            "conversation": link.conversation,
            "channel": link.channel,
            "person": link.person,
            "linked_at": self._now(),
        }
        return insert_once(connection, ticket_links, row)

    def _set(self, connection: Connection, ticket: int, **values: Any) -> None:
        connection.execute(
            update(tickets).where(tickets.c.id == ticket).values(updated_at=self._now(), **values)
        )

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), timezone.utc)


def _row(connection: Connection, ticket_id: str) -> Any:
    # SQLite and PostgreSQL have no longer integers.
    if not ticket_id.isascii() or not ticket_id.isdecimal() or len(ticket_id) > 9:
        raise TicketNotFound
    row = connection.execute(select(tickets).where(tickets.c.id == int(ticket_id))).one_or_none()
    if row is None:
        raise TicketNotFound
    return row


def _ticket(row: Any) -> Ticket:
    return Ticket(
        id=str(row.id),
        number=str(FIRST_NUMBER + row.id),
        state=TicketState(row.state),
        subject=row.subject,
        # SQLite gives back no time zone; all that is written here is UTC.
        updated_at=row.updated_at.replace(tzinfo=row.updated_at.tzinfo or timezone.utc),
    )
