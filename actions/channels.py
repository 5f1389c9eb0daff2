"""What the assistant says of other channels that a customer goes on in."""

from __future__ import annotations

import logging
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict

logger = logging.getLogger(__name__)

# Why two channels were not linked, and the response that says what to do now.
RESPONSES = {
    "unknown": "utter_link_unknown",
    "used": "utter_link_used",
    "late": "utter_link_late",
    "other_channel": "utter_link_other_channel",
    "too_many": "utter_link_too_many",
}


class LinkRefused(Action):
    """Says why a link or code did not work, by the entity `link_problem`."""

    def name(self) -> str:
        return "action_link_refused"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        problem: Any = next(tracker.get_latest_entity_values("link_problem"), None)
        response = RESPONSES.get(problem)
        if response is None:
            logger.error("a link was refused for an unknown reason: %r", problem)
            response = RESPONSES["unknown"]
        dispatcher.utter_message(response=response)
        return []
