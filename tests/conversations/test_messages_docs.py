"""The examples of docs/messages.md, said by Rasa itself and read as a channel gets them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from rasa.core.actions.action import create_bot_utterance
from rasa.core.nlg import NaturalLanguageGenerator
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker

from bot.model.content import (
    Button,
    Buttons,
    Card,
    Carousel,
    Content,
    Custom,
    DateChoice,
    Fact,
    File,
    Image,
    ListChoice,
    Option,
    QuickReplies,
    Rating,
    Request,
    Text,
    Typing,
)
from bot.pipeline.rasa_answers import contents_of

pytestmark = pytest.mark.filterwarnings("ignore:Slot auto-fill has been removed")

SHOP = "https://nordlyshandel.example"
SLOTS = {
    "order_number": "10042",
    "first_day": "2026-11-27",
    "last_day": "2026-12-04",
    "expected_date": "Friday 27 November",
}
SAID: dict[str, list[Content]] = {
    "utter_delivery": [
        Text(
            "Most parcels arrive **2–4 working days** after you order. See the\n"
            f"[terms of delivery]({SHOP}/delivery).\n\n"
            "- To a pick-up point: *79 kr*\n- To your door: *149 kr*"
        )
    ],
    "utter_order_packing": [
        Buttons(
            "Order 10042 is being packed.",
            (Button("Cancel it", "/cancel_order"), Button("Terms", url=f"{SHOP}/terms")),
        )
    ],
    "utter_offer_human": [
        QuickReplies(
            "Would you like to talk to one of my colleagues?",
            (Button("Yes, please", "/talk_to_human"), Button("No, thanks", "/deny")),
        )
    ],
    "utter_ask_department": [
        ListChoice(
            "What is it about?",
            (
                Option("Delivery", "/delivery_terms", "Time, places and cost"),
                Option("Returns", "/return_terms", "Also exchange and refund"),
            ),
            "Choose a subject",
        )
    ],
    "utter_ask_pickup_day": [
        DateChoice(
            "Which day suits you?", '/choose_day{"day": "$date"}', "2026-11-27", "2026-12-04"
        )
    ],
    "utter_ask_rating": [Rating("How did I do?", '/rate{"points": "$rating"}', 5)],
    "utter_ask_phone": [Request("Which number can we call you on?", "phone")],
    "utter_map": [
        Text("You find us here:"),
        Image(f"{SHOP}/map.png", "Map: the shop is beside Oslo S"),
    ],
    "utter_invoice": [
        Text("Here it is."),
        File(f"{SHOP}/invoices/10042.pdf", "invoice-10042.pdf", "The invoice for order 10042"),
    ],
    "utter_order_shipped": [
        Text("Order 10042 **has been shipped**."),
        Card(
            "Order 10042",
            "On its way to you",
            f"{SHOP}/parcel.png",
            f"{SHOP}/orders/10042",
            (Fact("Expected", "Friday 27 November"),),
            (Button("Track the parcel", url="https://track.example/10042"),),
        ),
    ],
    "utter_delivery_cost": [
        Text("It depends on where the parcel goes:"),
        Carousel(
            (
                Card("To a pick-up point", "79 kr"),
                Card("To your door", "149 kr"),
                Card("To our shop", "Free", buttons=(Button("Where is it?", "/store_location"),)),
            )
        ),
    ],
    "utter_talk_to_human": [
        Text("One moment, please."),
        Typing(),
        Custom({"handoff": {"reason": "customer_asked"}}),
    ],
}


def examples() -> dict[str, Any]:
    page = (Path(__file__).resolve().parents[2] / "docs" / "messages.md").read_text("utf-8")
    found: dict[str, Any] = {}
    for block in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL):
        found.update(yaml.safe_load(block)["responses"])
    return found


async def say(responses: dict[str, Any], name: str) -> list[Content]:
    """What Rasa hands to a channel for a response, variables filled in, as contents."""
    slots = {slot: {"type": "text", "mappings": [{"type": "custom"}]} for slot in SLOTS}
    domain = Domain.from_yaml(
        yaml.safe_dump({"version": "3.1", "slots": slots, "responses": responses})
    )
    tracker = DialogueStateTracker("web:someone", domain.slots)
    for slot, value in SLOTS.items():
        tracker._set_slot(slot, value)
    nlg = NaturalLanguageGenerator.create(None, domain)
    response = await nlg.generate(name, tracker, "web")
    assert response is not None
    return contents_of(create_bot_utterance({**response, "utter_action": name}).message())


def test_every_example_is_checked() -> None:
    assert set(examples()) == set(SAID)


@pytest.mark.parametrize("name", SAID)
async def test_example(name: str, caplog: pytest.LogCaptureFixture) -> None:
    assert await say(examples(), name) == SAID[name]
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


async def test_rasas_own_forms_are_understood() -> None:
    responses = {
        "utter_x": [
            {
                "text": "Order {order_number}",
                "image": "https://a.no/{order_number}.png",
                "attachment": {"url": "https://a.no/{order_number}.pdf"},
                "elements": [{"title": "A"}, {"title": "{order_number}"}],
            }
        ]
    }
    assert await say(responses, "utter_x") == [
        Text("Order 10042"),
        Image("https://a.no/10042.png"),
        File("https://a.no/10042.pdf", "10042.pdf"),
        # Rasa leaves variables in `elements` as they are, and docs/messages.md says so.
        Carousel((Card("A"), Card("{order_number}"))),
    ]


async def test_an_empty_variable_leaves_a_part_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SLOTS, "last_day", "")
    (asked,) = await say(examples(), "utter_ask_pickup_day")
    assert isinstance(asked, DateChoice)
    assert (asked.earliest, asked.latest) == ("2026-11-27", None)
