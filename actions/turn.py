"""What actions read from a tracker beside its slots."""

from __future__ import annotations

from rasa_sdk import Tracker

from actions.orders.model import Origin


def language_of(tracker: Tracker) -> str:
    """The language to answer in: `nb`, else `en`, as the conditional responses have it."""
    return "nb" if tracker.get_slot("language") == "nb" else "en"


def origin_of(tracker: Tracker) -> Origin:
    """The turn under way: the pipeline's turn id, else the id that the channel gave the message."""
    message = tracker.latest_message
    turn_id = (message.get("metadata") or {}).get("turn_id") or message.get("message_id")
    return Origin(tracker.sender_id, str(turn_id) if turn_id else None)
