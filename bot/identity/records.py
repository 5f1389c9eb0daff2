"""Who is whom, in SQL: the statements of one transaction."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Table,
    bindparam,
    delete,
    insert,
    literal,
    null,
    or_,
    select,
    text,
    union_all,
    update,
)
from sqlalchemy.engine import Connection

from bot.model.people import ChannelIdentity, Participant
from bot.record.tables import channel_identities, identity_moves, people

# Between an identity's name and what tells a later conversation of its own from the first one.
_AGAIN = "#"

# Asked for every message: put together once, and one question to the database. The first part has
# the identity's row, if there is one, the second what it has left.
_WHO = union_all(
    select(
        literal(0).label("move"),
        people.c.id.label("person_id"),
        people.c.conversation_id,
        people.c.subject,
    )
    .select_from(channel_identities.join(people))
    .where(
        channel_identities.c.channel == bindparam("channel"),
        channel_identities.c.address == bindparam("address"),
    ),
    select(identity_moves.c.id, null(), identity_moves.c.conversation_id, null()).where(
        identity_moves.c.channel == bindparam("channel"),
        identity_moves.c.address == bindparam("address"),
        identity_moves.c.moved_at > bindparam("since"),
    ),
)


class PeopleRecords:
    """People and their identities over a transaction's connection, at the moment `now`.

    `remember`: how long it is known which conversation an identity has left.
    """

    def __init__(self, connection: Connection, now: datetime, remember: timedelta) -> None:
        self._connection = connection
        self._now = now
        self._remember = remember

    def lock(self) -> None:
        """Let nobody else change who is whom until the transaction is over.

        Two who join the same conversation at once must see one another. It happens at people's
        pace, so one at a time will do; SQLite's writers are one at a time anyway.
        """
        if self._connection.dialect.name == "postgresql":
            self._connection.execute(text("LOCK TABLE people IN SHARE ROW EXCLUSIVE MODE"))

    def participant(self, identity: ChannelIdentity) -> Participant:
        """Who that is."""
        rows = self._connection.execute(
            _WHO,
            {
                "channel": identity.channel,
                "address": identity.address,
                "since": self._now - self._remember,
            },
        ).all()
        person_id, conversation_id, subject = identity.name, identity.name, None
        moves = {}
        for row in rows:
            if row.person_id is None:
                moves[row.move] = row.conversation_id
            else:
                person_id, conversation_id, subject = row[1:]
        left = (moves[move] for move in sorted(moves, reverse=True))
        previous = tuple(dict.fromkeys(name for name in left if name != conversation_id))
        return Participant(person_id, conversation_id, previous, signed_in=subject is not None)

    def members(self, person_id: str) -> Sequence[ChannelIdentity]:
        """A person's identities, the first linked first."""
        rows = self._connection.execute(
            select(channel_identities.c.channel, channel_identities.c.address)
            .where(channel_identities.c.person_id == person_id)
            .order_by(channel_identities.c.linked_at, channel_identities.c.channel)
        )
        return [ChannelIdentity(channel, address) for channel, address in rows]

    def user(self, subject: str) -> Any | None:
        """The row of a site's own user, or None."""
        return self._connection.execute(
            select(people).where(people.c.subject == subject)
        ).one_or_none()

    def add_person(self, person_id: str, conversation_id: str, **details: str | None) -> None:
        """A new person."""
        self._connection.execute(
            insert(people).values(
                id=person_id,
                conversation_id=conversation_id,
                created_at=self._now,
                seen_at=self._now,
                **details,
            )
        )

    def update_person(self, person_id: str, **details: str | None) -> None:
        """What a site says of its user now."""
        self._connection.execute(
            update(people).where(people.c.id == person_id).values(seen_at=self._now, **details)
        )

    def join(self, identity: ChannelIdentity, other: ChannelIdentity) -> None:
        """Bring an identity into the conversation of another one, as the same person."""
        self.move(identity, self._record(other).person_id)

    def move(self, identity: ChannelIdentity, person_id: str) -> None:
        """Make an identity one of a person's, who is in the record."""
        before = self.participant(identity)
        if before.person_id != person_id:
            self._remove(identity)
            self._place(identity, person_id)
            self._settle(identity, before)

    def leave(self, identity: ChannelIdentity) -> None:
        """Make an identity a person of its own again; nothing where it is one."""
        before = self.participant(identity)
        if not is_own(identity, before.person_id):
            self._part(identity, before)

    def become_user(self, identity: ChannelIdentity, **details: str | None) -> None:
        """Make the person behind an identity a site's own user, with these details.

        The conversation becomes the user's. Whoever was linked to it before anybody had signed in
        has to leave: somebody else may have done that in the same browser. A conversation that is
        another user's stays theirs, and the new one begins an empty one.
        """
        if self.participant(identity).signed_in:
            person_id = f"user:{secrets.token_hex(16)}"
            self.add_person(person_id, person_id, **details)
            self.move(identity, person_id)
            return
        now = self._record(identity)
        self.update_person(now.person_id, **details)
        for other in self.members(now.person_id):
            if other != identity:
                self._part(other, self.participant(other))

    def _record(self, identity: ChannelIdentity) -> Participant:
        """Who that is, in the record from now on."""
        found = self.participant(identity)
        if not self._is_recorded(identity):
            self.add_person(found.person_id, found.conversation_id)
            self._place(identity, found.person_id)
        return found

    def _part(self, identity: ChannelIdentity, before: Participant) -> None:
        self._remove(identity)
        if not self._is_free(identity.name):
            # Others have stayed in the conversation that was once its own, or a signed-in user
            # has taken it over: it is theirs now.
            own = f"{identity.name}{_AGAIN}{secrets.token_hex(8)}"
            self.add_person(own, own)
            self._place(identity, own)
        self._settle(identity, before)

    def _is_recorded(self, identity: ChannelIdentity) -> bool:
        query = select(channel_identities.c.person_id).where(*_is(channel_identities, identity))
        return self._connection.execute(query).first() is not None

    def _is_free(self, name: str) -> bool:
        query = select(people.c.id).where(
            or_(people.c.id == name, people.c.conversation_id == name)
        )
        return self._connection.execute(query).first() is None

    def _place(self, identity: ChannelIdentity, person_id: str) -> None:
        self._connection.execute(
            insert(channel_identities).values(
                channel=identity.channel,
                address=identity.address,
                person_id=person_id,
                linked_at=self._now,
            )
        )

    def _remove(self, identity: ChannelIdentity) -> None:
        self._connection.execute(
            delete(channel_identities).where(*_is(channel_identities, identity))
        )

    def _settle(self, identity: ChannelIdentity, before: Participant) -> None:
        """What every move leaves: where the identity was, and nobody without an identity."""
        self._connection.execute(
            delete(identity_moves).where(identity_moves.c.moved_at <= self._now - self._remember)
        )
        self._connection.execute(
            insert(identity_moves).values(
                channel=identity.channel,
                address=identity.address,
                conversation_id=before.conversation_id,
                moved_at=self._now,
            )
        )
        if not self.members(before.person_id):
            self._connection.execute(
                delete(people).where(people.c.id == before.person_id, people.c.subject.is_(None))
            )


def is_own(identity: ChannelIdentity, person_id: str) -> bool:
    """Whether that is who the identity is by itself."""
    return person_id == identity.name or person_id.startswith(f"{identity.name}{_AGAIN}")


def _is(table: Table, identity: ChannelIdentity) -> tuple[Any, Any]:
    return table.c.channel == identity.channel, table.c.address == identity.address
