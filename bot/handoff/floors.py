"""Sees to it that whoever has a conversation in the record has the floor, too."""

from __future__ import annotations

import logging

from sqlalchemy import select
from sqlalchemy.engine import Connection, Row

from bot.handoff.desk import SqlDesk
from bot.handoff.store import OPEN_STATES
from bot.record.tables import desk_effects, handoffs

log = logging.getLogger(__name__)


async def hold_floors(desk: SqlDesk) -> None:
    """Take the floor for every open handoff that nothing is to be carried out for.

    As a rule they have it. It is lost where Redis was restored from an older backup than the record
    has: the bot would talk to customers who are with a person. Raises StorageUnavailable.
    """
    for row in await desk.database.read(_open):
        if not await desk.floor.take(row.conversation_id, row.floor_id):
            # It has ended meanwhile, or the journal is about to tell of a new name for it.
            log.debug("handoff %s does not have the floor", row.id)


def _open(connection: Connection) -> list[Row]:
    pending = select(desk_effects.c.id).where(
        desk_effects.c.conversation_id == handoffs.c.conversation_id,
        desk_effects.c.failed_at.is_(None),
    )
    query = select(handoffs.c.id, handoffs.c.conversation_id, handoffs.c.floor_id).where(
        handoffs.c.state.in_(OPEN_STATES), ~pending.exists()
    )
    return list(connection.execute(query))
