"""Who did what at the console, kept for good."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

from sqlalchemy import insert, select
from sqlalchemy.engine import Connection

from bot.record.database import Database
from bot.record.tables import staff, staff_audit

_LONGEST_ABOUT = 320
_LONGEST_DETAIL = 2_000


def now() -> datetime:
    """The moment, in UTC."""
    return datetime.now(timezone.utc)


@dataclass(frozen=True)
class AuditEntry:
    """One thing done. `name` is the name of who did it now, None for the command line or nobody.

    `action` is such as `account.disable`; `about` what it was done to, such as a login.
    """

    id: int
    at: datetime
    staff_id: str | None
    name: str | None
    action: str
    about: str
    detail: str


class Audit:
    """The audit log. Nothing in it is ever changed."""

    def __init__(self, database: Database, clock: Callable[[], datetime] = now) -> None:
        self._database = database
        self._clock = clock

    async def record(self, staff_id: str | None, action: str, about: str, detail: str = "") -> None:
        """Note that somebody did something. What is too long is cut."""
        at = self._clock()
        await self._database.write(
            lambda connection: add(connection, at, staff_id, action, about, detail)
        )

    async def entries(
        self,
        *,
        before: int | None = None,
        action: str | None = None,
        staff_id: str | None = None,
        limit: int = 50,
    ) -> Sequence[AuditEntry]:
        """The newest first; those older than the entry `before`, whose action begins with `action`."""
        columns = staff_audit.c
        query = (
            select(
                columns.id,
                columns.at,
                columns.staff_id,
                staff.c.name,
                columns.action,
                columns.about,
                columns.detail,
            )
            .select_from(staff_audit.outerjoin(staff, staff.c.id == columns.staff_id))
            .order_by(columns.id.desc())
            .limit(limit)
        )
        if before is not None:
            query = query.where(columns.id < before)
        if action:
            query = query.where(columns.action.startswith(action, autoescape=True))
        if staff_id:
            query = query.where(columns.staff_id == staff_id)
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return [AuditEntry(*row) for row in rows]


def add(
    connection: Connection,
    at: datetime,
    staff_id: str | None,
    action: str,
    about: str,
    detail: str = "",
) -> None:
    """Note it in the transaction that does it."""
    connection.execute(
        insert(staff_audit).values(
            at=at,
            staff_id=staff_id,
            action=action,
            about=_storable(about)[:_LONGEST_ABOUT],
            detail=_storable(detail)[:_LONGEST_DETAIL],
        )
    )


def _storable(text: str) -> str:
    # PostgreSQL keeps no NUL, and no driver takes half a surrogate pair.
    return text.replace("\x00", "�").encode("utf-8", "replace").decode()
