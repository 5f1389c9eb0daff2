"""Tickets in Zendesk, by its Ticketing API.

https://developer.zendesk.com/api-reference/introduction/security-and-auth/,
https://developer.zendesk.com/api-reference/ticketing/introduction/#idempotency,
https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/ (create with `requester`,
list by `external_id`, update),
https://developer.zendesk.com/documentation/ticketing/managing-tickets/creating-and-updating-tickets/
(`safe_update`) and https://developer.zendesk.com/api-reference/introduction/rate-limits/.

The Idempotency-Key is forgotten after two hours; a ticket also bears its key as a tag, and its
conversation as `external_id`, by which the tickets of a conversation are listed without the delay
of the search index.
"""

from __future__ import annotations

import base64
from typing import Any

from actions.tickets.answers import field, items, number_in_path, time_of
from actions.tickets.desk import MOST_LISTED, TicketDesk
from actions.tickets.errors import TicketsUnavailable
from actions.tickets.model import Link, Ticket, TicketDraft, TicketState, storable
from actions.tickets.rest import RestApi, Session
from actions.tickets.tags import conversation_tag, key_tag, tags_of_new
from actions.tickets.words import first_text, link_text

_API = "/api/v2"
_STATES = {
    "new": TicketState.NEW,
    "open": TicketState.OPEN,
    "pending": TicketState.WAITING,
    "hold": TicketState.WAITING,
    "solved": TicketState.CLOSED,
    "closed": TicketState.CLOSED,
}


class ZendeskDesk(TicketDesk):
    """`url` is the account's, such as `https://shop.zendesk.com`. `token` is an OAuth access token,
    or `<an agent's e-mail address>/token:<API token>`. `group` is the number of the group that gets
    the tickets; None leaves it to Zendesk. `limit` is for each call, in seconds.
    """

    def __init__(
        self, url: str, token: str, *, group: int | None = None, limit: float = 5.0
    ) -> None:
        base = url.rstrip("/").removesuffix(_API) + _API
        self._api = RestApi(base, authorization(token), limit=limit)
        self._group = group

    async def prepare(self) -> None:
        """See TicketDesk. Nothing is to be made ready."""

    async def check(self) -> str:
        """See TicketDesk."""
        answer = await self._api.run(
            lambda session: session.call("GET", "/users/me.json"), of_ticket=False
        )
        me = field(answer, "user", dict)
        # Who is not known is answered, too: as the anonymous user.
        if me.get("role") not in {"agent", "admin"}:
            raise TicketsUnavailable(
                "TICKETS_API_TOKEN is not an agent's or an administrator's", retryable=False
            )
        return f"{me.get('email') or me.get('name')}, {me['role']}"

    async def open(self, draft: TicketDraft, key: str) -> Ticket:
        """See TicketDesk."""
        body: dict[str, Any] = {
            "subject": draft.subject,
            "comment": {"body": first_text(draft), "public": True},
            "requester": {"name": draft.email.partition("@")[0], "email": draft.email},
            "external_id": draft.link.key,
            "tags": tags_of_new(draft.link, key),
        }
        if self._group is not None:
            body["group_id"] = self._group

        async def look(session: Session) -> Ticket | None:
            opened = await _opened_in(session, draft.link.key)
            return next((_ticket(one) for one in opened if key_tag(key) in one["tags"]), None)

        async def do(session: Session) -> Ticket:
            answer = await session.call(
                "POST", "/tickets.json", json={"ticket": body}, headers={"Idempotency-Key": key}
            )
            return _ticket(field(answer, "ticket", dict))

        ticket, _ = await self._api.run_once(look, do, again=True, of_ticket=False)
        return ticket

    async def add_note(self, ticket_id: str, text: str, key: str, *, public: bool = False) -> bool:
        """See TicketDesk. The key is a tag that comes with the comment, in one step."""
        return await self._comment(ticket_id, text, key_tag(key), public=public)

    async def link(self, ticket_id: str, link: Link) -> bool:
        """See TicketDesk."""
        tag = conversation_tag(link.conversation)
        return await self._comment(ticket_id, link_text(link), tag, public=False)

    async def find(self, ticket_id: str) -> Ticket:
        """See TicketDesk."""
        path = _path(ticket_id)
        return _ticket(await self._api.run(lambda session: _get(session, path)))

    async def of_conversation(self, conversation: str) -> tuple[Ticket, ...]:
        """See TicketDesk. Those that were linked later come from the search index, which may lag
        some minutes behind.
        """
        link = Link(conversation)

        async def attempt(session: Session) -> tuple[Ticket, ...]:
            query = f"type:ticket tags:{conversation_tag(conversation)}"
            search = {"query": query, "sort_by": "created_at", "sort_order": "desc"}
            linked = field(
                await session.call("GET", "/search.json", params=search), "results", list
            )
            found = {one["id"]: one for one in [*linked, *await _opened_in(session, link.key)]}
            latest = sorted(found, reverse=True)[:MOST_LISTED]
            return tuple(_ticket(found[number]) for number in latest)

        return await self._api.run(attempt, of_ticket=False)

    async def close_ticket(self, ticket_id: str) -> Ticket:
        """See TicketDesk. Zendesk itself closes for good what has been solved for some days."""
        path = _path(ticket_id)

        async def attempt(session: Session) -> Ticket:
            ticket = _ticket(await _get(session, path))
            if ticket.state is TicketState.CLOSED:
                return ticket
            solved = await session.call("PUT", path, json={"ticket": {"status": "solved"}})
            return _ticket(field(solved, "ticket", dict))

        return await self._api.run(attempt)

    def close(self) -> None:
        """See TicketDesk."""
        self._api.close()

    async def _comment(self, ticket_id: str, text: str, tag: str, *, public: bool) -> bool:
        """Add a comment and its tag, unless the tag is there. `safe_update` has Zendesk refuse it
        where anybody has changed the ticket since its tags were read.
        """
        path = _path(ticket_id)
        seen: dict[str, Any] = {}

        async def look(session: Session) -> bool | None:
            seen.update(await _get(session, path))
            return tag in seen["tags"] or None

        async def do(session: Session) -> bool:
            change = {
                "comment": {"body": storable(text), "public": public},
                "tags": [*seen["tags"], tag],
                "updated_stamp": seen["updated_at"],
                "safe_update": True,
            }
            await session.call("PUT", path, json={"ticket": change})
            return True

        _, done = await self._api.run_once(look, do, again=True)
        return done


def authorization(token: str) -> str:
    """The header for a token: Basic for `<e-mail address>/token:<API token>`, else Bearer."""
    if "/token:" in token:
        return "Basic " + base64.b64encode(token.encode()).decode()
    return f"Bearer {token}"


async def _opened_in(session: Session, conversation: str) -> list[dict[str, Any]]:
    # Several tickets may have one external id.
    answer = await session.call("GET", "/tickets.json", params={"external_id": conversation})
    return items(field(answer, "tickets", list))


async def _get(session: Session, path: str) -> dict[str, Any]:
    ticket = field(await session.call("GET", path), "ticket", dict)
    field(ticket, "tags", list)
    return ticket


def _path(ticket_id: str) -> str:
    return f"/tickets/{number_in_path(ticket_id)}.json"


def _ticket(found: Any) -> Ticket:
    number = str(field(found, "id", int))
    return Ticket(
        id=number,
        number=number,
        state=_STATES.get(field(found, "status", str), TicketState.OPEN),
        subject=str(found.get("subject") or ""),
        updated_at=time_of(field(found, "updated_at", str)),
    )
