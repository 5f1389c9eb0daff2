"""The forms that ask for an order number and a postcode, and check the two against each other.

The check is made while the form is active, at the moment both slots are filled: after a mismatch
the form simply asks again. A form that its action starts anew would take the same wrong answers out
of the same message once more.
"""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections.abc import Callable
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.forms import REQUESTED_SLOT, FormValidationAction
from rasa_sdk.types import DomainDict

from actions.orders.errors import (
    OrderNotMatched,
    OrderRecordInvalid,
    OrdersUnavailable,
    TooManyAttempts,
)
from actions.orders.parsing import parse_order_number, parse_postcode
from actions.orders.provider import current_store
from actions.orders.store import OrderStore
from actions.turn import origin_of

logger = logging.getLogger(__name__)

# Values of the slot `order_state`: why a form ended without a matching order.
REFUSED = "refused"
UNAVAILABLE = "unavailable"


class OrderDetailsForm(FormValidationAction):
    """Validates `order_number` and `postcode`, then whether they belong together.

    Emits the slots in the order system's own form, or None where the form has to ask again. Ends
    the form early with `order_state` set where no further answer would help; the action that
    follows the form says so.
    """

    def __init__(self, store: Callable[[], OrderStore] = current_store.get) -> None:
        self._store = store

    @abstractmethod
    def name(self) -> str:
        """`validate_` and the form's name."""

    def validate_order_number(
        self,
        value: Any,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: DomainDict,
    ) -> dict[str, Any]:
        """The slots that an answer to "what is your order number?" fills."""
        text = str(value)
        number = parse_order_number(text)
        if number is None:
            dispatcher.utter_message(response="utter_order_number_invalid")
            return {"order_number": None}
        postcode = parse_postcode(text)
        return {"order_number": number} | ({"postcode": postcode} if postcode else {})

    def validate_postcode(
        self,
        value: Any,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: DomainDict,
    ) -> dict[str, Any]:
        """The slots that an answer to "what is your postcode?" fills."""
        text = str(value)
        postcode = parse_postcode(text)
        if postcode is not None:
            return {"postcode": postcode}
        corrected = parse_order_number(text)
        if corrected is not None:
            # "Sorry, it is 10043": no postcode, but no mistake to point out either.
            return {"postcode": None, "order_number": corrected}
        dispatcher.utter_message(response="utter_postcode_invalid")
        return {"postcode": None}

    async def run(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: DomainDict,
    ) -> list[EventType]:
        """Validate what the message brought; with both slots filled, check them together."""
        events: list[EventType] = await super().run(dispatcher, tracker, domain)
        number, postcode = tracker.get_slot("order_number"), tracker.get_slot("postcode")
        if number and postcode:
            events += await self._check_together(number, postcode, dispatcher, tracker)
        return events

    async def _check_together(
        self, number: str, postcode: str, dispatcher: CollectingDispatcher, tracker: Tracker
    ) -> list[EventType]:
        try:
            await self._store().find(number, postcode, origin_of(tracker))
        except OrderNotMatched as error:
            events = [SlotSet("failed_lookups", float(error.failures))]
            if error.tries_left == 0:
                return events + _end_form(REFUSED)
            dispatcher.utter_message(response="utter_order_not_matched")
            return events + _forget_details()
        except TooManyAttempts:
            return _end_form(REFUSED)
        except (OrdersUnavailable, OrderRecordInvalid) as error:
            logger.warning("%s could not check an order: %s", self.name(), error)
            return _end_form(UNAVAILABLE)
        return [SlotSet("failed_lookups", 0.0)]


def _forget_details() -> list[EventType]:
    return [SlotSet("order_number", None), SlotSet("postcode", None)]


def _end_form(reason: str) -> list[EventType]:
    return [*_forget_details(), SlotSet("order_state", reason), SlotSet(REQUESTED_SLOT, None)]


class ValidateOrderForm(OrderDetailsForm):
    """The form before "where is my order?" is answered."""

    def name(self) -> str:
        """See Action."""
        return "validate_order_form"


class ValidateInvoiceForm(OrderDetailsForm):
    """The form before a copy of an invoice is sent."""

    def name(self) -> str:
        """See Action."""
        return "validate_invoice_form"
