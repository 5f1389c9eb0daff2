"""Where handoffs are shown at another desk, in SQL. See `bot.ports.DeskThreads`."""

from __future__ import annotations

from sqlalchemy import delete, insert, select
from sqlalchemy.engine import Connection

from bot.ports import DeskThreads
from bot.record.database import Database
from bot.record.tables import desk_threads


class SqlDeskThreads(DeskThreads):
    """`desk` names the other desk, such as `slack`."""

    def __init__(self, database: Database, desk: str) -> None:
        self._database = database
        self._desk = desk

    async def keep(self, handoff_id: str, place: str) -> None:
        """See the port."""
        own = desk_threads.c.desk == self._desk
        row = {"desk": self._desk, "handoff_id": handoff_id, "place": place}

        def write(connection: Connection) -> None:
            earlier = (desk_threads.c.handoff_id == handoff_id) | (desk_threads.c.place == place)
            connection.execute(delete(desk_threads).where(own, earlier))
            connection.execute(insert(desk_threads), row)

        await self._database.write(write)

    async def place_of(self, handoff_id: str) -> str | None:
        """See the port."""
        return await self._one(
            select(desk_threads.c.place).where(
                desk_threads.c.desk == self._desk, desk_threads.c.handoff_id == handoff_id
            )
        )

    async def handoff_at(self, place: str) -> str | None:
        """See the port."""
        return await self._one(
            select(desk_threads.c.handoff_id).where(
                desk_threads.c.desk == self._desk, desk_threads.c.place == place
            )
        )

    async def _one(self, query: object) -> str | None:
        found: str | None = await self._database.read(
            lambda connection: connection.execute(query).scalar_one_or_none()
        )
        return found
