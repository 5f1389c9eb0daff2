"""What was said and how it was handled, to be searched and counted."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, Index, Integer, String, Table, Text, text

from bot.record.tables.base import CHANNEL, NAME, UtcDateTime, metadata

# A transcript's lines. `cursor` orders those of a conversation: the transcript's own, with leading
# zeros (see `bot.archive.cursors`). `text` is what people read of it; it is indexed for full text
# by what the migration sets up, which differs between the databases.
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
    Index(
        "ix_utterances_staff",
        "conversation_id",
        "at",
        sqlite_where=text("author = 'staff'"),
        postgresql_where=text("author = 'staff'"),
    ),
)

# How the full text index is called: a table of SQLite's, with its helpers, and a column and its
# index of PostgreSQL's. None of them is a table to write to.
SEARCH_TABLE = "utterances_search"
SEARCH_COLUMN = "search"
SEARCH_INDEX = "ix_utterances_search"


def is_of_search(name: str | None) -> bool:
    """Whether a table, a column or an index is part of the full text index."""
    return name is not None and (
        name in {SEARCH_COLUMN, SEARCH_INDEX} or name.startswith(SEARCH_TABLE)
    )


# See `bot.model.journal.TurnRecord`. `handled_by` is `bot`, `desk` where a person had the floor, or
# `return` where the desk gave it back. `handoff_id` is the one that had the floor, or that it began.
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
# first that says what it is about. `handoff_id` is set where a person was asked for, or came;
# `first_answer_seconds` is null where the bot kept quiet.
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
    Column("first_answer_seconds", Float),
    Index("ix_episodes_began_at", "began_at"),
    Index("ix_episodes_conversation_id", "conversation_id", "began_at"),
)
