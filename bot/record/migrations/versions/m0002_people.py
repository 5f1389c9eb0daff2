"""People in several channels; web sessions name an identity instead of its conversation."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy import func

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    # A session's conversation was named after its identity: "web:<address>".
    _rename_sessions(
        "conversation_id", "address", func.substr(sa.column("conversation_id"), len("web:") + 1)
    )
    op.create_table(
        "people",
        sa.Column("id", sa.String(320), nullable=False),
        sa.Column("conversation_id", sa.String(320), nullable=False),
        sa.Column("subject", sa.String(255)),
        sa.Column("name", sa.String(255)),
        sa.Column("email", sa.String(320)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_people"),
    )
    op.create_index("ix_people_conversation_id", "people", ["conversation_id"], unique=True)
    op.create_index("ix_people_subject", "people", ["subject"], unique=True)
    op.create_table(
        "channel_identities",
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("address", sa.String(255), nullable=False),
        sa.Column("person_id", sa.String(320), nullable=False),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("channel", "address", name="pk_channel_identities"),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name="fk_channel_identities_person_id_people"
        ),
    )
    op.create_index("ix_channel_identities_person_id", "channel_identities", ["person_id"])
    op.create_table(
        "identity_moves",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("address", sa.String(255), nullable=False),
        sa.Column("conversation_id", sa.String(320), nullable=False),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_identity_moves"),
    )
    op.create_index("ix_identity_moves_channel", "identity_moves", ["channel", "address"])
    op.create_index("ix_identity_moves_moved_at", "identity_moves", ["moved_at"])
    op.create_table(
        "link_codes",
        sa.Column("code_hash", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("issuer_channel", sa.String(32), nullable=False),
        sa.Column("issuer_address", sa.String(255), nullable=False),
        sa.Column("person_id", sa.String(320), nullable=False),
        sa.Column("conversation_id", sa.String(320), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True)),
        sa.Column("redeemed_at", sa.DateTime(timezone=True)),
        sa.Column("redeemed_by", sa.String(255)),
        sa.PrimaryKeyConstraint("code_hash", name="pk_link_codes"),
    )
    op.create_index(
        "ix_link_codes_issuer_channel", "link_codes", ["issuer_channel", "issuer_address"]
    )
    op.create_index("ix_link_codes_issued_at", "link_codes", ["issued_at"])
    op.create_table(
        "wrong_codes",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("address", sa.String(255), nullable=False),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_wrong_codes"),
    )
    op.create_index("ix_wrong_codes_channel", "wrong_codes", ["channel", "address"])
    op.create_index("ix_wrong_codes_tried_at", "wrong_codes", ["tried_at"])


def downgrade() -> None:
    """Back. Who was linked is forgotten; every identity is in its own conversation again."""
    for table in ("wrong_codes", "link_codes", "identity_moves", "channel_identities", "people"):
        op.drop_table(table)
    _rename_sessions("address", "conversation_id", sa.literal("web:") + sa.column("address"))


def _rename_sessions(old: str, new: str, value: Any) -> None:
    op.drop_index(f"ix_web_sessions_{old}", "web_sessions")
    with op.batch_alter_table("web_sessions") as table:
        table.add_column(sa.Column(new, sa.String(255)))
    sessions = sa.table("web_sessions", sa.column(old, sa.String), sa.column(new, sa.String))
    op.execute(sa.update(sessions).values({new: value}))
    with op.batch_alter_table("web_sessions") as table:
        table.alter_column(new, existing_type=sa.String(255), nullable=False)
        table.drop_column(old)
    op.create_index(f"ix_web_sessions_{new}", "web_sessions", [new])
