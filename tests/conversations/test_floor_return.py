"""The bot has the floor again after a person: it says so, knows what it was told, and goes on."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING

import pytest

from bot.model.content import Custom, Text
from bot.model.turns import TrackerWindow, TurnResult
from tests.trained import Conversation

if TYPE_CHECKING:
    from bot.pipeline.rasa_agent import RasaEngine

_names = itertools.count(1)
BACK = {"en": "It's me again, the chatbot.", "nb": "Nå er det meg igjen, chatboten."}


def talk(engine: RasaEngine) -> Conversation:
    """A new customer."""
    return Conversation(engine, f"web:return-{next(_names)}")


def words(result: TurnResult) -> str:
    return "\n".join(str(getattr(answer, "text", "")) for answer in result.answers)


@pytest.mark.parametrize(
    ("language", "opening", "person"),
    [("en", "Where is my order?", "talk to a human"), ("nb", "Hvor er pakken min?", "et menneske")],
    ids=["en", "nb"],
)
async def test_it_says_that_it_is_there_again(
    engine: RasaEngine, language: str, opening: str, person: str
) -> None:
    customer = talk(engine)
    await customer.say(opening)
    await customer.say(person)
    await customer.tell_a_person("10042")
    result = await customer.hand_back()
    assert BACK[language] in words(result)
    assert (result.intent, result.confidence, result.request) == (None, None, None)
    assert result.language == language


async def test_it_keeps_quiet_where_the_desk_has_spoken(engine: RasaEngine) -> None:
    customer = talk(engine)
    await customer.say("hello")
    result = await customer.hand_back(quiet=True)
    assert list(result.answers) == []
    assert [event["event"] for event in result.events if event["event"] == "bot"] == []


async def test_it_knows_what_the_agent_has_set(
    engine: RasaEngine, caplog: pytest.LogCaptureFixture
) -> None:
    customer = talk(engine)
    await customer.say("hei")
    slots = {"order_number": "10042", "language": "en", "requested_slot": "postcode", "shoe": 43}
    result = await customer.hand_back(slots=slots)
    assert BACK["en"] in words(result)
    assert "requested_slot, shoe" in caplog.text
    assert customer.slot("shoe") is None
    assert customer.slot("last_handoff") == "t1-1-0"
    # Only the postcode is missing.
    assert "postcode" in words(await customer.turn("where is my order?"))
    assert "has been shipped" in words(await customer.turn("0150"))


async def test_a_form_that_was_under_way_is_left(engine: RasaEngine) -> None:
    customer = talk(engine)
    await customer.say("Hvor er pakken min?")
    for said in ("10042", "hei", "når åpner dere?"):
        await customer.tell_a_person(said)
    await customer.hand_back(quiet=True)
    assert customer.slot("requested_slot") is None
    assert "Butikken i Oslo" in words(result := await customer.turn("når åpner dere?"))
    assert "ordrenummeret" not in words(result)
    # What the person was told is not what the form was told.
    assert "ordrenummeret" in words(await customer.turn("Hvor er pakken min?"))


async def test_a_yes_after_it_answers_nothing_from_before(engine: RasaEngine) -> None:
    customer = talk(engine)
    await customer.say("I want to complain")
    await customer.tell_a_person("hi Kari")
    await customer.hand_back(quiet=True)
    result = await customer.turn("yes")
    assert (result.request, words(result)) == (None, "Good. What else can I help you with?")


async def test_misunderstandings_from_before_do_not_count(engine: RasaEngine) -> None:
    customer = talk(engine)
    await customer.say("asdfgh")
    await customer.tell_a_person("qwerty")
    await customer.hand_back()
    assert (await customer.turn("zxcvb")).request is None
    assert (await customer.turn("lkjhgf")).request is not None


@pytest.mark.parametrize("form", [False, True], ids=["no form", "in a form"])
async def test_a_long_silence_changes_nothing(engine: RasaEngine, form: bool) -> None:
    """The window is cut many times meanwhile; read back as another worker would read it."""
    customer = talk(engine)
    await customer.say("hei")
    await customer.say("Hvor er pakken min?" if form else "hva koster frakten?")
    for number in range(40):
        result = await customer.tell_a_person(["10042", "når åpner dere?", "asdfgh"][number % 3])
        assert list(result.answers) == []
    kept = len(customer.window.base) + len(customer.window.tail)
    assert customer.window.length > 2 * kept
    assert customer.slot("requested_slot") == ("order_number" if form else None)
    stored = json.loads(json.dumps([customer.window.base, customer.window.tail]))
    customer.window = TrackerWindow(tuple(stored[0]), customer.window.start, tuple(stored[1]))
    assert BACK["nb"] in words(await customer.hand_back())
    assert "Butikken i Oslo" in words(await customer.turn("når åpner dere?"))
    assert "ordrenummeret" in words(await customer.turn("Hvor er pakken min?"))
    assert "postnummeret" in words(await customer.turn("10042"))
    assert "er sendt" in words(await customer.turn("0150"))


async def test_a_conversation_that_began_in_silence_goes_on(engine: RasaEngine) -> None:
    customer = talk(engine)
    await customer.tell_a_person("hei")
    await customer.hand_back()
    assert "ordrenummeret" in words(await customer.turn("Hvor er pakken min?"))


class TestRating:
    """What the customer says to the desk's question how it was."""

    @pytest.mark.parametrize(
        ("opening", "points", "thanks"),
        [("hello", "5", "Thank you! Your rating"), ("hei", "3", "Takk! Vurderingen din")],
        ids=["en", "nb"],
    )
    async def test_points_are_thanked_for(
        self, engine: RasaEngine, opening: str, points: str, thanks: str
    ) -> None:
        customer = talk(engine)
        await customer.say(opening)
        await customer.hand_back(quiet=True, rating=True)
        result = await customer.turn(f'/rate{{"rating": "{points}"}}')
        assert result.rated == int(points)
        assert Custom({"rated": {"score": int(points)}}) in result.answers
        assert thanks in words(result)

    @pytest.mark.parametrize(
        ("opening", "sorry", "yes"),
        [("hello", "sorry it didn't go better", "yes"), ("hei", "ikke gikk bedre", "ja")],
        ids=["en", "nb"],
    )
    async def test_who_gives_few_is_offered_a_person_again(
        self, engine: RasaEngine, opening: str, sorry: str, yes: str
    ) -> None:
        customer = talk(engine)
        await customer.say(opening)
        await customer.hand_back(quiet=True, rating=True)
        result = await customer.turn('/rate{"rating": "1"}')
        assert result.rated == 1
        assert sorry in words(result)
        assert (await customer.turn(yes)).request is not None

    async def test_a_number_that_is_typed_is_the_answer(self, engine: RasaEngine) -> None:
        customer = talk(engine)
        await customer.say("hei")
        await customer.hand_back(quiet=True, rating=True)
        assert (await customer.turn("4")).rated == 4

    async def test_a_number_is_no_points_where_none_were_asked_for(
        self, engine: RasaEngine
    ) -> None:
        customer = talk(engine)
        await customer.say("hei")
        await customer.hand_back(quiet=True)
        assert (await customer.turn("4")).rated is None

    @pytest.mark.parametrize("points", ["0", "6", "", "4.5", "best"])
    async def test_points_out_of_range_are_asked_for_again(
        self, engine: RasaEngine, points: str
    ) -> None:
        customer = talk(engine)
        await customer.say("hello")
        await customer.hand_back(quiet=True)
        result = await customer.turn(f'/rate{{"rating": "{points}"}}')
        assert result.rated is None
        assert "from 1 to 5" in words(result)
        assert (await customer.turn("4")).rated == 4

    async def test_twice_is_said_to_be_twice(self, engine: RasaEngine) -> None:
        customer = talk(engine)
        await customer.say("hello")
        await customer.hand_back(quiet=True)
        await customer.turn('/rate{"rating": "4"}')
        again = await customer.turn('/rate{"rating": "5"}')
        assert again.rated is None
        assert "already rated" in words(again)
        # The next talk is another one.
        await customer.hand_back(handoff_id="t1-2-0", quiet=True)
        assert (await customer.turn('/rate{"rating": "5"}')).rated == 5

    async def test_nothing_to_rate(self, engine: RasaEngine) -> None:
        customer = talk(engine)
        result = await customer.turn('/rate{"rating": "5"}')
        assert result.rated is None
        assert result.answers == [
            Text(
                "There is nothing to rate right now. Once you have talked to one of my colleagues,"
                " I'd like to know how it went."
            )
        ]
