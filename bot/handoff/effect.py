"""What a step of the desk brings about outside of the database, as it is written with the step."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.engine import Connection

from bot.model.content import Content, content_to_dict
from bot.model.messages import Outbound
from bot.record.tables import desk_effects

# Longer than a batch can take: the store's own timeouts are some seconds, and the first that does not
# answer ends it.
LEASE = timedelta(seconds=60)


@dataclass(frozen=True)
class Effect:
    """One effect. `payload` is JSON-ready; `due_at` tells whether it is still the caller's."""

    conversation_id: str
    handoff_id: str
    kind: str
    payload: dict[str, Any]
    id: int = 0
    due_at: datetime | None = None
    tries: int = 0


def announce(conversation_id: str, handoff_id: str) -> Effect:
    """Nudge who follows the desk."""
    return Effect(conversation_id, handoff_id, "announce", {})


def take(conversation_id: str, handoff_id: str) -> Effect:
    """Take the floor."""
    return Effect(conversation_id, handoff_id, "take", {})


def say(
    conversation_id: str, handoff_id: str, utterance_id: str, content: Content, language: str
) -> Effect:
    """Say something of the desk's own."""
    payload = {"id": utterance_id, "content": content_to_dict(content), "language": language}
    return Effect(conversation_id, handoff_id, "say", payload)


def hand_back(
    conversation_id: str, handoff_id: str, slots: dict[str, Any], *, quiet: bool, rating: bool
) -> Effect:
    """Give the floor back to the bot."""
    payload = {"slots": slots, "quiet": quiet, "rating": rating}
    return Effect(conversation_id, handoff_id, "back", payload)


def post(conversation_id: str, handoff_id: str, message: Outbound) -> Effect:
    """Show something at another desk."""
    return Effect(conversation_id, handoff_id, "post", {"message": message.to_json()})


def write(
    connection: Connection, effects: Sequence[Effect], now: datetime, *, later: bool = False
) -> Sequence[Effect]:
    """Write the effects of a step about one conversation, within its transaction.

    Returns those that the caller is to carry out: none where earlier ones are still to be done, or
    where it leaves them for `later`.
    """
    if not effects:
        return []
    behind = later or is_pending(connection, effects[0].conversation_id)
    due_at = now if behind else now + LEASE
    written = []
    for effect in effects:
        row = {
            "conversation_id": effect.conversation_id,
            "handoff_id": effect.handoff_id,
            "kind": effect.kind,
            "payload": json.dumps(effect.payload, ensure_ascii=False),
            "created_at": now,
            "due_at": due_at,
            "tries": 0,
        }
        key = connection.execute(insert(desk_effects), row).inserted_primary_key
        written.append(
            Effect(
                effect.conversation_id,
                effect.handoff_id,
                effect.kind,
                effect.payload,
                key[0],
                due_at,
            )
        )
    return [] if behind else written


def is_pending(connection: Connection, conversation_id: str) -> bool:
    """Whether anything is still to be carried out in a conversation."""
    pending = select(desk_effects.c.id).where(
        desk_effects.c.conversation_id == conversation_id, desk_effects.c.failed_at.is_(None)
    )
    return connection.execute(pending.limit(1)).first() is not None
