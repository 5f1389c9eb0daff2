"""What a conversation's stored events amount to: slots, form, and how messages were understood.

The events are in Rasa's form (`rasa.shared.core.events`). Rasa itself is not needed to read them, and
takes seconds to import, which the gateway has no use for.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bot.errors import UnreadableEntry
from bot.model.content import Content, content_from_dict
from bot.model.turns import TrackerWindow
from bot.ports import DialogueState, Understanding

_BEGINS_ANEW = frozenset({"session_started", "restart"})


def state_of(window: TrackerWindow) -> DialogueState:
    """The state after the window's last event, and each of its messages that has an id.

    Slots without a value are left out. Raises UnreadableEntry.
    """
    try:
        return _replay((*window.base, *window.tail))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnreadableEntry(f"tracker event: {type(error).__name__}: {error}") from error


def _replay(events: Iterable[Mapping[str, Any]]) -> DialogueState:
    slots: dict[str, Any] = {}
    form: str | None = None
    before_message: tuple[dict[str, Any], str | None] = ({}, None)
    messages: dict[str, Understanding] = {}
    for event in events:
        kind = event["event"]
        if kind == "slot":
            slots[event["name"]] = event["value"]
        elif kind in {"active_loop", "form"}:
            form = event["name"]
        elif kind == "user":
            before_message = (dict(slots), form)
            if event.get("message_id"):
                messages[event["message_id"]] = _understanding(event)
        elif kind == "rewind":
            # The message, and what it did, is taken back; it was understood as it was all the same.
            slots, form = dict(before_message[0]), before_message[1]
        elif kind == "reset_slots":
            slots = {}
        elif kind in _BEGINS_ANEW:
            slots, form = {}, None
    known = {name: value for name, value in slots.items() if value is not None}
    return DialogueState(known, form, messages)


def _understanding(event: Mapping[str, Any]) -> Understanding:
    parse = event.get("parse_data") or {}
    intent = parse.get("intent") or {}
    name = intent.get("name")
    suggestions = (event.get("metadata") or {}).get("suggestions") or ()
    return Understanding(
        event_id=event["message_id"],
        intent=name,
        confidence=intent.get("confidence") if name is not None else None,
        entities=tuple(parse.get("entities") or ()),
        ranking=tuple(
            (ranked["name"], ranked["confidence"]) for ranked in parse.get("intent_ranking") or ()
        ),
        suggestions=tuple(_readable(suggestions)),
    )


def _readable(suggestions: Iterable[Mapping[str, Any]]) -> Iterator[Content]:
    for suggestion in suggestions:
        # One that another version wrote is no reason to show nothing of the conversation.
        with contextlib.suppress(UnreadableEntry):
            yield content_from_dict(suggestion)
