"""Tickets in Zammad, by its REST API.

https://docs.zammad.org/en/latest/api/intro.html (access token, `expand`),
https://docs.zammad.org/en/latest/api/ticket/index.html (create with `customer_id: guess:…`, search,
update), https://docs.zammad.org/en/latest/api/ticket/articles.html,
https://docs.zammad.org/en/latest/api/ticket/tags.html and
https://docs.zammad.org/en/latest/api/ticket/states.html.

Zammad knows no idempotency keys, so each ticket bears its key as a tag, and the tag is looked for
first. A search by `condition` is answered from the database; one by `query` from an index that
lags behind.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from actions.tickets.answers import field, items, number_in_path, time_of
from actions.tickets.desk import MOST_LISTED, TicketDesk
from actions.tickets.errors import TicketsUnavailable
from actions.tickets.model import Link, Ticket, TicketDraft, TicketState, storable
from actions.tickets.rest import OutcomeUnknown, RestApi, Session
from actions.tickets.tags import conversation_tag, key_tag, tags_of_new
from actions.tickets.words import first_text, link_text

DEFAULT_GROUP = "Users"
_API = "/api/v1"
# Adds names to the numbers of groups, states and users.
_EXPAND: Mapping[str, str] = {"expand": "true"}
# The states that Zammad comes with; a ticket that was merged goes on in another one.
_STATES = {
    "new": TicketState.NEW,
    "open": TicketState.OPEN,
    "pending reminder": TicketState.WAITING,
    "pending close": TicketState.WAITING,
    "closed": TicketState.CLOSED,
    "merged": TicketState.OPEN,
    "removed": TicketState.CLOSED,
}
# Their types, for states that a company has added.
_TYPES = {
    1: TicketState.NEW,
    2: TicketState.OPEN,
    3: TicketState.WAITING,
    4: TicketState.WAITING,
    5: TicketState.CLOSED,
    6: TicketState.OPEN,
    7: TicketState.CLOSED,
}


class ZammadDesk(TicketDesk):
    """`url` is Zammad's own address, `token` an access token with the permission `ticket.agent`,
    `group` the name of the group that gets the tickets. `limit` is for each call, in seconds.
    """

    def __init__(
        self, url: str, token: str, *, group: str = DEFAULT_GROUP, limit: float = 5.0
    ) -> None:
        base = url.rstrip("/").removesuffix(_API) + _API
        self._api = RestApi(base, f"Token token={token}", limit=limit)
        self._group = group

    async def prepare(self) -> None:
        """See TicketDesk. Nothing is to be made ready."""

    async def check(self) -> str:
        """See TicketDesk. Asks whether the token's user may open tickets in the group."""
        me = await self._api.run(
            lambda session: session.call("GET", "/users/me", params=_EXPAND), of_ticket=False
        )
        rights = field(me, "groups", dict).get(self._group, [])
        if not {"full", "create"} & set(rights):
            raise TicketsUnavailable(
                f"the token's user may not create tickets in the group {self._group!r}",
                retryable=False,
            )
        return f"{me.get('login') or me.get('email')}, group {self._group}"

    async def open(self, draft: TicketDraft, key: str) -> Ticket:
        """See TicketDesk."""
        body = {
            "title": draft.subject,
            "group": self._group,
            "customer_id": f"guess:{draft.email}",
            "tags": ",".join(tags_of_new(draft.link, key)),
            "article": {
                "subject": draft.subject,
                "body": first_text(draft),
                "content_type": "text/plain",
                "type": "web",
                "sender": "Customer",
                "internal": False,
            },
        }

        async def look(session: Session) -> Ticket | None:
            return next(iter(await self._tagged(session, key_tag(key))), None)

        async def do(session: Session) -> Ticket:
            opened = await session.call("POST", "/tickets", json=body, params=_EXPAND)
            return await self._ticket(session, opened)

        ticket, _ = await self._api.run_once(look, do, of_ticket=False)
        return ticket

    async def add_note(self, ticket_id: str, text: str, key: str, *, public: bool = False) -> bool:
        """See TicketDesk. The key is the article's `message_id`."""
        ticket = number_in_path(ticket_id)
        _, done = await self._api.run_once(
            lambda session: self._noted(session, ticket, key),
            lambda session: self._note(session, ticket, text, key, public=public),
        )
        return done

    async def link(self, ticket_id: str, link: Link) -> bool:
        """See TicketDesk."""
        ticket = number_in_path(ticket_id)
        about = {"object": "Ticket", "o_id": ticket}
        tag, key = conversation_tag(link.conversation), f"link-{link.key}"

        async def look(session: Session) -> bool | None:
            # Where there is no such ticket Zammad tells of no tags.
            await session.call("GET", f"/tickets/{ticket}")
            found = await session.call("GET", "/tags", params=about)
            return tag in field(found, "tags", list) or None

        unanswered = False

        async def do(session: Session) -> bool:
            nonlocal unanswered
            if not await self._noted(session, ticket, key):
                if unanswered:
                    raise OutcomeUnknown("it did not say whether it has added the note")
                try:
                    await self._note(session, ticket, link_text(link), key, public=False)
                except OutcomeUnknown:
                    unanswered = True
                    raise
            await session.call("POST", "/tags/add", json={**about, "item": tag})
            return True

        # A tag is a tag, however often it is added; the note is looked for by itself.
        _, done = await self._api.run_once(look, do, again=True)
        return done

    async def find(self, ticket_id: str) -> Ticket:
        """See TicketDesk."""
        path = f"/tickets/{number_in_path(ticket_id)}"

        async def attempt(session: Session) -> Ticket:
            return await self._ticket(session, await session.call("GET", path, params=_EXPAND))

        return await self._api.run(attempt)

    async def of_conversation(self, conversation: str) -> tuple[Ticket, ...]:
        """See TicketDesk."""
        return await self._api.run(
            lambda session: self._tagged(session, conversation_tag(conversation)), of_ticket=False
        )

    async def close_ticket(self, ticket_id: str) -> Ticket:
        """See TicketDesk."""
        path = f"/tickets/{number_in_path(ticket_id)}"

        async def attempt(session: Session) -> Ticket:
            ticket = await self._ticket(session, await session.call("GET", path, params=_EXPAND))
            if ticket.state is TicketState.CLOSED:
                return ticket
            closed = await session.call("PUT", path, json={"state": "closed"}, params=_EXPAND)
            return await self._ticket(session, closed)

        return await self._api.run(attempt)

    def close(self) -> None:
        """See TicketDesk."""
        self._api.close()

    async def _tagged(self, session: Session, tag: str) -> tuple[Ticket, ...]:
        params = {
            "condition[ticket.tags][operator]": "contains all",
            "condition[ticket.tags][value]": tag,
            "sort_by": "created_at",
            "order_by": "desc",
            "limit": str(MOST_LISTED),
            **_EXPAND,
        }
        found = items(await session.call("GET", "/tickets/search", params=params))
        return tuple([await self._ticket(session, ticket) for ticket in found])

    async def _noted(self, session: Session, ticket: str, key: str) -> bool | None:
        articles = items(await session.call("GET", f"/ticket_articles/by_ticket/{ticket}"))
        return any(article.get("message_id") == key for article in articles) or None

    async def _note(
        self, session: Session, ticket: str, text: str, key: str, *, public: bool
    ) -> bool:
        body = {
            "ticket_id": int(ticket),
            "body": storable(text),
            "content_type": "text/plain",
            "type": "note",
            "internal": not public,
            "message_id": key,
        }
        await session.call("POST", "/ticket_articles", json=body)
        return True

    async def _ticket(self, session: Session, found: Any) -> Ticket:
        number, name = field(found, "number", str), field(found, "state", str)
        state = _STATES.get(name)
        if state is None:
            about = await session.call("GET", f"/ticket_states/{found.get('state_id')}")
            state = _TYPES.get(field(about, "state_type_id", int), TicketState.OPEN)
        return Ticket(
            id=str(field(found, "id", int)),
            number=number,
            state=state,
            subject=field(found, "title", str),
            updated_at=time_of(field(found, "updated_at", str)),
        )
