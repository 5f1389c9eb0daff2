"""Linking and signing in over the SQL record. See `bot.ports.Identities`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta, timezone
from typing import TypeVar

from sqlalchemy.engine import Connection

from bot.errors import LinkRefused
from bot.identity.code_records import CodeRecords
from bot.identity.codes import LINK_BITS, TYPED_BITS, hashed, new_code, normalized
from bot.identity.records import PeopleRecords
from bot.identity.tokens import IdentityTokens, refused
from bot.model.people import ChannelIdentity, LinkCode, Participant
from bot.ports import Identities
from bot.record.database import Database

Result = TypeVar("Result")

# How often it is worth writing down that a user was there.
_SEEN_EVERY = timedelta(hours=1)


def _now() -> datetime:
    return datetime.now(timezone.utc)


class SqlIdentities(Identities):
    """Keeps a row for who was linked or signed in; everybody else needs none.

    `tokens` checks who signs in; without it nobody can. `code_seconds` is how long a code works;
    codes for the channels in `typed_in` are short enough to be typed by hand. `remember_seconds` is
    how long a platform may repeat what it delivered before somebody moved: as long as the inbox
    knows a message again.
    """

    def __init__(
        self,
        database: Database,
        *,
        tokens: IdentityTokens | None = None,
        code_seconds: int = 600,
        typed_in: Collection[str] = ("slack",),
        remember_seconds: int = 7 * 24 * 3600,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self._database = database
        self._tokens = tokens
        self._code_time = timedelta(seconds=code_seconds)
        self._typed_in = frozenset(typed_in)
        self._remember = timedelta(seconds=remember_seconds)
        self._clock = clock

    async def resolve(self, identity: ChannelIdentity) -> Participant:
        """See the port."""
        return await self._read(lambda people, _: people.participant(identity))

    async def linked(self, identity: ChannelIdentity) -> Sequence[ChannelIdentity]:
        """See the port."""

        def work(people: PeopleRecords, _: CodeRecords) -> Sequence[ChannelIdentity]:
            members = people.members(people.participant(identity).person_id)
            return [other for other in members if other != identity]

        return await self._read(work)

    async def issue_code(self, identity: ChannelIdentity, channel: str) -> LinkCode:
        """See the port."""
        code = new_code(TYPED_BITS if channel in self._typed_in else LINK_BITS)
        expires_at = self._clock() + self._code_time

        def work(people: PeopleRecords, codes: CodeRecords) -> bool:
            people.lock()
            if codes.has_too_many(identity):
                return False
            codes.add(hashed(code), channel, identity, people.participant(identity), expires_at)
            return True

        if not await self._write(work):
            raise LinkRefused("too_many")
        return LinkCode(code, expires_at.timestamp())

    async def redeem(self, code: str, identity: ChannelIdentity) -> Participant:
        """See the port."""
        code_hash = hashed(normalized(code))

        def work(people: PeopleRecords, codes: CodeRecords) -> Participant | str:
            people.lock()
            found = codes.judge(code_hash, identity, people.participant)
            if isinstance(found, str):
                return found
            codes.mark_redeemed(code_hash, identity)
            people.join(identity, found)
            return people.participant(identity)

        # A refusal is no error inside of the transaction: the wrong try has to stay on record.
        outcome = await self._write(work)
        if isinstance(outcome, str):
            raise LinkRefused(outcome)
        return outcome

    async def unlink(self, identity: ChannelIdentity) -> Participant:
        """See the port."""

        def work(people: PeopleRecords, _: CodeRecords) -> Participant:
            people.lock()
            people.leave(identity)
            return people.participant(identity)

        return await self._write(work)

    async def sign_in(self, identity: ChannelIdentity, token: str) -> Participant:
        """See the port."""
        if self._tokens is None:
            raise refused()
        user = self._tokens.user(token)
        stated = {"name": user.name, "email": user.email}
        # A token that says nothing of its user takes nothing back either.
        details = stated if any(stated.values()) else {}

        def is_as_before(people: PeopleRecords, _: CodeRecords) -> Participant | None:
            known = people.user(user.subject)
            found = people.participant(identity)
            same = (
                known is not None
                and found.person_id == known.id
                and all(getattr(known, name) == value for name, value in details.items())
                and self._clock() - known.seen_at < _SEEN_EVERY
            )
            return found if same else None

        def work(people: PeopleRecords, codes: CodeRecords) -> Participant:
            people.lock()
            known = people.user(user.subject)
            if known is not None:
                people.update_person(known.id, **details)
                people.move(identity, known.id)
            else:
                # A code that was made before anybody had signed in is not the user's.
                codes.revoke(people.participant(identity).person_id)
                people.become_user(identity, subject=user.subject, **details)
            return people.participant(identity)

        # A page is loaded more often than somebody signs in.
        found = await self._read(is_as_before)
        return found if found is not None else await self._write(work)

    async def _read(self, work: Callable[[PeopleRecords, CodeRecords], Result]) -> Result:
        return await self._database.read(lambda connection: work(*self._records(connection)))

    async def _write(self, work: Callable[[PeopleRecords, CodeRecords], Result]) -> Result:
        return await self._database.write(lambda connection: work(*self._records(connection)))

    def _records(self, connection: Connection) -> tuple[PeopleRecords, CodeRecords]:
        now = self._clock()
        return PeopleRecords(connection, now, self._remember), CodeRecords(connection, now)
