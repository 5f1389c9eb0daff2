"""What is read from a turn: was it understood, does it ask for a person, has a form got further."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from rasa.shared.core.events import (
    ActionExecuted,
    ActionExecutionRejected,
    ActiveLoop,
    BotUttered,
    Event,
    Restarted,
    SlotSet,
    UserUttered,
)

from bot.model.content import Content, Custom, Text
from bot.model.handoff import Cause, HandoffRequest
from bot.pipeline.rasa_outcome import (
    attempts_refused,
    intent_of,
    is_understood,
    points_in,
    rated_in,
    request_in,
    topic_of,
)


def user(intent: str | None) -> UserUttered:
    return UserUttered("words", {"name": intent, "confidence": 0.9})


def turn(intent: str, *after: Event) -> list[Event]:
    return [user(intent), *after, ActionExecuted("action_listen")]


def refused(slot: str = "email") -> list[Event]:
    """The form has not taken an answer, and asks again."""
    return turn(
        "provide",
        SlotSet(slot, "as it was extracted"),
        ActionExecuted("a_form"),
        BotUttered("that is none"),
        SlotSet(slot, None),
        SlotSet("requested_slot", slot),
    )


ACCEPTED = turn(
    "provide", ActionExecuted("a_form"), SlotSet("name", "Kari"), SlotSet("requested_slot", "email")
)
BEGUN = turn(
    "ask", ActionExecuted("a_form"), ActiveLoop("a_form"), SlotSet("requested_slot", "email")
)
QUESTION = turn(
    "opening_hours",
    ActionExecutionRejected("a_form"),
    ActionExecuted("utter_opening_hours"),
    ActionExecuted("a_form"),
    SlotSet("requested_slot", "email"),
)
TAKEN_BACK = turn(
    "provide",
    ActionExecuted("a_form"),
    SlotSet("email", "kari@kunde.example"),
    SlotSet("email", None),
    SlotSet("requested_slot", "email"),
)


@pytest.mark.parametrize(
    ("turns", "count"),
    [
        ([], 0),
        ([BEGUN], 0),
        ([BEGUN, refused()], 1),
        ([BEGUN, refused(), refused()], 2),
        ([refused(), refused(), refused()], 3),
        ([BEGUN, refused(), QUESTION], 0),
        ([BEGUN, refused(), QUESTION, refused()], 1),
        ([BEGUN, refused(), ACCEPTED], 0),
        # What is right by itself and refused for something else is a matter of its own.
        ([BEGUN, refused(), TAKEN_BACK, refused()], 1),
        ([refused(), turn("greet"), refused()], 1),
        ([refused(), [Restarted(), *turn("greet", ActionExecuted("utter_greet"))]], 0),
    ],
)
def test_answers_that_a_form_refused_in_a_row(turns: Sequence[list[Event]], count: int) -> None:
    assert attempts_refused([event for one in turns for event in one], "a_form") == count


def test_another_form_s_answers_are_not_counted() -> None:
    assert attempts_refused([*refused(), *refused()], "other_form") == 0


@pytest.mark.parametrize(
    ("intent", "events", "understood"),
    [
        ("opening_hours", [ActionExecuted("utter_opening_hours")], True),
        ("nlu_fallback", [ActionExecuted("utter_ask_rephrase")], False),
        ("out_of_scope", [ActionExecuted("utter_out_of_scope")], False),
        ("affirm", [ActionExecuted("action_default_fallback")], False),
        (None, [], True),
        # As the answer to a form's question anything may be right.
        ("nlu_fallback", [ActionExecuted("a_form"), SlotSet("story", "asdf")], True),
        ("nlu_fallback", refused()[1:], False),
        # What a new session carries over is no answer.
        (
            "nlu_fallback",
            [
                ActionExecuted("action_session_start"),
                SlotSet("language", "nb"),
                ActionExecuted("action_listen"),
                user("nlu_fallback"),
                SlotSet("language", "en"),
                ActionExecuted("utter_ask_rephrase"),
            ],
            False,
        ),
    ],
)
def test_understood(intent: str | None, events: list[Event], understood: bool) -> None:
    assert is_understood(intent, events) is understood


def handoff(payload: Any) -> list[Content]:
    return [Text("I'll get somebody."), Custom({"handoff": payload, "other": 1})]


ABOUT_RETURNS = [*turn("start_return"), *turn("talk_to_human")]


@pytest.mark.parametrize("cause", Cause)
def test_a_cause_is_taken_by_its_name(cause: Cause) -> None:
    request = request_in(handoff({"reason": cause.value}), ABOUT_RETURNS)
    assert request == HandoffRequest(cause, "start_return")


def test_what_a_request_names_goes_before_what_is_guessed() -> None:
    payload = {"reason": "action_asked", "topic": "invoices", "team": "accounts", "note": " VIP "}
    assert request_in(handoff(payload), ABOUT_RETURNS) == HandoffRequest(
        Cause.ACTION_ASKED, "invoices", "accounts", "VIP"
    )


@pytest.mark.parametrize(
    ("payload", "note", "told"),
    [
        ({"reason": "angry"}, "angry", None),
        ({"reason": "angry", "note": "third time"}, "angry: third time", None),
        ({}, None, "it has no `reason`"),
        ({"reason": 7}, None, "handoff.reason: 7 is no text"),
        ({"reason": "action_asked", "note": ["a"]}, None, "handoff.note: ['a'] is no text"),
        (True, None, "handoff: True is no object"),
    ],
)
def test_a_person_comes_whatever_the_payload_looks_like(
    payload: Any, note: str | None, told: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    request = request_in(handoff(payload), ABOUT_RETURNS)
    assert request == HandoffRequest(Cause.ACTION_ASKED, "start_return", None, note)
    assert (told is None) == (caplog.text == "")
    assert told is None or told in caplog.text


def test_nothing_is_asked_for_where_no_payload_is() -> None:
    assert request_in([Text("handoff"), Custom({"rated": {"score": 4}})], ABOUT_RETURNS) is None


@pytest.mark.parametrize(
    ("intents", "topic"),
    [
        ([], None),
        (["greet", "talk_to_human"], None),
        (["order_status", "affirm", "nlu_fallback", "nlu_fallback"], "order_status"),
        (["warranty", "chitchat_joke", "stop", "talk_to_human"], "warranty"),
        (["warranty", "damaged_item", "talk_to_human"], "damaged_item"),
        (["warranty", "handed_back", "talk_to_human"], None),
        (["warranty", "handed_back", "gift_card", "talk_to_human"], "gift_card"),
    ],
)
def test_the_topic_is_the_last_subject(intents: list[str], topic: str | None) -> None:
    assert topic_of([event for intent in intents for event in turn(intent)]) == topic


def test_a_restart_forgets_the_subject() -> None:
    assert topic_of([*turn("warranty"), Restarted(), *turn("talk_to_human")]) is None


def test_points_are_read_from_the_payload(caplog: pytest.LogCaptureFixture) -> None:
    assert rated_in([Custom({"rated": {"score": 4}}), Text("Thanks!")]) == 4
    assert rated_in([Text("Thanks!")]) is None
    assert caplog.text == ""
    for malformed in ({"points": 4}, {"score": "many"}, 4, None):
        caplog.clear()
        assert rated_in([Custom({"rated": malformed})]) is None
        assert "rated: " in caplog.text


@pytest.mark.parametrize(
    ("intent", "value", "points"),
    [
        ("rate", "5", 5),
        ("rate", 1, 1),
        ("rate", "0", None),
        ("rate", "6", None),
        ("rate", None, None),
        ("rate", "4.5", None),
        ("greet", "5", None),
    ],
)
def test_points_that_were_pressed(intent: str, value: Any, points: int | None) -> None:
    parse = {
        "intent": {"name": intent, "confidence": 1.0},
        "entities": [{"entity": "rating", "value": value}],
    }
    assert points_in(parse) == points


def test_an_intent_that_is_none() -> None:
    assert intent_of({"intent": {"name": "greet", "confidence": 0.5}}) == ("greet", 0.5)
    assert intent_of({"intent": {"name": None, "confidence": 0.0}}) == (None, None)
    assert intent_of({}) == (None, None)
