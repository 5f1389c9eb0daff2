"""Members of staff: accounts, their sessions at the console, and what was done there."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text

from bot.record.tables.base import UtcDateTime, metadata

STAFF_ID = String(64)

# `roles` are separated by commas. `connected_at`: when an open console was last heard; `password_hash`
# is null for who signs in elsewhere alone; `oidc_subject` is a hash of who they are there.
staff = Table(
    "staff",
    metadata,
    Column("id", STAFF_ID, primary_key=True),
    Column("login", String(255), nullable=False),
    Column("name", String(255), nullable=False),
    Column("password_hash", String(255)),
    Column("oidc_subject", String(255)),
    Column("roles", String(100), nullable=False),
    Column("language", String(8), nullable=False),
    Column("capacity", Integer, nullable=False),
    Column("presence", String(16), nullable=False),
    Column("sound", Boolean, nullable=False),
    Column("connected_at", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    Column("disabled_at", UtcDateTime),
    Index("ix_staff_login", "login", unique=True),
    Index("ix_staff_oidc_subject", "oidc_subject", unique=True),
)

# Only the tokens' SHA-256 is kept. `client` is the browser's own description of itself.
staff_sessions = Table(
    "staff_sessions",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("staff_id", STAFF_ID, ForeignKey("staff.id"), nullable=False),
    Column("csrf_token", String(64), nullable=False),
    Column("client", String(255), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_seen_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
    Index("ix_staff_sessions_staff_id", "staff_id"),
)

# Failed ones. `key` is a hash of the login or of the network address that it came from.
sign_in_failures = Table(
    "sign_in_failures",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String(64), nullable=False),
    Column("failed_at", UtcDateTime, nullable=False),
    Index("ix_sign_in_failures_key", "key", "failed_at"),
    Index("ix_sign_in_failures_failed_at", "failed_at"),
)

# Who did what at the console: signing in, accounts, teams, reading a conversation.
staff_audit = Table(
    "staff_audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("staff_id", STAFF_ID),
    Column("action", String(64), nullable=False),
    Column("about", String(320), nullable=False),
    Column("detail", Text, nullable=False),
    Index("ix_staff_audit_at", "at"),
)

# Keys of this installation's own making, such as that which signs what browsers hold for a moment.
staff_keys = Table(
    "staff_keys",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", String(128), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)
