"""Who is there: what members of staff have set, and whose console is open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select, update

from bot.model.staff import Presence, StaffMember
from bot.record.database import Database
from bot.record.tables import staff
from bot.staff.audit import now
from bot.staff.records import member_of


class Presences:
    """`gone_seconds`: for how long somebody counts as there whose connection is gone."""

    def __init__(
        self,
        database: Database,
        *,
        gone_seconds: float = 120.0,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._database = database
        self._gone = timedelta(seconds=gone_seconds)
        self._clock = clock

    async def beat(self, staff_id: str) -> None:
        """Their console is open now. To be called every 10 s."""
        await self._write(staff_id, connected_at=self._clock())

    async def set(self, staff_id: str, presence: Presence) -> None:
        """What they want to be."""
        await self._write(staff_id, presence=presence.value)

    async def present(self) -> Sequence[StaffMember]:
        """Who is available and connected, by name."""
        query = (
            select(staff)
            .where(
                staff.c.disabled_at.is_(None),
                staff.c.presence == Presence.AVAILABLE.value,
                staff.c.connected_at > self._clock() - self._gone,
            )
            .order_by(func.lower(staff.c.name))
        )
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return [member_of(row) for row in rows]

    async def _write(self, staff_id: str, **columns: object) -> None:
        changed = update(staff).where(staff.c.id == staff_id).values(columns)
        await self._database.write(lambda connection: connection.execute(changed))
