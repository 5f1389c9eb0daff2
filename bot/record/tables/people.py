"""Who is who: web sessions, linked identities, codes that link them."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table

from bot.record.tables.base import ADDRESS, CHANNEL, NAME, UtcDateTime, metadata

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
    Column("id", NAME, primary_key=True),
    Column("conversation_id", NAME, nullable=False),
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
    Column("channel", CHANNEL, primary_key=True),
    Column("address", ADDRESS, primary_key=True),
    Column("person_id", NAME, ForeignKey("people.id"), nullable=False),
    Column("linked_at", UtcDateTime, nullable=False),
    Index("ix_channel_identities_person_id", "person_id"),
)

# Which conversations an identity has left lately, for the retries of what was said there.
identity_moves = Table(
    "identity_moves",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("channel", CHANNEL, nullable=False),
    Column("address", ADDRESS, nullable=False),
    Column("conversation_id", NAME, nullable=False),
    Column("moved_at", UtcDateTime, nullable=False),
    Index("ix_identity_moves_channel", "channel", "address"),
    Index("ix_identity_moves_moved_at", "moved_at"),
)

# `channel` is where the code works; `issuer_*` made it, being `person_id` in `conversation_id`.
link_codes = Table(
    "link_codes",
    metadata,
    Column("code_hash", String(64), primary_key=True),
    Column("channel", CHANNEL, nullable=False),
    Column("issuer_channel", CHANNEL, nullable=False),
    Column("issuer_address", ADDRESS, nullable=False),
    Column("person_id", NAME, nullable=False),
    Column("conversation_id", NAME, nullable=False),
    Column("issued_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
    Column("redeemed_at", UtcDateTime),
    Column("redeemed_by", ADDRESS),
    Index("ix_link_codes_issuer_channel", "issuer_channel", "issuer_address"),
    Index("ix_link_codes_issued_at", "issued_at"),
)

wrong_codes = Table(
    "wrong_codes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("channel", CHANNEL, nullable=False),
    Column("address", ADDRESS, nullable=False),
    Column("tried_at", UtcDateTime, nullable=False),
    Index("ix_wrong_codes_channel", "channel", "address"),
    Index("ix_wrong_codes_tried_at", "tried_at"),
)
