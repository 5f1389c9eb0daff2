"""Zammad's REST API, as far as tickets go.

As documented at https://docs.zammad.org/en/latest/api/ticket/index.html and its neighbours; the
errors are those of Zammad's own `ApplicationController::HandlesErrors`. Zammad has no rate limit of
its own, but the proxies before it do.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from tests.recording.desk import RecordingDesk
from tests.recording.program import run

STATES = {"new": 1, "open": 2, "pending reminder": 3, "closed": 4, "merged": 5, "pending close": 7}
STATE_TYPES = {1: 1, 2: 2, 3: 3, 4: 5, 5: 6, 6: 7, 7: 4}
MAX_TITLE = 250
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_CONDITION = "condition[ticket.tags]"
_ARTICLE_TYPES = {"note", "web", "phone", "email"}


@dataclass
class RecordingZammad(RecordingDesk):
    """`token` is its agent's, who may work in `groups`. `added_states` are a company's own: their
    names and the numbers of their types.
    """

    token: str = "zammad-token"
    groups: dict[str, list[str]] = field(default_factory=lambda: {"Users": ["full"]})
    added_states: dict[str, int] = field(default_factory=dict)
    articles: list[dict[str, Any]] = field(default_factory=list)
    tags: dict[int, list[str]] = field(default_factory=dict)

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """The API's paths."""
        api = "/api/v1"
        return [
            Route(f"{api}/users/me", self._me),
            Route(f"{api}/tickets/search", self._search),
            Route(f"{api}/tickets", self._create, methods=["POST"]),
            Route(f"{api}/tickets/{{number:int}}", self._show),
            Route(f"{api}/tickets/{{number:int}}", self._update, methods=["PUT"]),
            Route(f"{api}/ticket_articles/by_ticket/{{number:int}}", self._list_articles),
            Route(f"{api}/ticket_articles", self._add_article, methods=["POST"]),
            Route(f"{api}/ticket_states/{{number:int}}", self._state),
            Route(f"{api}/tags", self._list_tags),
            Route(f"{api}/tags/add", self._add_tag, methods=["POST"]),
        ]

    def busy(self, retry_after: int) -> Response:
        """As nginx answers with `limit_req_status 429`."""
        headers = {"Retry-After": str(retry_after)}
        return Response("<h1>429 Too Many Requests</h1>", 429, headers, "text/html")

    def error(self) -> Response:
        """Zammad has failed."""
        return _error(500, "Error ID 3nQ8aA: Please contact your administrator.")

    def refusal(self, request: Request) -> Response | None:
        """See RecordingDesk."""
        if request.headers.get("authorization") != f"Token token={self.token}":
            return _error(401, "Authentication required")
        return _error(403, "Not authorized") if self.forbidden else None

    def texts(self, number: int) -> list[str]:
        """The bodies of a ticket's articles, in order."""
        return [one["body"] for one in self.articles if one["ticket_id"] == number]

    async def _me(self, request: Request) -> Response:
        me = {"id": 3, "login": "bot@shop.example", "email": "bot@shop.example"}
        if request.query_params.get("expand") == "true":
            me |= {"roles": ["Agent"], "groups": self.groups}
        return await self.answer(request, "users.me", {}, lambda: JSONResponse(me))

    async def _create(self, request: Request) -> Response:
        body = await request.json()
        return await self.answer(
            request, "tickets.create", body, lambda: self._take_ticket(request, body)
        )

    def _take_ticket(self, request: Request, body: dict[str, Any]) -> Response:
        group, customer, article = (body.get(name) for name in ("group", "customer_id", "article"))
        if group not in self.groups:
            return _error(422, f"No value found for 'group' with id {group!r}")
        if not isinstance(customer, str) or not customer.startswith("guess:"):
            return _error(422, "Attribute 'customer_id' required!")
        email = customer.removeprefix("guess:")
        if not _EMAIL.fullmatch(email):
            return _error(422, f"Invalid email '{email}' of customer")
        if not 1 <= len(body.get("title", "")) <= MAX_TITLE:
            return _error(422, "Attribute 'title' required!")
        number = len(self.tickets) + 1
        problem = self._take_article({**article, "ticket_id": number}) if article else None
        if problem is not None:
            return problem
        now = self.now()
        self.tickets[number] = {
            "id": number,
            "number": f"{22000 + number}",
            "title": body["title"],
            "group": group,
            "customer": email,
            "state": "new",
            "created_at": now,
            "updated_at": now,
        }
        self.tags[number] = [tag for tag in body.get("tags", "").split(",") if tag]
        return JSONResponse(self._shown(request, number), 201)

    def _take_article(self, article: dict[str, Any]) -> Response | None:
        if not article.get("body"):
            return _error(422, 'Need at least article: { body: "some text" }')
        if article.get("type", "note") not in _ARTICLE_TYPES:
            return _error(422, f"No value found for 'type' with id {article['type']!r}")
        defaults = {"content_type": "text/plain", "internal": False, "message_id": None}
        self.articles.append({"id": len(self.articles) + 1, **defaults, **article})
        return None

    async def _show(self, request: Request) -> Response:
        number = request.path_params["number"]
        return await self.answer(
            request,
            "tickets.show",
            {"id": number},
            lambda: self._missing(number) or JSONResponse(self._shown(request, number)),
        )

    async def _update(self, request: Request) -> Response:
        number, body = request.path_params["number"], await request.json()

        def take() -> Response:
            missing = self._missing(number)
            if missing is not None:
                return missing
            if body.get("state") not in {**STATES, **self.added_states}:
                return _error(422, f"No value found for 'state' with id {body.get('state')!r}")
            self.tickets[number] |= {"state": body["state"], "updated_at": self.now()}
            return JSONResponse(self._shown(request, number))

        return await self.answer(request, "tickets.update", {"id": number, **body}, take)

    async def _search(self, request: Request) -> Response:
        asked = dict(request.query_params)

        def take() -> Response:
            if asked.get(f"{_CONDITION}[operator]") != "contains all":
                return _error(422, "Invalid condition")
            wanted = set(asked[f"{_CONDITION}[value]"].split(","))
            found = [number for number in self.tickets if wanted <= set(self.tags[number])]
            found.sort(reverse=asked.get("order_by") == "desc")
            shown = found[: int(asked.get("limit", 50))]
            return JSONResponse([self._shown(request, number) for number in shown])

        return await self.answer(request, "tickets.search", asked, take)

    async def _list_articles(self, request: Request) -> Response:
        number = request.path_params["number"]

        def take() -> Response:
            found = [one for one in self.articles if one["ticket_id"] == number]
            return self._missing(number) or JSONResponse(found)

        return await self.answer(request, "articles.list", {"id": number}, take)

    async def _add_article(self, request: Request) -> Response:
        body = await request.json()

        def take() -> Response:
            problem = self._missing(body.get("ticket_id")) or self._take_article(body)
            if problem is not None:
                return problem
            self.tickets[body["ticket_id"]]["updated_at"] = self.now()
            return JSONResponse(self.articles[-1], 201)

        return await self.answer(request, "articles.create", body, take)

    async def _list_tags(self, request: Request) -> Response:
        asked = dict(request.query_params)

        def take() -> Response:
            return JSONResponse({"tags": self.tags.get(int(asked["o_id"]), [])})

        return await self.answer(request, "tags.list", asked, take)

    async def _add_tag(self, request: Request) -> Response:
        body = await request.json()

        def take() -> Response:
            tags = self.tags[int(body["o_id"])]
            if body["item"] not in tags:
                tags.append(body["item"])
            return JSONResponse(True, 201)

        return await self.answer(request, "tags.add", body, take)

    async def _state(self, request: Request) -> Response:
        number = request.path_params["number"]

        def take() -> Response:
            for name, of in self._state_numbers().items():
                if of == number:
                    kind = STATE_TYPES.get(number) or self.added_states[name]
                    return JSONResponse({"id": number, "name": name, "state_type_id": kind})
            return _error(404, f"Couldn't find Ticket::State with 'id'={number}")

        return await self.answer(request, "states.show", {"id": number}, take)

    def _state_numbers(self) -> dict[str, int]:
        added = {name: 8 + place for place, name in enumerate(self.added_states)}
        return {**STATES, **added}

    def _shown(self, request: Request, number: int) -> dict[str, Any]:
        """The ticket with numbers, and with names where `expand` asks for them."""
        ticket = self.tickets[number]
        named = {"group", "customer", "state"}
        shown = {name: value for name, value in ticket.items() if name not in named}
        shown |= {"state_id": self._state_numbers()[ticket["state"]], "group_id": 1}
        if request.query_params.get("expand") == "true":
            shown |= {name: ticket[name] for name in named}
        return shown

    def _missing(self, number: Any) -> Response | None:
        if number in self.tickets:
            return None
        return _error(404, f"Couldn't find Ticket with 'id'={number}")


def _error(status: int, message: str) -> Response:
    return JSONResponse({"error": message, "error_human": message}, status_code=status)


if __name__ == "__main__":
    run(lambda _: RecordingZammad())
