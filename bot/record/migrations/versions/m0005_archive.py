"""Transcripts to search, turns and visits to count."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.record.folding import FOLDS

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "episodes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("conversation_id", sa.String(length=320), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("language", sa.String(length=16), nullable=True),
        sa.Column("intent", sa.String(length=120), nullable=True),
        sa.Column("turns", sa.Integer(), nullable=False),
        sa.Column("misunderstood", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("ended_understood", sa.Boolean(), nullable=False),
        sa.Column("handoff_id", sa.String(length=64), nullable=True),
        sa.Column("first_answer_seconds", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_episodes"),
    )
    op.create_index("ix_episodes_began_at", "episodes", ["began_at"], unique=False)
    op.create_index(
        "ix_episodes_conversation_id", "episodes", ["conversation_id", "began_at"], unique=False
    )
    op.create_table(
        "turns",
        sa.Column("turn_id", sa.String(length=64), nullable=False),
        sa.Column("conversation_id", sa.String(length=320), nullable=False),
        sa.Column("event_id", sa.String(length=255), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("language", sa.String(length=16), nullable=True),
        sa.Column("intent", sa.String(length=120), nullable=True),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("understood", sa.Boolean(), nullable=False),
        sa.Column("failed", sa.Boolean(), nullable=False),
        sa.Column("handled_by", sa.String(length=8), nullable=False),
        sa.Column("handoff_id", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("turn_id", name="pk_turns"),
    )
    op.create_index("ix_turns_at", "turns", ["at"], unique=False)
    op.create_index("ix_turns_conversation_id", "turns", ["conversation_id", "at"], unique=False)
    op.create_table(
        "utterances",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("conversation_id", sa.String(length=320), nullable=False),
        sa.Column("cursor", sa.String(length=48), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("author", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=True),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("turn_id", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_utterances"),
    )
    op.create_index("ix_utterances_at", "utterances", ["at"], unique=False)
    op.create_index(
        "ix_utterances_conversation_id", "utterances", ["conversation_id", "cursor"], unique=True
    )
    op.create_index(
        "ix_utterances_staff",
        "utterances",
        ["conversation_id", "at"],
        sqlite_where=sa.text("author = 'staff'"),
        postgresql_where=sa.text("author = 'staff'"),
    )
    if op.get_bind().dialect.name == "postgresql":
        _index_text_of_postgresql()
    else:
        _index_text_of_sqlite()


def _index_text_of_sqlite() -> None:
    # The index holds no text of its own; the triggers keep it true whoever changes a line.
    op.execute(
        "CREATE VIRTUAL TABLE utterances_search USING fts5("
        "text, content='utterances', content_rowid='id', "
        "tokenize=\"unicode61 remove_diacritics 2\", prefix='2 3')"
    )
    gone = "INSERT INTO utterances_search(utterances_search, rowid, text)"
    gone += " VALUES ('delete', old.id, old.text);"
    new = "INSERT INTO utterances_search(rowid, text) VALUES (new.id, new.text);"
    for moment, work in (("INSERT", new), ("DELETE", gone), ("UPDATE OF text", gone + new)):
        name = f"utterances_search_{moment.split()[0].lower()}"
        op.execute(f"CREATE TRIGGER {name} AFTER {moment} ON utterances BEGIN {work} END")


def _index_text_of_postgresql() -> None:
    # Folded by `translate`, since that needs neither an extension nor a collation.
    before, after = ("".join(side).replace("'", "''") for side in FOLDS)
    op.execute(
        "ALTER TABLE utterances ADD COLUMN search tsvector GENERATED ALWAYS AS "
        f"(to_tsvector('simple'::regconfig, translate(text, '{before}', '{after}'))) STORED"
    )
    op.execute("CREATE INDEX ix_utterances_search ON utterances USING gin (search)")
