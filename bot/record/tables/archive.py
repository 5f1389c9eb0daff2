"""What was said and how it was handled, to be searched and counted."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, Index, Integer, String, Table, Text

from bot.record.tables.base import CHANNEL, NAME, UtcDateTime, metadata

# A transcript's lines. `cursor` orders those of a conversation, as the transcript itself has it;
# `text` is what people read of it.
utterances = Table(
    "utterances",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("conversation_id", NAME, nullable=False),
    Column("cursor", String(48), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("author", String(16), nullable=False),
    Column("name", String(255)),
    Column("channel", CHANNEL, nullable=False),
    Column("kind", String(24), nullable=False),
    Column("text", Text, nullable=False),
    Column("turn_id", String(200), nullable=False),
    Index("ix_utterances_conversation_id", "conversation_id", "cursor", unique=True),
    Index("ix_utterances_at", "at"),
)

# See `bot.model.journal.TurnRecord`. `handoff_id` is the one that had the floor, or that it began.
turns = Table(
    "turns",
    metadata,
    Column("turn_id", String(64), primary_key=True),
    Column("conversation_id", NAME, nullable=False),
    Column("event_id", String(255), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("channel", CHANNEL, nullable=False),
    Column("language", String(16)),
    Column("intent", String(120)),
    Column("confidence", Float),
    Column("understood", Boolean, nullable=False),
    Column("failed", Boolean, nullable=False),
    Column("handled_by", String(8), nullable=False),
    Column("handoff_id", String(64)),
    Index("ix_turns_conversation_id", "conversation_id", "at"),
    Index("ix_turns_at", "at"),
)

# A customer's visits: turns of one conversation without a long pause between them. `intent` is the
# first that says what it is about. `handoff_id` is set where a person was asked for, or came.
episodes = Table(
    "episodes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("conversation_id", NAME, nullable=False),
    Column("began_at", UtcDateTime, nullable=False),
    Column("last_at", UtcDateTime, nullable=False),
    Column("channel", CHANNEL, nullable=False),
    Column("language", String(16)),
    Column("intent", String(120)),
    Column("turns", Integer, nullable=False),
    Column("misunderstood", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("ended_understood", Boolean, nullable=False),
    Column("handoff_id", String(64)),
    Index("ix_episodes_began_at", "began_at"),
    Index("ix_episodes_conversation_id", "conversation_id", "last_at"),
)
