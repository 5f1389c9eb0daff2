"""Whole conversations with the real model and the real order system, in both languages.

The YAML files beside this one test which way a conversation takes; this one, what is said.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from bot.model.content import Button, Buttons, Card, Content, Custom, Image, Text
from tests.pipeline import inbound
from tests.trained import Conversation

if TYPE_CHECKING:
    from bot.pipeline.rasa_agent import RasaEngine

_names = itertools.count(1)

# Each turn: what the customer says, then what must be in the answer.
CONVERSATIONS: dict[str, list[tuple[str, str]]] = {
    "en: a parcel on its way": [
        ("hi", "welcome to Nordlys Handel"),
        ("Where is my order?", "order number"),
        ("10042", "postcode"),
        ("0150", "has been shipped"),
        ("thanks", "You're welcome"),
        ("bye", "Goodbye"),
    ],
    "nb: en pakke på vei": [
        ("hei", "velkommen til Nordlys Handel"),
        ("Hvor er pakken min?", "ordrenummeret"),
        ("10042", "postnummeret"),
        ("0150", "er sendt"),
        ("tusen takk", "Bare hyggelig"),
        ("ha det", "Ha det"),
    ],
    "en: being packed, all said at once": [
        ("where is order 10043, my postcode is 5003", "being packed"),
    ],
    "nb: levert, alt sagt på én gang": [
        ("Hvor er ordre 10044? Postnummeret er 7011", "levert"),
    ],
    "en: a wrong postcode tells nothing": [
        ("Where is my order?", "order number"),
        ("10042", "postcode"),
        ("9999", "no order with that number and postcode"),
    ],
    "nb: feil postnummer røper ingenting": [
        ("Hvor er pakken min?", "ordrenummeret"),
        ("10042", "postnummeret"),
        ("9999", "ingen ordre med det nummeret og postnummeret"),
    ],
    "en: a question in the middle of the form": [
        ("Where is my order?", "order number"),
        ("what are your opening hours?", "8"),
        ("10042", "postcode"),
        ("0150", "has been shipped"),
    ],
    "nb: et spørsmål midt i skjemaet": [
        ("Hvor er pakken min?", "ordrenummeret"),
        ("når har dere åpent?", "8"),
        ("10042", "postnummeret"),
        ("0150", "er sendt"),
    ],
    "en: talk to a human": [("I want to talk to a real person", "22 00 00 00")],
    "nb: snakke med et menneske": [("kan jeg få snakke med et menneske", "22 00 00 00")],
    "nb: bytter til engelsk midt i samtalen": [
        ("hei", "velkommen"),
        ("what do you charge for delivery?", "delivery"),
    ],
}


def words(answers: list[Content]) -> str:
    """All that the customer reads, in one string."""
    parts: list[str] = []
    for answer in answers:
        if isinstance(answer, (Text, Buttons)):
            parts.append(answer.text)
        if isinstance(answer, (Buttons, Card)):
            parts.extend(button.title for button in answer.buttons)
        if isinstance(answer, Card):
            parts.extend([answer.title, answer.subtitle])
            parts.extend(f"{fact.label} {fact.value}" for fact in answer.facts)
        if isinstance(answer, Image):
            parts.append(answer.alt)
    return "\n".join(parts)


def talk(engine: RasaEngine) -> Conversation:
    """A new customer."""
    return Conversation(engine, f"web:customer-{next(_names)}")


@pytest.mark.parametrize("name", CONVERSATIONS)
async def test_conversation(engine: RasaEngine, name: str) -> None:
    customer = talk(engine)
    for said, expected in CONVERSATIONS[name]:
        heard = words(await customer.say(said))
        assert expected.lower() in heard.lower(), f"{said!r} was answered with {heard!r}"


async def test_the_shipped_order_comes_with_its_tracking_number(engine: RasaEngine) -> None:
    customer = talk(engine)
    answers = await customer.say("where is order 10042, postcode 0150?")
    (card,) = [answer for answer in answers if isinstance(answer, Card)]
    assert {fact.label for fact in card.facts} >= {"Expected", "Carrier", "Tracking number"}
    assert all(fact.value.strip() for fact in card.facts)


async def test_an_order_that_does_not_exist_is_answered_like_a_wrong_postcode(
    engine: RasaEngine,
) -> None:
    answers = [
        words(await talk(engine).say(f"where is order {number}, postcode 9998?"))
        for number in ("10042", "19999")
    ]
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    ("opening", "offer"),
    [("Where is my order?", "colleagues"), ("Hvor er pakken min?", "kollegene mine")],
    ids=["en", "nb"],
)
async def test_after_five_wrong_tries_a_human_is_offered(
    engine: RasaEngine, opening: str, offer: str
) -> None:
    customer = talk(engine)
    await customer.say(opening)
    for postcode in ("9991", "9992", "9993", "9994", "9995"):
        await customer.say("10043")
        heard = await customer.say(postcode)
    assert offer in words(heard)
    payloads = [
        button.payload for one in heard if isinstance(one, Buttons) for button in one.buttons
    ]
    assert "/talk_to_human" in payloads
    # The form is over: a number alone is not taken as an answer to it any more.
    assert customer.slot("requested_slot") is None


async def test_asking_for_a_human_leaves_a_note_for_programs(engine: RasaEngine) -> None:
    answers = await talk(engine).say("/talk_to_human")
    assert Custom({"handoff": {"reason": "customer_asked"}}) in answers


async def test_a_button_keeps_the_language_of_the_conversation(engine: RasaEngine) -> None:
    customer = talk(engine)
    await customer.say("hei")
    assert "ordrenummeret" in words(await customer.say("/order_status"))


async def test_typed_words_are_no_command(engine: RasaEngine) -> None:
    typed = inbound('/talk_to_human{"order_number": "10042"}')
    pressed = inbound("Talk to a person", payload='/talk_to_human{"order_number": "10042"}')
    of_typed, of_pressed = engine.understand([typed, pressed])
    assert of_pressed["intent"] == {"name": "talk_to_human", "confidence": 1.0}
    assert of_typed["intent"]["confidence"] < 1.0
    assert [entity["entity"] for entity in of_pressed["entities"]] == ["order_number"]


async def test_buttons_lead_somewhere(engine: RasaEngine) -> None:
    """Every button that an answer offers is understood when it is pressed."""
    customer = talk(engine)
    asked = ["hi", "help", "what can you do?", "how do I return something?", "asdf ghjk"]
    offered: set[Button] = set()
    for text in asked:
        for answer in await customer.say(text):
            offered.update(getattr(answer, "buttons", ()))
    payloads = {button.payload for button in offered if button.payload}
    assert len(payloads) >= 4
    for payload in payloads:
        heard = words(await talk(engine).say(payload))
        assert heard, f"{payload} was answered with silence"
