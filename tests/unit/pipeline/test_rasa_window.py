"""How long a window is kept, and what it sets up where it begins."""

from __future__ import annotations

from typing import Any

import pytest
from rasa.shared.core.domain import Domain

from bot.model.turns import TrackerWindow
from bot.pipeline.rasa_window import cut, tracker_from, turns_to_keep

pytestmark = pytest.mark.filterwarnings("ignore:Slot auto-fill has been removed")

DOMAIN = """
version: "3.1"
intents: [greet, ask]
slots:
  language: {type: text, influence_conversation: false, mappings: [{type: custom}]}
  tries: {type: float, initial_value: 0, mappings: [{type: custom}]}
  number: {type: text, mappings: [{type: custom}]}
forms:
  order_form: {required_slots: [number]}
responses:
  utter_greet: [{text: hi}]
"""


@pytest.fixture(scope="module")
def domain() -> Domain:
    return Domain.from_yaml(DOMAIN)


def turn(number: int, *between: dict[str, Any]) -> list[dict[str, Any]]:
    intent = {"name": "greet", "confidence": 1.0}
    said = {"event": "user", "text": f"hi {number}", "parse_data": {"intent": intent}}
    return [
        said,
        *between,
        {"event": "action", "name": "utter_greet"},
        {"event": "bot", "text": "hi"},
        {"event": "action", "name": "action_listen"},
    ]


def slot(name: str, value: object) -> dict[str, Any]:
    return {"event": "slot", "name": name, "value": value}


@pytest.mark.parametrize(("histories", "expected"), [([], 4), ([None, 2], 4), ([5, None, 12], 12)])
def test_every_policy_sees_as_far_as_it_may_look(
    histories: list[int | None], expected: int
) -> None:
    assert turns_to_keep([{"max_history": history} for history in histories] + [{}]) == expected


def test_a_window_is_cut_at_twice_what_is_kept(domain: Domain) -> None:
    events = [event for number in range(7) for event in turn(number)]
    assert cut(TrackerWindow(tail=tuple(events)), "c", domain, keep_turns=4) is None
    events += turn(7)
    shorter = cut(TrackerWindow(tail=tuple(events)), "c", domain, keep_turns=4)
    assert shorter is not None
    assert [event["text"] for event in shorter.tail if event["event"] == "user"] == [
        "hi 4",
        "hi 5",
        "hi 6",
        "hi 7",
    ]
    assert shorter.length == len(events)


def test_what_lies_before_acts_through_slots_and_form(domain: Domain) -> None:
    events = turn(0, slot("language", "nb"), slot("tries", 2.0), slot("number", "1"))
    events += turn(1, slot("number", None), {"event": "active_loop", "name": "order_form"})
    events += [event for number in range(2, 8) for event in turn(number)]
    whole = TrackerWindow(tail=tuple(events))
    shorter = cut(whole, "c", domain, keep_turns=4)
    assert shorter is not None
    before, after = (tracker_from("c", window, domain) for window in (whole, shorter))
    assert after.current_slot_values() == before.current_slot_values()
    assert after.active_loop_name == before.active_loop_name == "order_form"
    assert after.latest_action_name == before.latest_action_name
    # Policies see the same where they look: the newest states.
    assert after.past_states(domain)[-8:] == before.past_states(domain)[-8:]


def test_cutting_again_and_again_keeps_the_state(domain: Domain) -> None:
    window = TrackerWindow(tail=tuple(turn(0, slot("language", "nb"))))
    for number in range(1, 60):
        window = TrackerWindow(window.base, window.start, (*window.tail, *turn(number)))
        window = cut(window, "c", domain, keep_turns=4) or window
    assert tracker_from("c", window, domain).get_slot("language") == "nb"
    assert window.length == 60 * 4 + 1
    assert len(window.tail) <= 8 * 4
