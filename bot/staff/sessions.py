"""Sessions of staff at the console."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select, update
from sqlalchemy.engine import Connection

from bot.model.staff import StaffMember
from bot.record.database import Database
from bot.record.tables import staff, staff_sessions
from bot.staff.audit import now
from bot.staff.records import member_of

_TOKEN_BYTES = 32
_LONGEST_TOKEN = 128
_LONGEST_CLIENT = 255
# Exact enough for the idle limit, and most requests write nothing.
_SEEN_EVERY = timedelta(minutes=1)
# An ended session is kept so long, for whoever asks what happened to it.
_KEPT = timedelta(days=30)
_PUBLIC_ID = 16


@dataclass(frozen=True)
class StaffSession:
    """An open session. `token_hash` names it inside; `id`, its beginning, names it to people."""

    token_hash: str
    csrf_token: str
    client: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime

    @property
    def id(self) -> str:
        """Tells a person's sessions apart, and opens nothing."""
        return self.token_hash[:_PUBLIC_ID]


class StaffSessions:
    """Sessions end `hours` after the sign-in, and `idle_hours` after the last request before that.

    The browser has a token of 256 random bits, the database its SHA-256.
    """

    def __init__(
        self,
        database: Database,
        *,
        hours: float = 12.0,
        idle_hours: float = 2.0,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._database = database
        self._time = timedelta(hours=hours)
        self._idle = timedelta(hours=idle_hours)
        self._clock = clock

    @property
    def seconds(self) -> int:
        """How long a session lasts at most."""
        return int(self._time.total_seconds())

    async def create(self, staff_id: str, client: str) -> tuple[str, StaffSession]:
        """A new session, and its token for the browser."""
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        at = self._clock()
        session = StaffSession(
            token_hash=hashed(token),
            csrf_token=secrets.token_urlsafe(_TOKEN_BYTES),
            client="".join(c for c in client if c.isprintable())[:_LONGEST_CLIENT],
            created_at=at,
            last_seen_at=at,
            expires_at=at + self._time,
        )
        row = {**vars(session), "staff_id": staff_id}

        def work(connection: Connection) -> None:
            connection.execute(
                delete(staff_sessions).where(staff_sessions.c.expires_at < at - _KEPT)
            )
            connection.execute(insert(staff_sessions).values(row))

        await self._database.write(work)
        return token, session

    async def find(self, token: str) -> tuple[StaffMember, StaffSession] | None:
        """Who has that token, as their account is now; None where it opens nothing (any more)."""
        if not 0 < len(token) <= _LONGEST_TOKEN:
            return None
        return await self.renewed(hashed(token))

    async def renewed(self, token_hash: str) -> tuple[StaffMember, StaffSession] | None:
        """The same for a session that is known: whether it is open still. Counts as being there."""
        at = self._clock()
        query = (
            select(staff_sessions, *_ACCOUNT)
            .select_from(staff_sessions.join(staff))
            .where(
                staff_sessions.c.token_hash == token_hash,
                staff.c.disabled_at.is_(None),
                *self._open(at),
            )
        )
        row = await self._database.read(lambda connection: connection.execute(query).one_or_none())
        if row is None:
            return None
        if at - row.last_seen_at >= _SEEN_EVERY:
            seen = (
                update(staff_sessions)
                .where(staff_sessions.c.token_hash == token_hash)
                .values(last_seen_at=at)
            )
            await self._database.write(lambda connection: connection.execute(seen))
        return member_of(_AccountOf(row)), _session_of(row)

    async def of(self, staff_id: str) -> Sequence[StaffSession]:
        """Somebody's open sessions, the last used first."""
        query = (
            select(staff_sessions)
            .where(staff_sessions.c.staff_id == staff_id, *self._open(self._clock()))
            .order_by(staff_sessions.c.last_seen_at.desc(), staff_sessions.c.created_at.desc())
        )
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return [_session_of(row) for row in rows]

    async def revoke(self, staff_id: str, session_id: str) -> bool:
        """End one of somebody's sessions by its `id`; whether there was one."""
        for session in await self.of(staff_id):
            if secrets.compare_digest(session.id, session_id):
                await self.end(session.token_hash)
                return True
        return False

    async def end_others(self, staff_id: str, token_hash: str) -> int:
        """End all of somebody's sessions but this one; how many there were."""
        at = self._clock()
        return await self._database.write(
            lambda connection: revoke_sessions(connection, at, staff_id, keep=token_hash)
        )

    async def end(self, token_hash: str) -> None:
        """End a session."""
        ended = (
            update(staff_sessions)
            .where(staff_sessions.c.token_hash == token_hash, staff_sessions.c.revoked_at.is_(None))
            .values(revoked_at=self._clock())
        )
        await self._database.write(lambda connection: connection.execute(ended))

    def _open(self, at: datetime) -> Sequence[object]:
        columns = staff_sessions.c
        return (
            columns.revoked_at.is_(None),
            columns.expires_at > at,
            columns.last_seen_at > at - self._idle,
        )


def hashed(token: str) -> str:
    """What is kept of a token; nobody can guess 256 random bits, so a plain hash will do."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def revoke_sessions(
    connection: Connection, at: datetime, staff_id: str, *, keep: str | None = None
) -> int:
    """End somebody's sessions within a transaction, all but the one with the token hash `keep`."""
    columns = staff_sessions.c
    ended = (
        update(staff_sessions)
        .where(
            columns.staff_id == staff_id,
            columns.revoked_at.is_(None),
            columns.expires_at > at,
            columns.token_hash != (keep or ""),
        )
        .values(revoked_at=at)
    )
    return int(connection.execute(ended).rowcount)


# Both tables have columns of the same name.
_ACCOUNT = [column.label(f"account_{column.name}") for column in staff.c]


class _AccountOf:
    """A joined row's part that is the account's."""

    def __init__(self, row: object) -> None:
        self._row = row

    def __getattr__(self, name: str) -> object:
        return getattr(self._row, f"account_{name}")


def _session_of(row: object) -> StaffSession:
    return StaffSession(**{name: getattr(row, name) for name in StaffSession.__dataclass_fields__})
