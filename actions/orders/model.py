"""What the order system knows about an order, as plain data."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum
from uuid import uuid4

from actions.orders.errors import OrderRecordInvalid

RETURN_WINDOW = timedelta(days=30)


class OrderState(str, Enum):
    """Where an order is on its way to the customer."""

    PACKING = "packing"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class OrderLine:
    """One product of an order; `quantity` in pieces."""

    title: str
    quantity: int


@dataclass(frozen=True)
class Shipment:
    """Who carries the parcel, how to follow it and the day it is expected."""

    carrier: str
    tracking_number: str
    tracking_url: str
    expected_on: date


@dataclass(frozen=True)
class Order:
    """An order whose number and postcode the customer has told.

    Raises OrderRecordInvalid where the state's details are missing: a shipped order has a
    `shipment`, a delivered one `delivered_on`.
    """

    number: str
    state: OrderState
    email: str
    lines: tuple[OrderLine, ...] = ()
    shipment: Shipment | None = None
    delivered_on: date | None = None

    def __post_init__(self) -> None:
        if self.state is OrderState.SHIPPED and self.shipment is None:
            raise OrderRecordInvalid("a shipped order lacks its tracking details")
        if self.state is OrderState.DELIVERED and self.delivered_on is None:
            raise OrderRecordInvalid("a delivered order lacks its day of delivery")
        if "@" not in self.email:
            raise OrderRecordInvalid("an order lacks a valid e-mail address")

    @property
    def return_by(self) -> date | None:
        """The last day on which a delivered order may be returned; None before delivery."""
        return self.delivered_on + RETURN_WINDOW if self.delivered_on else None

    @property
    def email_masked(self) -> str:
        """The e-mail address as far as its owner needs it to know it again: `k•••@example.no`."""
        local, _, domain = self.email.rpartition("@")
        return f"{local[:1]}•••@{domain}"


@dataclass(frozen=True)
class Origin:
    """The turn that a call comes from.

    `turn_id` is the same when a turn runs again after a crash, so that its effects happen once.
    None where the channel gives no id: then every call counts as another turn.
    """

    conversation: str
    turn_id: str | None = None

    def effect_key(self, *what: str) -> str:
        """A key of 64 hex digits for an effect of this turn: the same when the turn runs again.

        It also covers what is asked for (`what`), so that a client which sends the same message id
        with each try is not taken for one turn running again.
        """
        turn = self.turn_id if self.turn_id is not None else uuid4().hex
        return hashlib.sha256("\x1f".join((self.conversation, turn, *what)).encode()).hexdigest()

    @property
    def conversation_key(self) -> str:
        """The conversation in 64 hex digits that do not give its id away."""
        return hashlib.sha256(self.conversation.encode()).hexdigest()


@dataclass(frozen=True)
class AttemptLimits:
    """How many wrong tries are borne within `window` seconds.

    The conversation's limit bears typing errors; the order's limit holds across conversations, so
    that nobody finds a postcode by opening a new conversation for each try.
    """

    per_conversation: int = 5
    per_order: int = 10
    window: float = 3600.0

    def __post_init__(self) -> None:
        if min(self.per_conversation, self.per_order) < 1 or self.window <= 0:
            raise ValueError("limits and their window must be above zero")
