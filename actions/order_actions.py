"""What follows the forms: where the order is, a copy of its invoice."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import date, datetime, timezone
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict

from actions.days import format_day
from actions.order_forms import REFUSED, UNAVAILABLE
from actions.orders.errors import (
    OrderNotMatched,
    OrderRecordInvalid,
    OrdersUnavailable,
    TooManyAttempts,
)
from actions.orders.model import Order, OrderState
from actions.orders.provider import current_store
from actions.orders.store import OrderStore
from actions.turn import language_of, origin_of

logger = logging.getLogger(__name__)


class OrderAction(Action, ABC):
    """Says how a form about an order ended: `answer` where the order was found.

    Forgets the details afterwards: the next question about an order asks for them again, on a
    computer that several people share, too.
    """

    form: str

    def __init__(self, store: Callable[[], OrderStore] = current_store.get) -> None:
        self._store = store

    @abstractmethod
    def name(self) -> str:
        """The action's name in the domain."""

    @abstractmethod
    async def answer(
        self, order: Order, dispatcher: CollectingDispatcher, tracker: Tracker
    ) -> None:
        """Tell the customer. May raise OrdersUnavailable before anything is said."""

    async def run(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: DomainDict,
    ) -> list[EventType]:
        """See Action."""
        ended = tracker.get_slot("order_state")
        number, postcode = tracker.get_slot("order_number"), tracker.get_slot("postcode")
        events: list[EventType] = [
            SlotSet(slot, None) for slot in ("order_number", "postcode", "order_state")
        ]
        if ended == REFUSED:
            return [*events, _offer_a_person()]
        if ended == UNAVAILABLE:
            dispatcher.utter_message(response="utter_orders_unavailable")
            return events
        if number and postcode:
            return events + await self._find_and_answer(number, postcode, dispatcher, tracker)
        return [FollowupAction(self.form)]

    async def _find_and_answer(
        self, number: str, postcode: str, dispatcher: CollectingDispatcher, tracker: Tracker
    ) -> list[EventType]:
        try:
            order = await self._store().find(number, postcode, origin_of(tracker))
            await self.answer(order, dispatcher, tracker)
        except (OrderNotMatched, TooManyAttempts):
            # Changed since the form checked it.
            return [_offer_a_person()]
        except (OrdersUnavailable, OrderRecordInvalid) as error:
            logger.warning("%s could not answer: %s", self.name(), error)
            dispatcher.utter_message(response="utter_orders_unavailable")
            return []
        # For a case about it: the number alone opens nothing.
        return [SlotSet("recent_order", order.number)]


def _offer_a_person() -> EventType:
    # As an action of its own, so that the rules know what a "yes" to it means.
    return FollowupAction("utter_offer_human")


class ActionOrderStatus(OrderAction):
    """Where is my order?"""

    form = "order_form"

    def name(self) -> str:
        """See Action."""
        return "action_order_status"

    async def answer(
        self, order: Order, dispatcher: CollectingDispatcher, tracker: Tracker
    ) -> None:
        """See OrderAction."""
        variables = _status_variables(
            order, language_of(tracker), datetime.now(timezone.utc).date()
        )
        dispatcher.utter_message(response=f"utter_order_{order.state.value}", **variables)


class ActionInvoiceCopy(OrderAction):
    """Have a copy of the invoice sent to the address that stands on the order."""

    form = "invoice_form"

    def name(self) -> str:
        """See Action."""
        return "action_invoice_copy"

    async def answer(
        self, order: Order, dispatcher: CollectingDispatcher, tracker: Tracker
    ) -> None:
        """See OrderAction."""
        await self._store().request_invoice(order, origin_of(tracker))
        dispatcher.utter_message(
            response="utter_invoice_sent",
            order_number=order.number,
            email_masked=order.email_masked,
        )


def _status_variables(order: Order, language: str, today: date) -> dict[str, Any]:
    """The variables of the state's response; days are written out in `language`."""
    variables = {
        "order_number": order.number,
        "items": ", ".join(f"{line.quantity} × {line.title}" for line in order.lines),
    }
    if order.state is OrderState.SHIPPED and order.shipment:
        variables |= {
            "carrier": order.shipment.carrier,
            "tracking_number": order.shipment.tracking_number,
            "tracking_url": order.shipment.tracking_url,
            "expected_date": format_day(order.shipment.expected_on, language, today),
        }
    if order.state is OrderState.DELIVERED and order.delivered_on and order.return_by:
        variables |= {
            "delivered_date": format_day(order.delivered_on, language, today),
            "return_by": format_day(order.return_by, language, today),
        }
    return variables
