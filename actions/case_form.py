"""The form before a case is opened: what happened, an e-mail address, the order where it is known.

What happened is whatever the customer writes while that is asked for. Their words may look like any
intent, so they are taken out of the message here and not by a mapping: only a short question, or a
wish to leave, is none.
"""

from __future__ import annotations

import re
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.forms import REQUESTED_SLOT, FormValidationAction
from rasa_sdk.types import DomainDict

from actions.orders.parsing import parse_order_number
from actions.tickets.model import MAX_TEXT

# The value of the slot `case_order` where the customer has no order number.
NO_ORDER = "none"

# Never a description, however long.
_LEAVES = frozenset({"stop", "restart", "talk_to_human", "goodbye", "change_language"})
# No description as long as they are short; long ones hold a story that only resembles a question.
_QUESTIONS = frozenset(
    """
    affirm bot_challenge capabilities case_status chitchat_how_are_you chitchat_joke
    chitchat_weather contact_info delivery_cost deny find_order_number gift_card greet help
    open_case opening_hours payment_methods store_location thank
    """.split()
)
_LONGEST_QUESTION = 12
# What an answer to a question about a number or an address may look like.
_ANSWERS = frozenset({"provide_order_details", "nlu_fallback", "out_of_scope"})
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_LONGEST_EMAIL = 254


class ValidateCaseForm(FormValidationAction):
    """Fills and checks `case_text`, `case_email` and `case_order`."""

    def name(self) -> str:
        """See Action."""
        return "validate_case_form"

    def extract_case_text(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """What the customer writes when asked what has happened."""
        text = _words(tracker)
        if tracker.get_slot(REQUESTED_SLOT) != "case_text" or not text:
            return {}
        intent = _intent(tracker)
        is_short = len(text.split()) <= _LONGEST_QUESTION
        if intent in _LEAVES or (intent in _QUESTIONS and is_short):
            return {}
        return {"case_text": text}

    def validate_case_text(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """The words as they are; None where they say nothing, or are too many."""
        text = str(value).strip()
        if not any(character.isalpha() for character in text):
            dispatcher.utter_message(response="utter_case_text_empty")
            return {"case_text": None}
        if len(text) > MAX_TEXT:
            dispatcher.utter_message(response="utter_case_text_long", most=str(MAX_TEXT))
            return {"case_text": None}
        return {"case_text": text}

    def extract_case_email(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """An address in any message of the form, or an answer that holds none."""
        text = _words(tracker)
        asked = tracker.get_slot(REQUESTED_SLOT) == "case_email"
        if not text or not (asked or tracker.get_slot("case_email") is None):
            return {}
        if _EMAIL.search(text) or (asked and ("@" in text or _intent(tracker) in _ANSWERS)):
            return {"case_email": text}
        return {}

    def validate_case_email(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """The one address in the answer; None where there is none, or several."""
        found = set(_EMAIL.findall(str(value)))
        if len(found) == 1 and len(address := found.pop()) <= _LONGEST_EMAIL:
            return {"case_email": address}
        if tracker.get_slot(REQUESTED_SLOT) == "case_email":
            dispatcher.utter_message(response="utter_case_email_invalid")
        return {"case_email": None}

    def extract_case_order(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """The order that the conversation was about, or the answer to the question for it."""
        text = _words(tracker)
        if tracker.get_slot(REQUESTED_SLOT) == "case_order":
            if _intent(tracker) == "deny":
                return {"case_order": NO_ORDER}
            if text and (parse_order_number(text) or _intent(tracker) in _ANSWERS):
                return {"case_order": text}
            return {}
        known = tracker.get_slot("order_number") or tracker.get_slot("recent_order")
        if known and tracker.get_slot("case_order") is None:
            return {"case_order": known}
        return {}

    def validate_case_order(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """The order number as five digits, or NO_ORDER; None where the answer holds neither."""
        if value == NO_ORDER:
            return {"case_order": NO_ORDER}
        number = parse_order_number(str(value))
        if number is None and tracker.get_slot(REQUESTED_SLOT) == "case_order":
            dispatcher.utter_message(response="utter_order_number_invalid")
        return {"case_order": number}


def _words(tracker: Tracker) -> str:
    """What was written; nothing where a button was pressed."""
    text = str(tracker.latest_message.get("text") or "").strip()
    return "" if text.startswith("/") else text


def _intent(tracker: Tracker) -> str | None:
    return (tracker.latest_message.get("intent") or {}).get("name")
