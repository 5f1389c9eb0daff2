"""Web sessions in SQL. See `bot.ports.Sessions`."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

from sqlalchemy import insert, select, update
from sqlalchemy.engine import Connection

from bot.model.people import ChannelIdentity
from bot.ports import Sessions
from bot.record.database import Database
from bot.record.tables import web_sessions

CHANNEL = "web"

_TOKEN_BYTES = 32
_LONGEST_TOKEN = 128
# Often enough to tell which sessions are dead, seldom enough that reading writes nothing.
_SEEN_EVERY = timedelta(hours=1)


def _now() -> datetime:
    return datetime.now(timezone.utc)


class SqlSessions(Sessions):
    """Keeps a token's SHA-256 alone: who reads the database can't open a conversation with it.

    A plain hash will do, as nobody can guess 256 random bits.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime] = _now) -> None:
        self._database = database
        self._clock = clock

    async def create(self) -> tuple[str, ChannelIdentity]:
        """See the port."""
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        identity = ChannelIdentity(CHANNEL, secrets.token_hex(16))
        now = self._clock()
        row = {
            "token_hash": _hash(token),
            "address": identity.address,
            "created_at": now,
            "last_seen_at": now,
        }
        await self._database.write(lambda connection: connection.execute(insert(web_sessions), row))
        return token, identity

    async def find(self, token: str) -> ChannelIdentity | None:
        """See the port."""
        if not 0 < len(token) <= _LONGEST_TOKEN:
            return None
        token_hash = _hash(token)
        row = await self._database.read(lambda connection: _open_session(connection, token_hash))
        if row is None:
            return None
        address, last_seen_at = row
        now = self._clock()
        if now - last_seen_at >= _SEEN_EVERY:
            seen = (
                update(web_sessions)
                .where(web_sessions.c.token_hash == token_hash)
                .values(last_seen_at=now)
            )
            await self._database.write(lambda connection: connection.execute(seen))
        return ChannelIdentity(CHANNEL, address)

    async def revoke(self, token: str) -> None:
        """The token opens nothing any more; one that is not known is left at that."""
        revoked = (
            update(web_sessions)
            .where(web_sessions.c.token_hash == _hash(token), web_sessions.c.revoked_at.is_(None))
            .values(revoked_at=self._clock())
        )
        await self._database.write(lambda connection: connection.execute(revoked))


def _hash(token: str) -> str:
    # A token with half a surrogate pair is no token of ours, but must not break the look-up.
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _open_session(connection: Connection, token_hash: str) -> tuple[str, datetime] | None:
    columns = web_sessions.c
    row = connection.execute(
        select(columns.address, columns.last_seen_at).where(
            columns.token_hash == token_hash, columns.revoked_at.is_(None)
        )
    ).one_or_none()
    return None if row is None else (row.address, row.last_seen_at)
