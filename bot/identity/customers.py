"""Who is behind a conversation, for staff: their name, where a site has told it, and their channels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.engine import Connection

from bot.model.people import ChannelIdentity
from bot.record.database import Database
from bot.record.tables import channel_identities, people


@dataclass(frozen=True)
class Customer:
    """`identities` are all that are linked, the first linked first; none is known of who never was."""

    name: str | None = None
    email: str | None = None
    signed_in: bool = False
    identities: Sequence[ChannelIdentity] = ()


class SqlCustomers:
    """Reads people by their conversation."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, conversation_id: str) -> Customer:
        """Raises StorageUnavailable."""

        def work(connection: Connection) -> Customer:
            person = connection.execute(
                select(people).where(people.c.conversation_id == conversation_id)
            ).one_or_none()
            if person is None:
                return Customer()
            rows = connection.execute(
                select(channel_identities.c.channel, channel_identities.c.address)
                .where(channel_identities.c.person_id == person.id)
                .order_by(channel_identities.c.linked_at, channel_identities.c.channel)
            )
            return Customer(
                person.name,
                person.email,
                person.subject is not None,
                [ChannelIdentity(*row) for row in rows],
            )

        return await self._database.read(work)
