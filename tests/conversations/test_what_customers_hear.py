"""What only a test in code can tell of a conversation: faults, cards, payloads, long ones."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from actions.orders.model import Order, Origin
from actions.orders.provider import current_store
from actions.orders.sql_store import SqlOrderStore
from bot.model.choices import choices_of
from bot.model.content import Buttons, Card, Content, Custom, Image, QuickReplies, Text
from bot.model.turns import TrackerWindow
from tests.pipeline import inbound
from tests.trained import Conversation

if TYPE_CHECKING:
    from bot.pipeline.rasa_agent import RasaEngine

_names = itertools.count(1)


def words(answers: list[Content]) -> str:
    """All that the customer reads, in one string."""
    parts: list[str] = []
    for answer in answers:
        if isinstance(answer, (Text, Buttons, QuickReplies)):
            parts.append(answer.text)
        parts.extend(button.title for button in choices_of(answer))
        if isinstance(answer, Card):
            parts.extend([answer.title, answer.subtitle])
            parts.extend(f"{fact.label} {fact.value}" for fact in answer.facts)
        if isinstance(answer, Image):
            parts.append(answer.alt)
    return "\n".join(parts)


def talk(engine: RasaEngine) -> Conversation:
    """A new customer."""
    return Conversation(engine, f"web:customer-{next(_names)}")


async def test_the_shipped_order_comes_with_its_tracking_number(engine: RasaEngine) -> None:
    customer = talk(engine)
    answers = await customer.say("where is order 10042, postcode 0150?")
    (card,) = [answer for answer in answers if isinstance(answer, Card)]
    assert {fact.label for fact in card.facts} >= {"Expected", "Carrier", "Tracking number"}
    assert all(fact.value.strip() for fact in card.facts)


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
    payloads = [choice.payload for one in heard for choice in choices_of(one)]
    assert "/talk_to_human" in payloads
    # The form is over: a number alone is not taken as an answer to it any more.
    assert customer.slot("requested_slot") is None


async def test_asking_for_a_human_leaves_a_note_for_programs(engine: RasaEngine) -> None:
    answers = await talk(engine).say("/talk_to_human")
    assert Custom({"handoff": {"reason": "customer_asked"}}) in answers


async def test_typed_words_are_no_command(engine: RasaEngine) -> None:
    typed = inbound('/talk_to_human{"order_number": "10042"}')
    pressed = inbound("Talk to a person", payload='/talk_to_human{"order_number": "10042"}')
    of_typed, of_pressed = engine.understand([typed, pressed])
    assert of_pressed["intent"] == {"name": "talk_to_human", "confidence": 1.0}
    assert of_typed["intent"]["confidence"] < 1.0
    assert [entity["entity"] for entity in of_pressed["entities"]] == ["order_number"]


@pytest.mark.parametrize(
    ("question", "sorry", "offer"),
    [
        ("where is order 10042, postcode 0150?", "order system", "Talk to a person"),
        ("hvor er ordre 10042, postnummer 0150?", "ordresystemet", "Snakk med et menneske"),
    ],
    ids=["en", "nb"],
)
async def test_a_business_system_that_is_down_is_said_and_a_human_offered(
    engine: RasaEngine, tmp_path: Path, question: str, sorry: str, offer: str
) -> None:
    blocked = tmp_path / "a file, no folder"
    blocked.touch()
    current_store.put(SqlOrderStore(f"sqlite:///{blocked / 'orders.sqlite3'}", limit=1.0))
    try:
        customer = talk(engine)
        heard = words(await customer.say(question))
        assert sorry in heard
        assert offer in heard
        assert customer.slot("requested_slot") is None
    finally:
        current_store.close()


@pytest.mark.parametrize(
    ("greeting", "sorry"),
    [("hello there", "something went wrong"), ("hei på deg", "noe gikk galt")],
    ids=["en", "nb"],
)
async def test_an_action_that_breaks_is_said_and_the_conversation_goes_on(
    engine: RasaEngine, tmp_path: Path, greeting: str, sorry: str
) -> None:
    class BrokenStore(SqlOrderStore):
        async def find(self, number: str, postcode: str, origin: Origin) -> Order:
            raise RuntimeError("a programmer's mistake")

    customer = talk(engine)
    await customer.say(greeting)
    await customer.say("/order_status")
    await customer.say("10042")
    current_store.put(BrokenStore(f"sqlite:///{tmp_path / 'orders.sqlite3'}"))
    try:
        heard = words(await customer.say("0150"))
    finally:
        current_store.close()
    assert sorry in heard
    assert customer.slot("requested_slot") is None
    assert words(await customer.say("/opening_hours"))


async def test_turn_500_sees_what_turn_10_saw(engine: RasaEngine) -> None:
    """The window is bounded, and nothing that matters is lost with what lies before it."""
    customer = talk(engine)
    await customer.say("hei")
    lengths = []
    for number in range(60):
        await customer.say("når har dere åpent?" if number % 2 else "hva koster frakt?")
        lengths.append(len(customer.window.base) + len(customer.window.tail))
    assert max(lengths[30:]) <= max(lengths[:30])
    assert customer.window.length > 2 * max(lengths)
    assert customer.slot("language") == "nb"
    assert "ordrenummeret" in words(await customer.say("/order_status"))
    for _ in range(20):
        assert "ordrenummeret" in words(await customer.say("når har dere åpent?"))
    assert "postnummeret" in words(await customer.say("10042"))


async def test_a_window_that_is_read_back_goes_on_like_a_live_one(engine: RasaEngine) -> None:
    customer = talk(engine)
    for text in ("hei", "Hvor er pakken min?", "10042"):
        await customer.say(text)
    stored = TrackerWindow(
        customer.window.base,
        customer.window.start,
        tuple(json.loads(json.dumps(event)) for event in customer.window.tail),
    )
    customer.window = stored
    assert "er sendt" in words(await customer.say("0150"))
