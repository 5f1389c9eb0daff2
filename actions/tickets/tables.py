"""The tables of the embedded ticket system, beside the record's in the same database."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

tickets = Table(
    "tickets",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String(64), nullable=False, unique=True),
    Column("state", String(16), nullable=False),
    Column("subject", String(255), nullable=False),
    Column("email", String(320), nullable=False),
    Column("order_number", String(32)),
    Column("language", String(8), nullable=False),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("state IN ('new', 'open', 'waiting', 'closed')", name="ticket_state_known"),
)

ticket_notes = Table(
    "ticket_notes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("ticket_id", ForeignKey("tickets.id", ondelete="CASCADE"), nullable=False),
    Column("key", String(64), nullable=False),
    Column("text", Text, nullable=False),
    Column("public", Boolean, nullable=False),
    Column("written_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("ticket_id", "key", name="ticket_notes_once"),
)

ticket_links = Table(
    "ticket_links",
    metadata,
    Column(
        "ticket_id", ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True, nullable=False
    ),
    Column("conversation", String(320), primary_key=True, nullable=False),
    Column("channel", String(32)),
    Column("person", String(320)),
    Column("linked_at", DateTime(timezone=True), nullable=False),
    Index("ticket_links_by_conversation", "conversation"),
)
