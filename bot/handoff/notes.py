"""Private notes about a handoff: for the staff alone."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import insert, select
from sqlalchemy.engine import Connection

from bot.model.handoff import Agent, Handoff
from bot.record.tables import handoff_notes

# A platform that was not told in time delivers a note again within some minutes.
_SAME = timedelta(minutes=15)


def keep_note(
    connection: Connection, handoff: Handoff, by: Agent, text: str, now: datetime
) -> bool:
    """Keep a note; False where the same author has just written the same: that is one note."""
    columns = handoff_notes.c
    again = select(columns.id).where(
        columns.handoff_id == handoff.id,
        columns.author_id == by.id,
        columns.text == text,
        columns.at > now - _SAME,
    )
    if connection.execute(again.limit(1)).first() is not None:
        return False
    row = {
        "handoff_id": handoff.id,
        "conversation_id": handoff.conversation_id,
        "at": now,
        "author_id": by.id,
        "author_name": by.name,
        "text": text,
    }
    connection.execute(insert(handoff_notes), row)
    return True
