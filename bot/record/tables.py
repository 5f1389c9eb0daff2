"""The record's tables. A change here needs a migration beside it."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from sqlalchemy import Column, DateTime, ForeignKey, Index, Integer, MetaData, String, Table
from sqlalchemy.types import TypeDecorator

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcDateTime(TypeDecorator[datetime]):
    """A moment, in UTC going in and coming out; SQLite itself keeps no time zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:  # noqa: ARG002
        """Raises ValueError for a moment without a time zone."""
        if value is not None and value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        return None if value is None else value.astimezone(timezone.utc)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:  # noqa: ARG002
        """The moment with its time zone."""
        if value is None or value.tzinfo is not None:
            return value
        return value.replace(tzinfo=timezone.utc)


# "<channel>:<address>": the longest address that a channel lets in, and room for its channel.
_ADDRESS = String(255)
_CHANNEL = String(32)
_NAME = String(320)

# `address`: of the ChannelIdentity that the token opens.
web_sessions = Table(
    "web_sessions",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("address", String(255), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_seen_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
    Index("ix_web_sessions_address", "address"),
)

# Who is more than one channel's identity. `subject` is a site's own name for its signed-in user,
# `name` and `email` are what the site says of them.
people = Table(
    "people",
    metadata,
    Column("id", _NAME, primary_key=True),
    Column("conversation_id", _NAME, nullable=False),
    Column("subject", String(255)),
    Column("name", String(255)),
    Column("email", String(320)),
    Column("created_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
    Index("ix_people_conversation_id", "conversation_id", unique=True),
    Index("ix_people_subject", "subject", unique=True),
)

channel_identities = Table(
    "channel_identities",
    metadata,
    Column("channel", _CHANNEL, primary_key=True),
    Column("address", _ADDRESS, primary_key=True),
    Column("person_id", _NAME, ForeignKey("people.id"), nullable=False),
    Column("linked_at", UtcDateTime, nullable=False),
    Index("ix_channel_identities_person_id", "person_id"),
)

# Which conversations an identity has left lately, for the retries of what was said there.
identity_moves = Table(
    "identity_moves",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("channel", _CHANNEL, nullable=False),
    Column("address", _ADDRESS, nullable=False),
    Column("conversation_id", _NAME, nullable=False),
    Column("moved_at", UtcDateTime, nullable=False),
    Index("ix_identity_moves_channel", "channel", "address"),
    Index("ix_identity_moves_moved_at", "moved_at"),
)

# `channel` is where the code works; `issuer_*` made it, being `person_id` in `conversation_id`.
link_codes = Table(
    "link_codes",
    metadata,
    Column("code_hash", String(64), primary_key=True),
    Column("channel", _CHANNEL, nullable=False),
    Column("issuer_channel", _CHANNEL, nullable=False),
    Column("issuer_address", _ADDRESS, nullable=False),
    Column("person_id", _NAME, nullable=False),
    Column("conversation_id", _NAME, nullable=False),
    Column("issued_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
    Column("redeemed_at", UtcDateTime),
    Column("redeemed_by", _ADDRESS),
    Index("ix_link_codes_issuer_channel", "issuer_channel", "issuer_address"),
    Index("ix_link_codes_issued_at", "issued_at"),
)

wrong_codes = Table(
    "wrong_codes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("channel", _CHANNEL, nullable=False),
    Column("address", _ADDRESS, nullable=False),
    Column("tried_at", UtcDateTime, nullable=False),
    Index("ix_wrong_codes_channel", "channel", "address"),
    Index("ix_wrong_codes_tried_at", "tried_at"),
)
