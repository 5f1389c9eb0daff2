"""Reading what a REST API has answered. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

from actions.tickets.errors import TicketNotFound, TicketsUnavailable

T = TypeVar("T")

_LONGEST_ID = 18


def field(answer: Any, name: str, kind: type[T]) -> T:
    """The field of an object. Raises TicketsUnavailable where it is not there, or no `kind`."""
    value = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(value, kind):
        raise strange()
    return value


def items(answer: Any) -> list[Any]:
    """`answer`, which must be a list. Raises TicketsUnavailable."""
    if not isinstance(answer, list):
        raise strange()
    return answer


def time_of(text: str) -> datetime:
    """A time as `2026-11-24T15:00:00Z`, with or without parts of the second.

    Raises TicketsUnavailable.
    """
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError as error:
        raise strange() from error
    if moment.tzinfo is None:
        raise strange()
    return moment


def strange() -> TicketsUnavailable:
    """For an answer that is none of those which the API documents."""
    return TicketsUnavailable(
        "its answer is not what its API documents: are TICKETS_SYSTEM and TICKETS_API_URL right?",
        retryable=False,
    )


def number_in_path(ticket_id: str) -> str:
    """A ticket's id, which goes into a path. Raises TicketNotFound where it can be none."""
    if not ticket_id.isascii() or not ticket_id.isdecimal() or len(ticket_id) > _LONGEST_ID:
        raise TicketNotFound
    return ticket_id
