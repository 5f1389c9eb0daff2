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


async def signing_key(database: Database, given: str | None, purpose: str) -> bytes:
    """32 bytes for one purpose: from the secret that is given, else from one that is made once and
    kept in the database, so that all processes have the same.
    """
    secret = given if given is not None else await _kept(database)
    return hmac.new(secret.encode(), purpose.encode(), hashlib.sha256).digest()


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
