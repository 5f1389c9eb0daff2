"""The console's first account, for an installation that has none."""

from __future__ import annotations

import secrets
from datetime import datetime, timezone

from sqlalchemy.engine import Connection

from bot.model.staff import Presence, Role
from bot.record.database import Database
from bot.staff import audit
from bot.staff.passwords import Passwords, generated
from bot.staff.records import StaffRecords, checked_details

LOGIN = "admin"


async def ensure_first_account(database: Database) -> tuple[str, str] | None:
    """Make the account `admin` where there is no account at all; its login and its password.

    None where there is one already. Of several processes that start at once, one makes it. The
    password is nowhere but in what is returned: show it, once.
    """
    if await database.read(_count) > 0:
        return None
    password = generated()
    passwords = Passwords(threads=1)
    try:
        hashed = await passwords.hashed(password)
    finally:
        passwords.close()
    at = datetime.now(timezone.utc)
    columns = {
        "id": secrets.token_hex(16),
        "login": LOGIN,
        "password_hash": hashed,
        **checked_details(
            {
                "name": "Administrator",
                "roles": [Role.AGENT, Role.SUPERVISOR, Role.ADMINISTRATOR],
                "language": "en",
                "capacity": 5,
            }
        ),
        "presence": Presence.AVAILABLE.value,
        "sound": True,
        "created_at": at,
    }

    def work(connection: Connection) -> bool:
        records = StaffRecords(connection)
        records.lock()
        if records.count() > 0:
            return False
        records.add(columns)
        audit.add(connection, at, None, "account.add", LOGIN, f"{columns['roles']}, the first one")
        return True

    return (LOGIN, password) if await database.write(work) else None


def _count(connection: Connection) -> int:
    return StaffRecords(connection).count()
