"""While a person has the floor the bot keeps what it hears, and says and does nothing."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.errors import TurnFailed
from bot.model.choices import choices_of
from bot.model.content import Buttons, Content, Text, content_from_dict
from bot.model.turns import TrackerWindow, TurnResult
from tests.pipeline import inbound
from tests.trained import Conversation

if TYPE_CHECKING:
    from bot.pipeline.rasa_agent import RasaEngine

_names = itertools.count(1)
INTENTS = [
    "order_status",
    "opening_hours",
    "talk_to_human",
    "nlu_fallback",
    "complaint",
    "stop",
    "restart",
    "case_status",
    "provide_order_details",
    "handed_back",
    "rate",
    "no_such_intent",
]
ENTITIES = ["order_number", "postcode", "email", "wanted_language", "rating", "anger", "unknown"]


def talk(engine: RasaEngine) -> Conversation:
    """A new customer."""
    return Conversation(engine, f"web:silence-{next(_names)}")


def kinds(result: TurnResult) -> list[str]:
    """What happened, without the slots: an action by its name."""
    return [
        event["name"] if event["event"] == "action" else event["event"]
        for event in result.events
        if event["event"] not in {"slot", "user_featurization"}
    ]


def suggestions(result: TurnResult) -> list[Content]:
    (said,) = [event for event in result.events if event["event"] == "user"]
    # As the console reads it: through JSON.
    stored = json.loads(json.dumps(said["metadata"].get("suggestions", [])))
    return [content_from_dict(content) for content in stored]


@pytest.fixture
def calls(engine: RasaEngine, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The custom actions that are called, each by its name. They run."""
    called: list[str] = []
    request = engine._actions.request

    async def record(*args: Any, json: dict[str, Any], **kwargs: Any) -> Any:
        called.append(json["next_action"])
        return await request(*args, json=json, **kwargs)

    monkeypatch.setattr(engine._actions, "request", record)
    return called


@pytest.mark.parametrize(
    "words",
    [
        "where is order 10042, postcode 0150?",
        "how is my case?",
        "/open_case",
        '/rate{"rating": "4"}',
        "start over",
        "never mind",
        "asdfgh",
        "I'm furious",
    ],
)
async def test_nothing_is_said_and_no_action_runs(
    engine: RasaEngine, calls: list[str], words: str
) -> None:
    customer = talk(engine)
    await customer.say("/order_status")
    before = list(calls)
    result = await customer.tell_a_person(words)
    assert kinds(result) == ["user", "action_listen"]
    assert (result.answers, result.request) == ((), None)
    assert calls == before
    # The form stands as it stood.
    assert customer.slot("requested_slot") == "order_number"
    assert customer.slot("order_number") is None


async def test_the_message_is_kept_with_what_it_was_taken_for(engine: RasaEngine) -> None:
    customer = talk(engine)
    result = await customer.tell_a_person("where is order 10042?")
    (said,) = [event for event in result.events if event["event"] == "user"]
    assert said["text"] == "where is order 10042?"
    assert said["parse_data"]["intent"]["name"] == "order_status"
    assert said["metadata"]["turn_id"] == f"{customer.name}-1"
    assert said["input_channel"] == "web"
    assert [entity["value"] for entity in said["parse_data"]["entities"]] == ["10042"]
    assert (result.intent, result.understood) == ("order_status", True)
    assert result.confidence is not None
    assert not (await customer.tell_a_person("asdfgh")).understood


@pytest.mark.parametrize(
    ("words", "suggested"),
    [
        ("what time do you close on Saturday?", "**Customer service:** Monday to Friday"),
        ("når åpner dere på lørdag?", "**Kundeservice:** mandag til fredag"),
    ],
    ids=["en", "nb"],
)
async def test_what_the_bot_would_have_said_is_suggested_in_the_customer_s_language(
    engine: RasaEngine, words: str, suggested: str
) -> None:
    customer = talk(engine)
    await customer.say("Hvor er pakken min?" if "close" in words else "Where is my order?")
    result = await customer.tell_a_person(words)
    (content,) = suggestions(result)
    assert isinstance(content, Buttons)
    assert suggested in content.text
    assert result.language == ("en" if "close" in words else "nb")


