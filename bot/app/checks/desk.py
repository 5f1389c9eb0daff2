"""The desk: its texts, who may sit at it, and whether customers can be sent files."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from bot.app.checks.result import Finding, ok, warning
from bot.errors import StorageUnavailable
from bot.handoff.texts import load_texts
from bot.model.staff import Role
from bot.record.database import Database, open_engine
from bot.record.migrate import is_current
from bot.settings import Settings
from bot.staff.accounts import Accounts
from bot.staff.passwords import Passwords


async def desk(settings: Settings) -> Sequence[Finding]:
    """The texts can be read, and somebody may answer customers. Raises SettingsError."""
    texts = await asyncio.to_thread(load_texts, settings.desk_texts_dir)
    languages = ", ".join(texts.languages)
    try:
        if not await asyncio.to_thread(is_current, settings.database_dsn):
            return [ok("Desk", f"texts in {languages}; accounts are made at the first start")]
        able = await _agents(settings)
    except StorageUnavailable:
        # That is a fault of the database's, and is told there.
        return [ok("Desk", f"texts in {languages}; accounts not known without the database")]
    if not able and settings.slack_handoff_channel is None:
        return [
            warning(
                "Desk",
                "nobody may answer a customer who asks for a person",
                "add an account: flerkanal user add LOGIN --name NAME --role agent",
            )
        ]
    return [ok("Desk", f"texts in {languages}; {able} accounts may answer customers")]


async def _agents(settings: Settings) -> int:
    record = Database(open_engine(settings.database_dsn, threads=1), threads=1)
    passwords = Passwords(threads=1)
    try:
        accounts = await Accounts(record, passwords).all()
    finally:
        passwords.close()
        record.close()
    members = [account.member for account in accounts]
    return sum(not one.disabled and one.has(Role.AGENT, Role.SUPERVISOR) for one in members)
