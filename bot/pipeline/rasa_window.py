"""A bounded tracker: the state as it was some turns ago, and the events since.

Rasa replays and copies all of a tracker's events several times a turn, so a turn would grow
slower with each one before it. Its policies look back a few turns only (`max_history`, the length
of a rule); what lies before acts through the slots and the active form alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rasa.shared.core.constants import ACTION_LISTEN_NAME, ACTION_SESSION_START_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActiveLoop,
    Event,
    SessionStarted,
    SlotSet,
    UserUttered,
    deserialise_events,
)
from rasa.shared.core.trackers import DialogueStateTracker

from bot.model.turns import TrackerWindow

# How many turns a window keeps at least; twice as many make it due to be cut back to them, so that
# the work of cutting is spread over many turns. A turn is two states or more to a policy.
KEEP_TURNS = 4


def tracker_from(
    conversation_id: str, window: TrackerWindow, domain: Domain
) -> DialogueStateTracker:
    """A live tracker with the window's events."""
    return _replay(conversation_id, [*window.base, *window.tail], domain)


def turns_to_keep(policies: Iterable[Mapping[str, Any]]) -> int:
    """How many turns the policies with these configurations may look back on, at the least 4."""
    histories = (policy.get("max_history") for policy in policies)
    return max([KEEP_TURNS, *(history for history in histories if isinstance(history, int))])


def cut(
    window: TrackerWindow, conversation_id: str, domain: Domain, keep_turns: int
) -> TrackerWindow | None:
    """A window onto the newest `keep_turns` turns, or None while this one has not twice as many."""
    turns = [
        number
        for number, event in enumerate(window.tail)
        if event["event"] == UserUttered.type_name
    ]
    if len(turns) < 2 * keep_turns:
        return None
    first_kept = turns[-keep_turns]
    before = _replay(conversation_id, [*window.base, *window.tail[:first_kept]], domain)
    base = tuple(event.as_dict() for event in _events_setting_up(before, domain))
    return TrackerWindow(base, window.start + first_kept, window.tail[first_kept:])


def _events_setting_up(tracker: DialogueStateTracker, domain: Domain) -> list[Event]:
    """Events after which a new tracker has the same slots, active form and last action."""
    events: list[Event] = [ActionExecuted(ACTION_SESSION_START_NAME), SessionStarted()]
    initial = {slot.name: slot.initial_value for slot in domain.slots}
    events.extend(
        SlotSet(name, value)
        for name, value in tracker.current_slot_values().items()
        if value != initial.get(name)
    )
    if tracker.active_loop_name:
        events.append(ActionExecuted(tracker.active_loop_name))
        events.append(ActiveLoop(tracker.active_loop_name))
    events.append(ActionExecuted(ACTION_LISTEN_NAME))
    return events


def _replay(
    conversation_id: str, events: Sequence[dict[str, Any]], domain: Domain
) -> DialogueStateTracker:
    return DialogueStateTracker.from_events(
        conversation_id, deserialise_events(list(events)), slots=domain.slots, domain=domain
    )
