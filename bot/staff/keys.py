"""The key that signs what browsers hold for a moment."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime, timezone

from sqlalchemy import insert, select
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from bot.record.database import Database
from bot.record.tables import staff_keys

_NAME = "signing"
_BYTES = 32


class SigningKey:
    """32 bytes for one `purpose`: from the secret `given`, else from one that is made once and kept
    in the database, so that all processes have the same. Read at its first use.
    """

    def __init__(self, database: Database, given: str | None, purpose: str) -> None:
        self._database = database
        self._given = given
        self._purpose = purpose
        self._key: bytes | None = None

    async def get(self) -> bytes:
        """The key. Raises StorageUnavailable."""
        if self._key is None:
            secret = self._given if self._given is not None else await _kept(self._database)
            self._key = hmac.new(secret.encode(), self._purpose.encode(), hashlib.sha256).digest()
        return self._key


async def _kept(database: Database) -> str:
    found = await database.read(_read)
    if found is not None:
        return found
    try:
        return await database.write(_make)
    except IntegrityError:
        # Another process was faster.
        made = await database.read(_read)
        if made is None:
            raise
        return made


def _read(connection: Connection) -> str | None:
    query = select(staff_keys.c.value).where(staff_keys.c.name == _NAME)
    found: str | None = connection.execute(query).scalar_one_or_none()
    return found


def _make(connection: Connection) -> str:
    found = _read(connection)
    if found is not None:
        return found
    value = secrets.token_urlsafe(_BYTES)
    row = {"name": _NAME, "value": value, "created_at": datetime.now(timezone.utc)}
    connection.execute(insert(staff_keys).values(row))
    return value
