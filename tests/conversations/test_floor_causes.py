"""What makes the bot get a person: each cause in both languages, and what does not."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from actions.orders.provider import current_store
from actions.orders.sql_store import SqlOrderStore
from bot.model.content import Custom
from bot.model.handoff import Cause, HandoffRequest
from bot.model.turns import TurnResult
from tests.trained import Conversation

if TYPE_CHECKING:
    from bot.pipeline.rasa_agent import RasaEngine

_names = itertools.count(1)


def talk(engine: RasaEngine) -> Conversation:
    """A new customer."""
    return Conversation(engine, f"web:cause-{next(_names)}")


def words(result: TurnResult) -> str:
    return "\n".join(str(getattr(answer, "text", "")) for answer in result.answers)


@pytest.fixture
def orders(tmp_path: Path) -> Iterator[None]:
    """An order system of this conversation's own: tries are counted across conversations."""
    current_store.put(SqlOrderStore(f"sqlite:///{tmp_path / 'orders.sqlite3'}"))
    yield
    current_store.close()


# The customer's messages, why a person comes, what about, and what the customer is told.
CAUSES: dict[str, tuple[list[str], Cause, str | None, str]] = {
    "the customer asks, en": (
        ["hello", "/return_terms", "I want to talk to a human"],
        Cause.CUSTOMER_ASKED,
        "return_terms",
        "I'll get one of my colleagues for you.",
    ),
    "the customer asks, nb": (
        ["jeg vil snakke med et menneske"],
        Cause.CUSTOMER_ASKED,
        None,
        "Jeg henter en av kollegene mine til deg.",
    ),
    "in the middle of a form, nb": (
        ["Hvor er pakken min?", "10042", "kan jeg få snakke med et menneske"],
        Cause.CUSTOMER_ASKED,
        "order_status",
        "Jeg henter en av kollegene mine til deg.",
    ),
    "two misunderstandings, en": (
        ["how long is the warranty", "asdfgh", "qwerty"],
        Cause.NOT_UNDERSTOOD,
        "warranty",
        "I'm sorry, I still don't understand.",
    ),
    "two misunderstandings, nb": (
        ["hei", "asdfgh", "qwerty"],
        Cause.NOT_UNDERSTOOD,
        None,
        "Beklager, jeg forstår fortsatt ikke.",
    ),
    "a form fails, en": (
        ["Where is my order?", "123", "asdfgh", "99"],
        Cause.FORM_FAILED,
        "order_status",
        "I'm sorry, I can't make this work.",
    ),
    "a form fails, nb": (
        ["Kan dere sende meg fakturaen?", "10042", "99", "x", "12"],
        Cause.FORM_FAILED,
        "invoice_copy",
        "Beklager, dette får jeg ikke til.",
    ),
    "the case form fails, en": (
        ["open a case for me", "The lid is cracked", "kari@kunde", "kari at kunde", "@"],
        Cause.FORM_FAILED,
        # What they have told so far is nearer to the matter than that a case was to be opened.
        "damaged_item",
        "I'm sorry, I can't make this work.",
    ),
    "a second complaint, en": (
        ["I want to complain", "this is terrible service"],
        Cause.ACTION_ASKED,
        "complaint",
        "You should talk to a person about this",
    ),
    "anger, nb": (
        ["jeg er rasende på dere"],
        Cause.ACTION_ASKED,
        "complaint",
        "Dette bør du få snakke med et menneske om",
    ),
}


@pytest.mark.parametrize("case", CAUSES)
async def test_a_person_is_asked_for(engine: RasaEngine, orders: None, case: str) -> None:
    said, cause, topic, told = CAUSES[case]
    customer = talk(engine)
    for message in said[:-1]:
        result = await customer.turn(message)
        assert result.request is None, message
    result = await customer.turn(said[-1])
    assert result.request is not None
    assert (result.request.cause, result.request.topic) == (cause, topic)
    assert told in words(result)
    # Programs on the REST channel see it too.
    assert any(isinstance(one, Custom) and "handoff" in one.data for one in result.answers)
    # And it is no form's turn any more.
    assert customer.slot("requested_slot") is None


async def test_what_was_not_understood_is_told(engine: RasaEngine) -> None:
    customer = talk(engine)
    assert (await customer.turn("when do you open?")).understood
    assert not (await customer.turn("asdfgh")).understood
    assert not (await customer.turn("qwerty")).understood
    assert not (await talk(engine).turn("who won the football match yesterday")).understood


async def test_the_form_that_failed_is_named_to_staff_and_forgotten(engine: RasaEngine) -> None:
    customer = talk(engine)
    await customer.say("Kan dere sende meg fakturaen?")
    await customer.say("10042")
    for said in ("99", "x"):
        heard = await customer.turn(said)
        assert "Jeg finner ikke noe postnummer i det." in words(heard)
    result = await customer.turn("12")
    assert result.request == HandoffRequest(
        Cause.FORM_FAILED, "invoice_copy", note="invoice_form: postcode"
    )
    assert "postnummer" not in words(result)
    assert customer.slot("order_number") is None
    # The next one begins anew, and has three tries of its own.
    await customer.hand_back(quiet=True)
    assert "fakturaen" in words(await customer.turn("Kan dere sende meg fakturaen?"))
    assert (await customer.turn("123")).request is None


async def test_where_no_words_are_written_for_it_a_form_goes_on_asking(
    engine: RasaEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(engine._processor.nlg.responses, "utter_form_failed")
    customer = talk(engine)
    await customer.say("Where is my order?")
    for said in ("123", "99", "12", "1"):
        result = await customer.turn(said)
        assert result.request is None
        assert "What is your order number?" in words(result)


async def test_a_question_in_between_is_a_change_of_subject(engine: RasaEngine) -> None:
    customer = talk(engine)
    await customer.say("Where is my order?")
    for said in ("123", "99", "when do you open?", "asdf", "12", "how much is shipping?", "1"):
        result = await customer.turn(said)
        assert result.request is None, said
    assert "five digits" in words(result)


async def test_wrong_tries_are_the_order_form_s_own_matter(
    engine: RasaEngine, orders: None
) -> None:
    """After five of them a person is offered, and it stays an offer."""
    customer = talk(engine)
    await customer.say("Where is my order?")
    for postcode in ("1111", "2222", "3333", "4444", "5555"):
        result = await customer.turn(f"10042, {postcode}")
        assert result.request is None, postcode
    assert "Would you like to talk to one of my human colleagues?" in words(result)
    result = await customer.turn("yes please")
    assert result.request == HandoffRequest(Cause.CUSTOMER_ASKED, "order_status")


async def test_an_action_asks(engine: RasaEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """As docs/adding-an-action.md says: an answer of any action may hold the payload."""
    request = engine._actions.request

    async def ask_for_a_person(*args: Any, json: dict[str, Any], **kwargs: Any) -> Any:
        answer = await request(*args, json=json, **kwargs)
        handoff = {"reason": "over_the_limit", "team": "accounts", "note": "12 000 kr"}
        answer["responses"] = [{"text": "One moment."}, {"custom": {"handoff": handoff}}]
        return answer

    monkeypatch.setattr(engine._actions, "request", ask_for_a_person)
    result = await talk(engine).turn("how is my case?")
    assert words(result) == "One moment.\n"
    assert result.request == HandoffRequest(
        Cause.ACTION_ASKED, "case_status", "accounts", "over_the_limit: 12 000 kr"
    )
