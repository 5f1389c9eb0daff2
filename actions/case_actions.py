"""Opening a case, and telling how it stands."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import datetime, timezone

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict

from actions.case_form import NO_ORDER
from actions.days import format_day
from actions.tickets.desk import TicketDesk
from actions.tickets.errors import TicketRefused, TicketsUnavailable
from actions.tickets.model import Link, Ticket, TicketDraft
from actions.tickets.provider import current_desk
from actions.turn import language_of, origin_of

logger = logging.getLogger(__name__)

FORM = "case_form"
_DETAILS = ("case_text", "case_email", "case_order", "case_key")


class CaseAction(Action, ABC):
    """What the actions about cases share: the desk."""

    def __init__(self, desk: Callable[[], TicketDesk] = current_desk.get) -> None:
        self._desk = desk

    @abstractmethod
    def name(self) -> str:
        """The action's name in the domain."""


class ActionOpenCase(CaseAction):
    """Opens a case with what the form has asked for.

    Where that fails the details stay in their slots, with the key of the first try: the customer
    need not write anything again, and a case that was opened after all is no second one.
    """

    def name(self) -> str:
        """See Action."""
        return "action_open_case"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """See Action."""
        draft = _draft(tracker)
        if draft is None:
            return [FollowupAction(FORM)]
        key = tracker.get_slot("case_key") or origin_of(tracker).effect_key("case")
        try:
            ticket = await self._desk().open(draft, key)
        except TicketRefused as error:
            logger.warning("action_open_case was refused: %s", error)
            return self._refused(error, dispatcher)
        except TicketsUnavailable as error:
            logger.warning("action_open_case could not open a case: %s", error)
            dispatcher.utter_message(response="utter_case_not_opened")
            return [SlotSet("case_key", key)]
        dispatcher.utter_message(
            response="utter_case_opened",
            case_number=ticket.number,
            subject=ticket.subject,
            email=draft.email,
            order_number=draft.order_number or "",
        )
        return _forgotten()

    def _refused(self, error: TicketRefused, dispatcher: CollectingDispatcher) -> list[EventType]:
        # Another try sends something else, and so is no repetition of this one.
        events: list[EventType] = [SlotSet("case_key", None)]
        if not error.about_email:
            dispatcher.utter_message(response="utter_case_not_opened")
            return events
        dispatcher.utter_message(response="utter_case_email_refused")
        return [*events, SlotSet("case_email", None), FollowupAction(FORM)]


class ActionForgetCase(Action):
    """Forgets the details of a case that the customer does not want to open after all."""

    def name(self) -> str:
        """See Action."""
        return "action_forget_case"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """See Action."""
        return _forgotten()


class ActionCaseStatus(CaseAction):
    """How the cases stand that were opened in this conversation; nobody hears of another's."""

    def name(self) -> str:
        """See Action."""
        return "action_case_status"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """See Action."""
        # "Is case 22001 solved?": a case's number looks like an order's.
        is_named = any(tracker.get_latest_entity_values("order_number"))
        events: list[EventType] = [SlotSet("order_number", None)] if is_named else []
        try:
            tickets = await self._desk().of_conversation(tracker.sender_id)
        except TicketsUnavailable as error:
            logger.warning("action_case_status could not answer: %s", error)
            dispatcher.utter_message(response="utter_case_status_unavailable")
            return events
        if not tickets:
            dispatcher.utter_message(response="utter_case_none")
        for ticket in tickets:
            dispatcher.utter_message(
                response=f"utter_case_{ticket.state.value}",
                case_number=ticket.number,
                day=_day_of(ticket, language_of(tracker)),
            )
        return events


def _draft(tracker: Tracker) -> TicketDraft | None:
    text, email = tracker.get_slot("case_text"), tracker.get_slot("case_email")
    if not text or not email:
        return None
    order = tracker.get_slot("case_order")
    return TicketDraft(
        text=text,
        email=email,
        link=Link(tracker.sender_id, tracker.get_latest_input_channel()),
        order_number=None if order == NO_ORDER else order,
        language=language_of(tracker),
    )


def _forgotten() -> list[EventType]:
    return [SlotSet(slot, None) for slot in _DETAILS]


def _day_of(ticket: Ticket, language: str) -> str:
    today = datetime.now(timezone.utc).date()
    return format_day(ticket.updated_at.astimezone(timezone.utc).date(), language, today)
