"""The desk: teams, handoffs with their steps, what staff keep about them, and effects still due."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    text,
)

from bot.record.tables.base import CHANNEL, NAME, UtcDateTime, metadata
from bot.record.tables.staff import STAFF_ID

HANDOFF_ID = String(64)
TEAM_ID = String(64)

# `languages` and `topics` are separated by commas, `*` is all. `hours` and `closed_days` are JSON,
# see `bot.handoff`; no hours: always open. `holidays` is a country, with or without its subdivision,
# such as `NO`. `waiting_limit` in seconds, null: none. `assignment` is `take` or `auto`;
# `when_closed` is what is offered then: `case`, `callback` or `email`.
teams = Table(
    "teams",
    metadata,
    Column("id", TEAM_ID, primary_key=True),
    Column("name", String(120), nullable=False),
    Column("languages", String(100), nullable=False),
    Column("topics", Text, nullable=False),
    Column("timezone", String(64), nullable=False),
    Column("hours", Text, nullable=False),
    Column("holidays", String(16)),
    Column("closed_days", Text, nullable=False),
    Column("waiting_limit", Integer),
    Column("escalation_team_id", TEAM_ID, ForeignKey("teams.id")),
    Column("assignment", String(8), nullable=False),
    Column("when_closed", String(16), nullable=False),
    Column("email", String(320)),
    Column("is_default", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("archived_at", UtcDateTime),
    Index("ix_teams_name", "name", unique=True),
)

team_members = Table(
    "team_members",
    metadata,
    Column("team_id", TEAM_ID, ForeignKey("teams.id"), primary_key=True),
    Column("staff_id", STAFF_ID, ForeignKey("staff.id"), primary_key=True),
    Index("ix_team_members_staff_id", "staff_id"),
)

# See `bot.model.handoff.Handoff`. `owner_id` is no foreign key: somebody at the Slack desk alone has
# no account. `floor_id` is the name under which it has the floor: its own, or that of a request which
# the bot made while a member of staff took over. `queued_at` is when it came into its queue, and
# `first_claimed_at` ends the wait, whatever happens later; `told` is what the customer was told last
# of the queue.
handoffs = Table(
    "handoffs",
    metadata,
    Column("id", HANDOFF_ID, primary_key=True),
    Column("floor_id", HANDOFF_ID, nullable=False),
    Column("conversation_id", NAME, nullable=False),
    Column("state", String(16), nullable=False),
    Column("version", Integer, nullable=False),
    Column("cause", String(32), nullable=False),
    Column("topic", String(120)),
    Column("language", String(16), nullable=False),
    Column("channel", CHANNEL, nullable=False),
    Column("team_id", TEAM_ID, ForeignKey("teams.id")),
    Column("owner_id", String(255)),
    Column("owner_name", String(255)),
    Column("owner_desk", String(16)),
    Column("requested_at", UtcDateTime, nullable=False),
    Column("waiting_since", UtcDateTime, nullable=False),
    Column("queued_at", UtcDateTime, nullable=False),
    Column("escalated_at", UtcDateTime),
    Column("first_claimed_at", UtcDateTime),
    Column("claimed_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Column("ended", String(16)),
    Column("rating", Integer),
    Column("rated_at", UtcDateTime),
    Column("note", Text),
    Column("told", String(64)),
    Column("told_at", UtcDateTime),
    Index(
        "ix_handoffs_conversation_id_open",
        "conversation_id",
        unique=True,
        sqlite_where=text("state IN ('waiting', 'with_person')"),
        postgresql_where=text("state IN ('waiting', 'with_person')"),
    ),
    Index("ix_handoffs_conversation_id", "conversation_id"),
    Index("ix_handoffs_floor_id", "floor_id"),
    Index("ix_handoffs_state", "state", "waiting_since"),
    Index("ix_handoffs_owner_id", "owner_id", "state"),
    Index("ix_handoffs_requested_at", "requested_at"),
)

# One row a step: who, when, why.
handoff_events = Table(
    "handoff_events",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("handoff_id", HANDOFF_ID, ForeignKey("handoffs.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("step", String(16), nullable=False),
    Column("before", String(16), nullable=False),
    Column("after", String(16), nullable=False),
    Column("actor_id", String(255)),
    Column("actor_name", String(255)),
    Column("owner_id", String(255)),
    Column("team_id", TEAM_ID),
    Column("note", Text),
    Index("ix_handoff_events_handoff_id", "handoff_id", "version", unique=True),
)

# Private: nothing here ever goes to a customer.
handoff_notes = Table(
    "handoff_notes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("handoff_id", HANDOFF_ID, ForeignKey("handoffs.id"), nullable=False),
    Column("conversation_id", NAME, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("author_id", String(255), nullable=False),
    Column("author_name", String(255), nullable=False),
    Column("text", Text, nullable=False),
    Index("ix_handoff_notes_conversation_id", "conversation_id"),
)

handoff_tags = Table(
    "handoff_tags",
    metadata,
    Column("handoff_id", HANDOFF_ID, ForeignKey("handoffs.id"), primary_key=True),
    Column("tag", String(64), primary_key=True),
    Index("ix_handoff_tags_tag", "tag"),
)

canned_answers = Table(
    "canned_answers",
    metadata,
    Column("shortcut", String(64), primary_key=True),
    Column("language", String(16), primary_key=True),
    Column("title", String(120), nullable=False),
    Column("text", Text, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
)

# What a step has to bring about outside of the database, written with it and carried out after it,
# in order for each conversation, however often a process dies in between; then the row goes. What can
# never be done stays, with why (`failed`). `payload` is JSON. Until `due_at` it is somebody's who
# carries it out, or waits for its next try.
desk_effects = Table(
    "desk_effects",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("conversation_id", NAME, nullable=False),
    Column("handoff_id", HANDOFF_ID, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("payload", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("failed_at", UtcDateTime),
    Column("failed", Text),
    Index("ix_desk_effects_due_at", "failed_at", "due_at"),
    Index("ix_desk_effects_conversation_id", "conversation_id", "id"),
)

# Where a handoff is shown at another desk: `place` is a Slack channel and the thread's timestamp.
desk_threads = Table(
    "desk_threads",
    metadata,
    Column("desk", String(16), primary_key=True),
    Column("handoff_id", HANDOFF_ID, primary_key=True),
    Column("place", String(255), nullable=False),
    Index("ix_desk_threads_place", "desk", "place", unique=True),
)

# Files that staff have sent. Who has the token may fetch one.
uploads = Table(
    "uploads",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("conversation_id", NAME, nullable=False),
    Column("name", String(255), nullable=False),
    Column("media_type", String(127), nullable=False),
    Column("size", Integer, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("staff_id", String(255), nullable=False),
    Column("uploaded_at", UtcDateTime, nullable=False),
    Index("ix_uploads_conversation_id", "conversation_id"),
)
