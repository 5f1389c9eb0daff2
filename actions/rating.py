"""The points that a customer gives for a talk with a person."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict

BEST = 5
# From this one down somebody is offered again.
_LOW = 2
_OFFER = "utter_rated_low"


class ActionRate(Action):
    """Thanks for the points in the entity `rating`, once for each talk.

    The custom payload `rated` tells Flerkanal what to keep.
    """

    def name(self) -> str:
        """See Action."""
        return "action_rate"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """See Action."""
        handoff = tracker.get_slot("last_handoff")
        if handoff is None:
            dispatcher.utter_message(response="utter_rating_of_nothing")
            return []
        if tracker.get_slot("rated_handoff") == handoff:
            dispatcher.utter_message(response="utter_rating_again")
            return []
        score = _score(next(tracker.get_latest_entity_values("rating"), None))
        if score is None:
            dispatcher.utter_message(response="utter_rating_invalid")
            return []
        dispatcher.utter_message(json_message={"rated": {"score": score}})
        events: list[EventType] = [SlotSet("rated_handoff", handoff)]
        if score > _LOW:
            dispatcher.utter_message(response="utter_rated")
        elif tracker.active_loop:
            # The form goes on asking, so a "yes" would be an answer to that.
            dispatcher.utter_message(response=_OFFER)
        else:
            # As an action of its own, so that the rules know what a "yes" to it means.
            events.append(FollowupAction(_OFFER))
        return events


def _score(value: Any) -> int | None:
    """1 to BEST; None for anything else."""
    text = str(value).strip()
    return int(text) if text in {str(points) for points in range(1, BEST + 1)} else None
