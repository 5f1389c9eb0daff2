"""Accounts of members of staff."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy.engine import Connection

from bot.errors import AccountRefused
from bot.model.staff import Presence, Role, StaffMember
from bot.record.database import Database
from bot.staff import audit
from bot.staff.audit import now
from bot.staff.passwords import Passwords, check, generated
from bot.staff.records import (
    Account,
    StaffRecords,
    account_of,
    checked_details,
    checked_login,
    login_of,
    member_of,
)
from bot.staff.sessions import revoke_sessions

Result = TypeVar("Result")

# Changed many times a day by everybody for themselves: in the audit log it would hide the rest.
_OWN_AFFAIR = frozenset({"presence", "sound"})


class Accounts:
    """Adds, finds and changes accounts; each change is in the audit log in the same transaction.

    `by` is the id of the account that does it, None for the command line. Every method that changes
    something raises AccountRefused where it can't be done, and has changed nothing then.
    """

    def __init__(
        self,
        database: Database,
        passwords: Passwords,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._clock = clock

    async def add(
        self,
        login: str,
        *,
        name: str,
        roles: Collection[Role],
        password: str | None = None,
        language: str = "en",
        capacity: int = 5,
        by: str | None = None,
    ) -> tuple[StaffMember, str]:
        """A new account, and its password: the one given, else a generated one, to be shown once."""
        columns = {
            "id": secrets.token_hex(16),
            "login": checked_login(login),
            **checked_details(
                {"name": name, "roles": roles, "language": language, "capacity": capacity}
            ),
            "presence": Presence.AVAILABLE.value,
            "sound": True,
            "created_at": self._clock(),
        }
        if password is None:
            password = generated()
        else:
            check(password, columns["login"])
        columns["password_hash"] = await self._passwords.hashed(password)

        def work(records: StaffRecords, note: _Note) -> StaffMember:
            records.add(columns)
            note("account.add", columns["login"], columns["roles"])
            return member_of(records.known(columns["id"]))

        return await self._change(work, by), password

    async def find(self, staff_id: str) -> Account | None:
        """By its id."""
        return await self._find(id=staff_id)

    async def find_login(self, login: str) -> Account | None:
        """By its login, however it is typed."""
        return await self._find(login=login_of(login))

    async def all(self) -> Sequence[Account]:
        """Every account, disabled ones too, by name."""
        rows = await self._database.read(lambda connection: StaffRecords(connection).rows())
        return [account_of(row) for row in rows]

    async def change(
        self,
        staff_id: str,
        *,
        by: str | None,
        name: str | None = None,
        roles: Collection[Role] | None = None,
        language: str | None = None,
        capacity: int | None = None,
        presence: Presence | None = None,
        sound: bool | None = None,
    ) -> StaffMember:
        """Change what is given. New roles hold from the next request on, in open sessions too."""
        given = {
            "name": name,
            "roles": roles,
            "language": language,
            "capacity": capacity,
            "presence": presence,
            "sound": sound,
        }
        columns = checked_details({key: value for key, value in given.items() if value is not None})

        def work(records: StaffRecords, note: _Note) -> StaffMember:
            before = records.known(staff_id)
            if roles is not None and Role.ADMINISTRATOR not in roles and not before.disabled_at:
                records.keep_an_administrator(staff_id)
            changed = {key: value for key, value in columns.items() if before[key] != value}
            records.update(staff_id, changed)
            told = [
                f"{key}: {before[key]} → {changed[key]}"
                for key in changed
                if key not in _OWN_AFFAIR
            ]
            if told:
                note("account.change", before.login, ", ".join(told))
            return member_of(records.known(staff_id))

        return await self._change(work, by)

    async def disable(self, staff_id: str, *, by: str | None) -> StaffMember:
        """Let nobody sign in with it any more; its sessions end."""

        def work(records: StaffRecords, note: _Note) -> StaffMember:
            before = records.known(staff_id)
            if before.disabled_at is None:
                records.keep_an_administrator(staff_id)
                records.update(staff_id, {"disabled_at": self._clock()})
                note("account.disable", before.login)
            note.revoke(staff_id)
            return member_of(records.known(staff_id))

        return await self._change(work, by)

    async def enable(self, staff_id: str, *, by: str | None) -> StaffMember:
        """Let it sign in again, with the password it had."""

        def work(records: StaffRecords, note: _Note) -> StaffMember:
            before = records.known(staff_id)
            if before.disabled_at is not None:
                records.update(staff_id, {"disabled_at": None})
                note("account.enable", before.login)
            return member_of(records.known(staff_id))

        return await self._change(work, by)

    async def set_password(
        self, staff_id: str, password: str | None = None, *, by: str | None
    ) -> str:
        """Set it, and end all its sessions. Returns the password: that given, else a generated one."""
        account = await self._known(staff_id)
        if password is None:
            password = generated()
        else:
            check(password, account.member.login)
        hashed = await self._passwords.hashed(password)

        def work(records: StaffRecords, note: _Note) -> None:
            records.known(staff_id)
            records.update(staff_id, {"password_hash": hashed})
            note("account.password", account.member.login, "set")
            note.revoke(staff_id)

        await self._change(work, by)
        return password

    async def change_password(
        self, staff_id: str, *, old: str, new: str, keep_session: str | None = None
    ) -> None:
        """One's own. Raises AccountRefused (`wrong_password`) where the old one is not right.

        Ends the account's other sessions; `keep_session` is the token hash of the one that stays.
        """
        account = await self._known(staff_id)
        row = await self._database.read(
            lambda connection: StaffRecords(connection).row(id=staff_id)
        )
        if row is None or not await self._passwords.verify(old, row.password_hash):
            raise AccountRefused("wrong_password", "the old password is not right")
        check(new, account.member.login)
        hashed = await self._passwords.hashed(new)

        def work(records: StaffRecords, note: _Note) -> None:
            if records.known(staff_id).password_hash != row.password_hash:
                raise AccountRefused("wrong_password", "the password was changed in the meantime")
            records.update(staff_id, {"password_hash": hashed})
            note("account.password", account.member.login, "changed")
            note.revoke(staff_id, keep_session)

        await self._change(work, staff_id)

    async def end_sessions(self, staff_id: str, *, by: str | None) -> int:
        """End all its sessions; how many there were."""

        def work(records: StaffRecords, note: _Note) -> int:
            login = records.known(staff_id).login
            ended = note.revoke(staff_id)
            note("account.sessions_ended", login, str(ended))
            return ended

        return await self._change(work, by)

    async def unlink(self, staff_id: str, *, by: str | None) -> None:
        """Forget at which OpenID provider's account it signs in."""

        def work(records: StaffRecords, note: _Note) -> None:
            before = records.known(staff_id)
            records.update(staff_id, {"oidc_subject": None})
            note("account.unlink", before.login)

        await self._change(work, by)

    async def _known(self, staff_id: str) -> Account:
        account = await self._find(id=staff_id)
        if account is None:
            raise AccountRefused("unknown", "there is no such account")
        return account

    async def _find(self, **by: str) -> Account | None:
        if any("\x00" in value for value in by.values()):
            return None
        row = await self._database.read(lambda connection: StaffRecords(connection).row(**by))
        return None if row is None else account_of(row)

    async def _change(
        self, work: Callable[[StaffRecords, _Note], Result], by: str | None
    ) -> Result:
        def locked(connection: Connection) -> Result:
            records = StaffRecords(connection)
            records.lock()
            return work(records, _Note(connection, self._clock(), by))

        return await self._database.write(locked)


class _Note:
    """What goes with a change, in its transaction: the audit's line, the end of sessions."""

    def __init__(self, connection: Connection, at: datetime, by: str | None) -> None:
        self._connection = connection
        self._at = at
        self._by = by

    def __call__(self, action: str, about: str, detail: Any = "") -> None:
        audit.add(self._connection, self._at, self._by, action, about, str(detail))

    def revoke(self, staff_id: str, keep: str | None = None) -> int:
        return revoke_sessions(self._connection, self._at, staff_id, keep=keep)
