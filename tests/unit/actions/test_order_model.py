from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from actions.orders.errors import OrderRecordInvalid
from actions.orders.model import AttemptLimits, Order, OrderState, Origin

PACKING: dict[str, Any] = {
    "number": "10043",
    "state": OrderState.PACKING,
    "email": "ola.hansen@kunde.example",
}


@pytest.mark.parametrize(
    ("email", "masked"),
    [
        ("ola.hansen@kunde.example", "o•••@kunde.example"),
        ("a@b.example", "a•••@b.example"),
        ('"odd@local"@b.example', '"•••@b.example'),
    ],
)
def test_an_address_is_masked_to_its_first_letter(email: str, masked: str) -> None:
    assert Order(**PACKING | {"email": email}).email_masked == masked


@pytest.mark.parametrize(
    "fault",
    [
        {"state": OrderState.SHIPPED},
        {"state": OrderState.DELIVERED},
        {"email": "nobody"},
    ],
)
def test_an_order_that_lacks_what_its_state_needs_is_refused(fault: dict[str, Any]) -> None:
    with pytest.raises(OrderRecordInvalid):
        Order(**PACKING | fault)


def test_an_order_may_be_returned_for_30_days() -> None:
    order = Order(
        **PACKING | {"state": OrderState.DELIVERED, "delivered_on": date(2025, 1, 31)},
    )
    assert order.return_by == date(2025, 3, 2)


def test_the_same_turn_gives_the_same_key_for_the_same_effect() -> None:
    first, again = Origin("c", "1"), Origin("c", "1")
    assert first.effect_key("find", "10042", "0150") == again.effect_key("find", "10042", "0150")


def test_another_turn_conversation_or_effect_gives_another_key() -> None:
    keys = {
        Origin("c", "1").effect_key("find", "10042"),
        Origin("c", "2").effect_key("find", "10042"),
        Origin("d", "1").effect_key("find", "10042"),
        Origin("c", "1").effect_key("find", "10043"),
        Origin("c", "1").effect_key("invoice", "10042"),
        Origin("c").effect_key("find", "10042"),
        Origin("c").effect_key("find", "10042"),
    }
    assert len(keys) == 7


@pytest.mark.parametrize(
    "limits", [{"per_conversation": 0}, {"per_order": 0}, {"window": 0.0}, {"window": -1.0}]
)
def test_limits_that_shut_everybody_out_are_refused(limits: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="above zero"):
        AttemptLimits(**limits)
