"""What is typed where choices were offered, and what comes without words, in the real engine."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from bot.model.choices import choices_of
from bot.model.content import Attachment, Content, QuickReplies, Text
from bot.model.messages import Inbound
from bot.model.turns import TurnResult
from tests.pipeline import inbound
from tests.trained import Conversation

if TYPE_CHECKING:
    from bot.pipeline.rasa_agent import RasaEngine

_names = itertools.count(1)


@pytest.fixture
def counting(engine: RasaEngine) -> RasaEngine:
    """The engine, where every choice is shown as a numbered list in the channel `sms`."""
    from bot.pipeline.rasa_agent import RasaEngine

    def numbered(channel: str, content: Content) -> bool:
        return channel == "sms" and bool(choices_of(content))

    return RasaEngine(engine._processor, engine._actions, numbered)


def talk(engine: RasaEngine) -> Conversation:
    return Conversation(engine, f"sms:typing-{next(_names)}")


async def take(customer: Conversation, message: Inbound) -> TurnResult:
    (parse,) = customer.engine.understand([message])
    result = await customer.engine.answer(message, "0-1", parse, customer.window)
    customer.window = result.window
    return result


def texts(answers: list[Content]) -> str:
    return " | ".join(getattr(answer, "text", "") for answer in answers)


@pytest.mark.parametrize(
    ("typed", "heard"),
    [
        ("ja TAKK", "Jeg henter en av kollegene mine"),
        ("1", "Jeg henter en av kollegene mine"),
        ("2.", "Jeg er her hvis det er noe du trenger"),
        ("nei takk", "Jeg er her hvis det er noe du trenger"),
    ],
)
async def test_typed_is_pressed(counting: RasaEngine, typed: str, heard: str) -> None:
    customer = talk(counting)
    (offer,) = await customer.say("dette er elendig service, jeg vil klage")
    assert isinstance(offer, QuickReplies)
    assert heard in texts(await customer.say(typed, channel="sms"))
    users = [event for event in customer.window.tail if event["event"] == "user"]
    # The transcript and the training data have what the customer wrote, not what it stands for.
    assert users[-1]["text"] == typed
    assert users[-1]["parse_data"]["intent"]["confidence"] == 1.0


async def test_a_number_is_no_choice_where_none_is_shown(counting: RasaEngine) -> None:
    customer = talk(counting)
    await customer.say("dette er elendig service, jeg vil klage")
    heard = texts(await customer.say("1", channel="web"))
    assert "Jeg henter en av kollegene mine" not in heard


async def test_a_forms_open_question_gets_its_answer(counting: RasaEngine) -> None:
    customer = talk(counting)
    await customer.say("Hvor er pakken min?", channel="sms")
    await customer.say("10042", channel="sms")
    # Choices of an answer in between, then the form's open question again.
    heard = await customer.say("når har dere åpent?", channel="sms")
    assert any(choices_of(answer) for answer in heard)
    assert "postnummer" in texts(await customer.say("1", channel="sms"))
    assert "er sendt" in texts(await customer.say("0150", channel="sms"))


async def test_a_choice_of_the_forms_own_question(counting: RasaEngine) -> None:
    customer = talk(counting)
    await customer.say("Hvor er pakken min?", channel="sms")
    heard = texts(await customer.say("hvor finner jeg det", channel="sms"))
    assert "fem siffer" in heard
    assert "Hva er ordrenummeret ditt?" in heard


@pytest.mark.parametrize(
    ("attachment", "heard"),
    [
        (Attachment("image", "kvittering.jpg"), "Jeg kan ikke se på bilder"),
        (Attachment("location", latitude=59.91273, longitude=10.74609), "Nordlysgata 4"),
    ],
)
async def test_what_comes_without_words(
    engine: RasaEngine, attachment: Attachment, heard: str
) -> None:
    customer = talk(engine)
    await customer.say("hei")
    message = inbound("", conversation=customer.name, attachments=(attachment,))
    assert heard in texts(list((await take(customer, message)).answers))


async def test_words_beside_something_sent_along_are_understood(engine: RasaEngine) -> None:
    customer = talk(engine)
    await customer.say("hei")
    message = inbound(
        "når har dere åpent?",
        conversation=customer.name,
        attachments=(Attachment("image", "butikken.jpg"),),
    )
    assert "mandag til fredag" in texts(list((await take(customer, message)).answers))


async def test_a_choice_of_words_is_understood_as_words(engine: RasaEngine) -> None:
    customer = talk(engine)
    message = inbound("Åpent?", conversation=customer.name, payload="når har dere åpent?")
    assert "mandag til fredag" in texts(list((await take(customer, message)).answers))


async def test_a_turn_tells_the_customers_language(engine: RasaEngine) -> None:
    customer = talk(engine)
    spoken = [
        (await take(customer, inbound(words, conversation=customer.name))).language
        for words in ("/opening_hours 2", "når har dere åpent?", "when do you open?")
    ]
    assert spoken[1:] == ["nb", "en"]


async def test_what_a_refused_link_says_depends_on_why(engine: RasaEngine) -> None:
    customer = talk(engine)
    said = {
        problem: texts(await customer.say(f'/link_refused{{"link_problem": "{problem}"}}'))
        for problem in ("unknown", "used", "late", "other_channel", "too_many")
    }
    assert len(set(said.values())) == len(said)
    assert all(said.values())


async def test_linking_in_the_middle_of_a_form_asks_its_question_again(engine: RasaEngine) -> None:
    customer = talk(engine)
    await customer.say("Hvor er pakken min?")
    await customer.say("10042")
    heard = await customer.say("/channel_linked")
    assert [type(answer) for answer in heard] == [Text, Text]
    assert "postnummeret" in texts(heard)
    assert "er sendt" in texts(await customer.say("0150"))
