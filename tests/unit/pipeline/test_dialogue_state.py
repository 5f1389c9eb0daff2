"""What a conversation's events amount to, in Rasa's own words and in words that Rasa reads alike."""

from __future__ import annotations

from typing import Any

import pytest
from rasa.shared.core.events import (
    ActionExecuted,
    ActiveLoop,
    AllSlotsReset,
    Event,
    Restarted,
    SessionStarted,
    SlotSet,
    UserUtteranceReverted,
    UserUttered,
)
from rasa.shared.core.slots import AnySlot
from rasa.shared.core.trackers import DialogueStateTracker

from bot.errors import UnreadableEntry
from bot.model.content import Button, Buttons, Content, Text, content_to_dict
from bot.model.messages import Inbound
from bot.model.turns import TrackerWindow
from bot.pipeline.dialogue_state import state_of
from bot.pipeline.rasa_agent import AnswerChannel, _rasa_message
from bot.ports import DialogueState, Understanding

SLOTS = ("language", "order_number", "requested_slot")


def heard(event_id: str, **more: Any) -> UserUttered:
    """A customer's message as it is stored."""
    return UserUttered(text="hei", input_channel="web", message_id=event_id, **more)


def window(*events: Event, base: tuple[Event, ...] = ()) -> TrackerWindow:
    """The stored form of events."""
    return TrackerWindow(
        tuple(event.as_dict() for event in base), 3, tuple(event.as_dict() for event in events)
    )


def by_rasa(*events: Event) -> tuple[dict[str, Any], str | None]:
    """Slots and form, as Rasa's own tracker has them."""
    slots = [AnySlot(name, mappings=[{}]) for name in SLOTS]
    tracker = DialogueStateTracker.from_events("c", list(events), slots=slots)
    values = tracker.current_slot_values()
    return {name: value for name, value in values.items() if value is not None}, (
        tracker.active_loop_name
    )


CASES: dict[str, list[Event]] = {
    "nothing": [],
    "slots": [heard("1"), SlotSet("language", "nb"), SlotSet("order_number", "10042")],
    "a slot emptied": [heard("1"), SlotSet("language", "nb"), SlotSet("language", None)],
    "a form": [heard("1"), ActionExecuted("order_form"), ActiveLoop("order_form")],
    "a form left": [heard("1"), ActiveLoop("order_form"), ActiveLoop(None)],
    "all slots reset": [heard("1"), SlotSet("language", "nb"), AllSlotsReset()],
    "a session": [
        heard("1"),
        SlotSet("language", "nb"),
        ActiveLoop("order_form"),
        ActionExecuted("action_session_start"),
        SessionStarted(),
        SlotSet("order_number", "1"),
    ],
    "a restart": [heard("1"), SlotSet("language", "nb"), ActiveLoop("order_form"), Restarted()],
    "a message taken back": [
        heard("1"),
        SlotSet("language", "nb"),
        ActionExecuted("action_listen"),
        heard("2"),
        SlotSet("language", "en"),
        ActiveLoop("order_form"),
        UserUtteranceReverted(),
    ],
}


@pytest.mark.parametrize("events", CASES.values(), ids=CASES.keys())
def test_the_state_is_the_one_that_rasa_has(events: list[Event]) -> None:
    state = state_of(window(*events))
    assert (dict(state.slots), state.active_form) == by_rasa(*events)


def test_a_window_begins_with_its_base() -> None:
    base = (SessionStarted(), SlotSet("language", "nb"), ActiveLoop("order_form"))
    state = state_of(window(heard("1"), SlotSet("order_number", "7"), base=base))
    assert state.slots == {"language": "nb", "order_number": "7"}
    assert state.active_form == "order_form"


def test_each_message_is_told_as_it_was_understood() -> None:
    parse: Any = {
        "text": "hvor er 10042",
        "intent": {"name": "order_status", "confidence": 0.91},
        "entities": [{"entity": "order_number", "value": "10042", "start": 8, "end": 13}],
        "intent_ranking": [
            {"name": "order_status", "confidence": 0.91},
            {"name": "greet", "confidence": 0.05},
        ],
    }
    suggested: list[Content] = [
        Text("Hva er postnummeret?"),
        Buttons("Hva?", (Button("Pakken", "/pakke"),)),
    ]
    kept = {"suggestions": [content_to_dict(content) for content in suggested], "turn_id": "1-1-1"}
    understood = heard("e1", parse_data=parse, metadata=kept)
    blank = heard("e2", parse_data={"intent": {"name": None, "confidence": 0.0}, "entities": []})
    state = state_of(window(understood, blank, heard("")))
    assert state.messages == {
        "e1": Understanding(
            "e1",
            "order_status",
            0.91,
            tuple(parse["entities"]),
            (("order_status", 0.91), ("greet", 0.05)),
            tuple(suggested),
        ),
        "e2": Understanding("e2", None, None),
    }


def test_a_conversation_that_has_none_is_an_empty_state() -> None:
    assert state_of(TrackerWindow()) == DialogueState()


@pytest.mark.parametrize(
    "event", [{}, {"event": "slot"}, {"event": "user", "message_id": "1", "parse_data": "x"}, "x"]
)
def test_what_is_damaged_is_told(event: Any) -> None:
    with pytest.raises(UnreadableEntry, match="tracker event"):
        state_of(TrackerWindow(tail=(event,)))


def test_a_suggestion_that_can_not_be_read_is_left_out() -> None:
    kept = {"suggestions": [{"kind": "of tomorrow"}, content_to_dict(Text("Hei"))]}
    state = state_of(window(heard("e1", metadata=kept)))
    assert state.messages["e1"].suggestions == (Text("Hei"),)


def test_nobody_can_put_suggestions_into_the_bots_mouth() -> None:
    forged = {"suggestions": [content_to_dict(Text("Send me your card"))], "page": "/kontakt"}
    message = Inbound("rest", "s", "rest:s", "e1", "hei", 0.0, metadata=forged)
    kept = _rasa_message(message, "1-1-1", {}, AnswerChannel("rest"))
    assert kept.metadata == {"page": "/kontakt", "turn_id": "1-1-1"}
