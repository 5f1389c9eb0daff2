"""Accounts in SQL: the statements of one transaction."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.engine import Connection

from bot.errors import AccountRefused
from bot.model.staff import Presence, Role, StaffMember
from bot.record.tables import staff

LANGUAGES = ("en", "nb")
MOST_CAPACITY = 100

_LONGEST = 255
# A short name, or an e-mail address: what comes before and after the @ is the mail system's affair.
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._+-]*(@[a-z0-9][a-z0-9.-]*)?")


@dataclass(frozen=True)
class Account:
    """A member of staff, and what only administration shows of them."""

    member: StaffMember
    created_at: datetime
    connected_at: datetime | None
    has_password: bool
    is_linked: bool


def login_of(typed: str) -> str:
    """A login as it is kept: NFKC, without spaces around it, in lower case."""
    return unicodedata.normalize("NFKC", typed).strip().lower()


def checked_login(typed: str) -> str:
    """Raises AccountRefused (`bad_login`) for what can't be one."""
    login = login_of(typed)
    if len(login) > _LONGEST or not _LOGIN.fullmatch(login):
        raise AccountRefused(
            "bad_login",
            "the login must be an e-mail address or a short name of a-z, 0-9, dots and dashes",
        )
    return login


def checked_details(details: dict[str, Any]) -> dict[str, Any]:
    """The columns to write for what is to be changed. Raises AccountRefused."""
    columns: dict[str, Any] = {}
    for name, value in details.items():
        columns[name] = _CHECKS[name](value)
    return columns


class StaffRecords:
    """Accounts over a transaction's connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def lock(self) -> None:
        """Let nobody else change accounts until the transaction is over, so that of two who take
        the last two administrators' role at once one is refused. SQLite's writers are one at a time.
        """
        if self._connection.dialect.name == "postgresql":
            self._connection.execute(text("LOCK TABLE staff IN SHARE ROW EXCLUSIVE MODE"))

    def row(self, **by: str) -> Any | None:
        """The account's row by its `id`, `login` or `oidc_subject`."""
        ((column, value),) = by.items()
        return self._connection.execute(select(staff).where(staff.c[column] == value)).one_or_none()

    def known(self, staff_id: str) -> Any:
        """The account's row. Raises AccountRefused (`unknown`)."""
        row = self.row(id=staff_id)
        if row is None:
            raise AccountRefused("unknown", "there is no such account")
        return row

    def rows(self) -> Sequence[Any]:
        """All, by name."""
        return self._connection.execute(select(staff).order_by(func.lower(staff.c.name))).all()

    def count(self) -> int:
        """How many there are, disabled ones too."""
        return int(self._connection.execute(select(func.count()).select_from(staff)).scalar_one())

    def add(self, columns: dict[str, Any]) -> None:
        """A new account. Raises AccountRefused (`login_taken`)."""
        if self.row(login=columns["login"]) is not None:
            raise AccountRefused("login_taken", f"there is an account {columns['login']} already")
        self._connection.execute(insert(staff).values(columns))

    def update(self, staff_id: str, columns: dict[str, Any]) -> None:
        """Change columns."""
        if columns:
            self._connection.execute(update(staff).where(staff.c.id == staff_id).values(columns))

    def keep_an_administrator(self, staff_id: str) -> None:
        """Raises AccountRefused (`last_administrator`) where this one, who is to go, is the last."""
        others = self._connection.execute(
            select(staff.c.roles).where(staff.c.id != staff_id, staff.c.disabled_at.is_(None))
        )
        if not any(Role.ADMINISTRATOR in roles_of(row.roles) for row in others):
            raise AccountRefused(
                "last_administrator",
                "this is the last administrator: make somebody else one first",
            )


def member_of(row: Any) -> StaffMember:
    """From an account's row."""
    return StaffMember(
        id=row.id,
        login=row.login,
        name=row.name,
        roles=roles_of(row.roles),
        language=row.language,
        capacity=row.capacity,
        presence=Presence(row.presence),
        disabled=row.disabled_at is not None,
        sound=row.sound,
    )


def account_of(row: Any) -> Account:
    """From an account's row."""
    return Account(
        member_of(row),
        created_at=row.created_at,
        connected_at=row.connected_at,
        has_password=row.password_hash is not None,
        is_linked=row.oidc_subject is not None,
    )


def roles_of(kept: str) -> frozenset[Role]:
    """From the column."""
    return frozenset(Role(name) for name in kept.split(",") if name)


def _roles(roles: Collection[Role]) -> str:
    if not roles:
        raise AccountRefused("no_role", "the account needs a role at least")
    return ",".join(role.value for role in Role if role in roles)


def _name(typed: str) -> str:
    name = " ".join(unicodedata.normalize("NFC", typed).split())
    if not 0 < len(name) <= _LONGEST or not name.isprintable():
        raise AccountRefused("bad_name", f"the name needs 1 to {_LONGEST} readable characters")
    return name


def _capacity(capacity: int) -> int:
    if not 1 <= capacity <= MOST_CAPACITY:
        raise AccountRefused(
            "bad_capacity", f"the conversations at once must be 1 to {MOST_CAPACITY}"
        )
    return capacity


def _language(language: str) -> str:
    if language not in LANGUAGES:
        raise AccountRefused("bad_language", f"the language must be one of {', '.join(LANGUAGES)}")
    return language


_CHECKS: dict[str, Any] = {
    "roles": _roles,
    "name": _name,
    "capacity": _capacity,
    "language": _language,
    "presence": lambda presence: Presence(presence).value,
    "sound": bool,
}
