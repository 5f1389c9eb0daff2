"""The tables of the demo company's order system."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
)

metadata = MetaData()

orders = Table(
    "orders",
    metadata,
    Column("number", String(5), primary_key=True),
    Column("postcode", String(4), nullable=False),
    Column("state", String(16), nullable=False),
    Column("email", String(254), nullable=False),
    Column("carrier", String(60)),
    Column("tracking_number", String(60)),
    Column("tracking_url", String(500)),
    Column("expected_on", Date),
    Column("delivered_on", Date),
    CheckConstraint(
        "state IN ('packing', 'shipped', 'delivered', 'cancelled')", name="known_state"
    ),
)

order_lines = Table(
    "order_lines",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("order_number", ForeignKey("orders.number", ondelete="CASCADE"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("title", String(200), nullable=False),
    Column("quantity", Integer, nullable=False),
    CheckConstraint("quantity > 0", name="some_quantity"),
    Index("order_lines_by_order", "order_number", "position", unique=True),
)

# Wrong tries only, and only for as long as the limits' window: `order_number` is what was asked
# for, whether there is such an order or not.
lookup_attempts = Table(
    "lookup_attempts",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("order_number", String(5), nullable=False),
    Column("conversation", String(64), nullable=False),
    Column("attempted_at", Float(53), nullable=False),
    Index("lookup_attempts_by_order", "order_number", "attempted_at"),
    Index("lookup_attempts_by_conversation", "conversation", "attempted_at"),
    Index("lookup_attempts_by_time", "attempted_at"),
)

# The queue of the shop's own mailer.
invoice_requests = Table(
    "invoice_requests",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("order_number", ForeignKey("orders.number"), nullable=False),
    Column("requested_at", Float(53), nullable=False),
)

# There where the orders are the demo's: says for which day their dates were made.
demo = Table("demo", metadata, Column("seeded_on", Date, primary_key=True))