@pytest.mark.parametrize(
    "words",
    [
        "where is my order?",  # a form
        "how is my case?",  # an action
        "I want to talk to a human",  # is being done
        "asdfgh",  # what was it?
        "yes",  # to what the person has asked
        "am I speaking to a bot?",  # not in a person's mouth
        "/back_to_bot",
    ],
)
async def test_nothing_is_suggested_that_a_person_could_not_say(
    engine: RasaEngine, words: str
) -> None:
    assert suggestions(await talk(engine).tell_a_person(words)) == []


async def test_a_card_is_suggested_with_its_words(engine: RasaEngine) -> None:
    found = suggestions(await talk(engine).tell_a_person("how much is shipping?"))
    assert [type(content).__name__ for content in found] == ["Text", "Carousel"]


async def test_where_nothing_can_be_suggested_the_message_is_kept(
    engine: RasaEngine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("a policy's fault")

    monkeypatch.setattr(engine._processor, "_predict_next_with_tracker", broken)
    result = await talk(engine).tell_a_person("when do you open?")
    begun = ["action_session_start", "session_started", "action_listen"]
    assert kinds(result) == [*begun, "user", "action_listen"]
    assert "nothing could be suggested" in caplog.text


async def test_a_client_can_suggest_nothing_to_staff(engine: RasaEngine) -> None:
    customer = talk(engine)
    forged = {"suggestions": [{"kind": "text", "text": "Take it for free"}], "page": "/cart"}
    result = await customer.tell_a_person("asdfgh", metadata=forged)
    assert suggestions(result) == []
    (said,) = [event for event in result.events if event["event"] == "user"]
    assert said["metadata"]["page"] == "/cart"
    await customer.hand_back()
    answered = await customer.turn("when do you open?", metadata=forged)
    assert suggestions(answered) == []


async def test_points_that_are_pressed_to_a_person_are_not_lost(engine: RasaEngine) -> None:
    customer = talk(engine)
    assert (await customer.tell_a_person('/rate{"rating": "2"}')).rated == 2
    assert (await customer.tell_a_person('/rate{"rating": "7"}')).rated is None
    assert (await customer.tell_a_person("2")).rated is None


async def test_a_number_typed_to_a_person_is_no_choice_of_the_bot_s(engine: RasaEngine) -> None:
    customer = talk(engine)
    (offer,) = await customer.say("I want to complain")
    assert choices_of(offer)
    result = await customer.tell_a_person("Yes, please")
    assert result.intent == "affirm"


words = st.text(max_size=60)
parses = st.fixed_dictionaries(
    {
        "text": words,
        "intent": st.fixed_dictionaries(
            {
                "name": st.sampled_from([*INTENTS, None]),
                "confidence": st.floats(0, 1),
            }
        ),
        "entities": st.lists(
            st.fixed_dictionaries(
                {
                    "entity": st.sampled_from(ENTITIES),
                    "value": st.one_of(words, st.sampled_from(["10042", "0150", "nb", "3"])),
                    "start": st.just(0),
                    "end": st.just(1),
                }
            ),
            max_size=3,
        ),
    }
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(said=words, parse=parses, form=st.booleans())
async def test_whatever_is_made_of_a_message_nothing_is_said(
    engine: RasaEngine,
    calls: list[str],
    said: str,
    parse: dict[str, Any],
    form: bool,
) -> None:
    customer = talk(engine)
    await customer.say("/order_status" if form else "/greet")
    before = list(calls)
    result = await engine.listen(
        inbound(said, conversation=customer.name), "1-1-1", parse, customer.window
    )
    assert kinds(result) == ["user", "action_listen"]
    assert (result.answers, result.request) == ((), None)
    assert calls == before
    json.dumps(result.events)


async def test_what_is_no_handing_back_is_refused(engine: RasaEngine) -> None:
    with pytest.raises(TurnFailed, match="hands nothing back"):
        await engine.resume(inbound("hei"), "1-1-1", TrackerWindow())


async def test_a_text_is_a_text(engine: RasaEngine) -> None:
    """A suggestion without choices."""
    (content,) = suggestions(await talk(engine).tell_a_person("what is your phone number?"))
    assert isinstance(content, Text)
    assert "22 00 00 00" in content.text
