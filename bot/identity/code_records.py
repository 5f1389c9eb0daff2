"""One-time codes in SQL: the statements of one transaction."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.engine import Connection

from bot.model.people import ChannelIdentity, Participant
from bot.record.tables import link_codes, wrong_codes

# Within `_LATELY`. Somebody who mistypes needs a few tries; who guesses needs 2^64.
MOST_CODES = 20
MOST_WRONG = 5
_LATELY = timedelta(hours=1)
# How long it can be told that a code is too old, rather than that there was none.
_KEEP = timedelta(days=1)


class CodeRecords:
    """Codes over a transaction's connection, at the moment `now`."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def has_too_many(self, issuer: ChannelIdentity) -> bool:
        """Whether somebody has asked for codes again and again."""
        count: int = self._connection.execute(
            select(func.count())
            .select_from(link_codes)
            .where(*_issued_by(issuer), link_codes.c.issued_at > self._now - _LATELY)
        ).scalar_one()
        return count >= MOST_CODES

    def add(
        self,
        code_hash: str,
        channel: str,
        issuer: ChannelIdentity,
        participant: Participant,
        expires_at: datetime,
    ) -> None:
        """A new code for `channel`; the issuer's earlier ones for it work no more."""
        self._connection.execute(
            delete(link_codes).where(link_codes.c.issued_at <= self._now - _KEEP)
        )
        self._connection.execute(
            update(link_codes)
            .where(
                *_issued_by(issuer),
                link_codes.c.channel == channel,
                link_codes.c.redeemed_at.is_(None),
                link_codes.c.revoked_at.is_(None),
            )
            .values(revoked_at=self._now)
        )
        self._connection.execute(
            insert(link_codes).values(
                code_hash=code_hash,
                channel=channel,
                issuer_channel=issuer.channel,
                issuer_address=issuer.address,
                person_id=participant.person_id,
                conversation_id=participant.conversation_id,
                issued_at=self._now,
                expires_at=expires_at,
            )
        )

    def revoke(self, person_id: str) -> None:
        """All of a person's codes work no more."""
        self._connection.execute(
            update(link_codes)
            .where(link_codes.c.person_id == person_id, link_codes.c.redeemed_at.is_(None))
            .values(revoked_at=self._now)
        )

    def judge(
        self,
        code_hash: str,
        identity: ChannelIdentity,
        who_is: Callable[[ChannelIdentity], Participant],
    ) -> ChannelIdentity | str:
        """Who made the code, if `identity` may use it now; else why it is refused, in one word.

        A wrong code is counted against the identity that tried it.
        """
        if self._has_too_many_wrong(identity):
            return "too_many"
        code = self._connection.execute(
            select(link_codes).where(link_codes.c.code_hash == code_hash)
        ).one_or_none()
        if code is None or code.revoked_at is not None:
            return self._wrong(identity, "unknown")
        if code.channel != identity.channel:
            return self._wrong(identity, "other_channel")
        issuer = ChannelIdentity(code.issuer_channel, code.issuer_address)
        there = who_is(issuer)
        is_there = (there.person_id, there.conversation_id) == (
            code.person_id,
            code.conversation_id,
        )
        if code.redeemed_at is not None:
            again = code.redeemed_by == identity.address and is_there
            if again and who_is(identity).person_id == code.person_id:
                return issuer
            return "used"
        if code.expires_at <= self._now:
            return "late"
        # Its maker has moved on: what they have left is not theirs to give away.
        return issuer if is_there else self._wrong(identity, "unknown")

    def mark_redeemed(self, code_hash: str, identity: ChannelIdentity) -> None:
        """The code is used up."""
        self._connection.execute(
            update(link_codes)
            .where(link_codes.c.code_hash == code_hash, link_codes.c.redeemed_at.is_(None))
            .values(redeemed_at=self._now, redeemed_by=identity.address)
        )

    def _has_too_many_wrong(self, identity: ChannelIdentity) -> bool:
        count: int = self._connection.execute(
            select(func.count())
            .select_from(wrong_codes)
            .where(
                wrong_codes.c.channel == identity.channel,
                wrong_codes.c.address == identity.address,
                wrong_codes.c.tried_at > self._now - _LATELY,
            )
        ).scalar_one()
        return count >= MOST_WRONG

    def _wrong(self, identity: ChannelIdentity, reason: str) -> str:
        self._connection.execute(
            delete(wrong_codes).where(wrong_codes.c.tried_at <= self._now - _LATELY)
        )
        self._connection.execute(
            insert(wrong_codes).values(
                channel=identity.channel, address=identity.address, tried_at=self._now
            )
        )
        return reason


def _issued_by(issuer: ChannelIdentity) -> tuple[object, object]:
    return (
        link_codes.c.issuer_channel == issuer.channel,
        link_codes.c.issuer_address == issuer.address,
    )
