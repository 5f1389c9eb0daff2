"""Zendesk's Ticketing API, as far as tickets go.

As documented at https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/,
https://developer.zendesk.com/api-reference/ticketing/introduction/#idempotency and
https://developer.zendesk.com/api-reference/introduction/requests/ (errors).
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from tests.recording.desk import RecordingDesk
from tests.recording.program import run

STATUSES = ("new", "open", "pending", "hold", "solved", "closed")
MAX_COMMENT = 65_536
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")


@dataclass
class RecordingZendesk(RecordingDesk):
    """`token` is an API token of `agent`, or an OAuth token. `index_lags`: what is new is not found
    by a search yet. `refused_domains` are those that the account's blocklist suspends.
    """

    agent: str = "bot@shop.example"
    token: str = "zendesk-token"
    role: str = "agent"
    index_lags: bool = False
    refused_domains: set[str] = field(default_factory=set)
    keys: dict[str, tuple[str, int]] = field(default_factory=dict)
    comments: list[dict[str, Any]] = field(default_factory=list)

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """The API's paths."""
        api = "/api/v2"
        return [
            Route(f"{api}/users/me.json", self._me),
            Route(f"{api}/tickets.json", self._list),
            Route(f"{api}/tickets.json", self._create, methods=["POST"]),
            Route(f"{api}/search.json", self._search),
            Route(f"{api}/tickets/{{number:int}}.json", self._show),
            Route(f"{api}/tickets/{{number:int}}.json", self._update, methods=["PUT"]),
        ]

    def busy(self, retry_after: int) -> Response:
        """The account's rate limit."""
        return _error(
            429,
            "APIRateLimitExceeded",
            "Number of allowed API requests per minute exceeded",
            headers={"Retry-After": str(retry_after)},
        )

    def error(self) -> Response:
        """Zendesk has failed."""
        return _error(500, "InternalError", "Something went wrong")

    def refusal(self, request: Request) -> Response | None:
        """See RecordingDesk."""
        basic = base64.b64encode(f"{self.agent}/token:{self.token}".encode()).decode()
        given = request.headers.get("authorization")
        if given not in {f"Basic {basic}", f"Bearer {self.token}"}:
            return JSONResponse({"error": "Couldn't authenticate you"}, 401)
        if self.forbidden:
            message = "You do not have access to this page."
            return JSONResponse({"error": {"title": "Forbidden", "message": message}}, 403)
        return None

    def texts(self, number: int) -> list[str]:
        """The bodies of a ticket's comments, in order."""
        return [one["body"] for one in self.comments if one["ticket_id"] == number]

    async def _me(self, request: Request) -> Response:
        me = {"id": 1, "name": "Bot", "email": self.agent, "role": self.role}
        return await self.answer(request, "users.me", {}, lambda: JSONResponse({"user": me}))

    async def _create(self, request: Request) -> Response:
        body = await request.json()
        key = request.headers.get("idempotency-key")
        return await self.answer(
            request, "tickets.create", {"key": key, **body}, lambda: self._take(body, key)
        )

    def _take(self, body: dict[str, Any], key: str | None) -> Response:
        same = json.dumps(body, sort_keys=True)
        if key in self.keys:
            before, number = self.keys[key]
            if before != same:
                words = "Request parameters don't match the given idempotency key"
                return _error(400, "IdempotentRequestError", words)
            hit = {"x-idempotency-lookup": "hit"}
            return JSONResponse({"ticket": self.tickets[number]}, 201, hit)
        problem = _problem(body["ticket"], self.refused_domains)
        if problem is not None:
            return problem
        number = self._add(body["ticket"])
        headers = {}
        if key is not None:
            self.keys[key] = (same, number)
            headers = {"x-idempotency-lookup": "miss"}
        return JSONResponse({"ticket": self.tickets[number]}, 201, headers)

    def _add(self, asked: dict[str, Any]) -> int:
        number, now = len(self.tickets) + 1, self.now()
        self.tickets[number] = {
            "id": number,
            "external_id": asked.get("external_id"),
            "subject": asked.get("subject"),
            "description": asked["comment"]["body"],
            "status": asked.get("status", "new"),
            "requester_id": 100 + number,
            "group_id": asked.get("group_id"),
            "tags": sorted({tag.lower() for tag in asked.get("tags", [])}),
            "created_at": now,
            "updated_at": now,
        }
        self._comment(number, asked["comment"])
        return number

    def _comment(self, number: int, comment: dict[str, Any]) -> None:
        self.comments.append({"ticket_id": number, "public": True, **comment})

    async def _list(self, request: Request) -> Response:
        wanted = request.query_params.get("external_id")

        def take() -> Response:
            found = [one for one in self.tickets.values() if wanted in {None, one["external_id"]}]
            return JSONResponse({"tickets": found, "count": len(found), "next_page": None})

        return await self.answer(request, "tickets.list", {"external_id": wanted}, take)

    async def _search(self, request: Request) -> Response:
        query = request.query_params["query"]

        def take() -> Response:
            kind, _, tag = query.partition(" tags:")
            if kind != "type:ticket" or not tag:
                return _error(422, "invalid", "Invalid search: query")
            found = [one for one in self.tickets.values() if tag in one["tags"]]
            return JSONResponse({"results": [] if self.index_lags else found})

        return await self.answer(request, "search", {"query": query}, take)

    async def _show(self, request: Request) -> Response:
        number = request.path_params["number"]

        def take() -> Response:
            if number not in self.tickets:
                return _error(404, "RecordNotFound", "Not found")
            return JSONResponse({"ticket": self.tickets[number]})

        return await self.answer(request, "tickets.show", {"id": number}, take)

    async def _update(self, request: Request) -> Response:
        number, body = request.path_params["number"], await request.json()
        return await self.answer(
            request,
            "tickets.update",
            {"id": number, **body},
            lambda: self._change(number, body["ticket"]),
        )

    def _change(self, number: int, change: dict[str, Any]) -> Response:
        if number not in self.tickets:
            return _error(404, "RecordNotFound", "Not found")
        ticket = self.tickets[number]
        if ticket["status"] == "closed":
            return _invalid("status", "Status: closed prevents ticket update")
        if change.get("safe_update") and change.get("updated_stamp") != ticket["updated_at"]:
            words = "Safe Update prevented the update due to outdated ticket data."
            return _error(409, "UpdateConflict", words)
        if change.get("status", "new") not in STATUSES:
            return _invalid("status", "Status: is not included in the list")
        if "comment" in change:
            self._comment(number, change["comment"])
        ticket |= {name: change[name] for name in ("status", "tags") if name in change}
        ticket["updated_at"] = self.now()
        return JSONResponse({"ticket": ticket})


def _problem(ticket: dict[str, Any], refused: set[str]) -> Response | None:
    body = ticket.get("comment", {}).get("body")
    if not isinstance(body, str) or not body.strip():
        return _invalid("base", "Description: cannot be blank")
    if len(body.encode()) > MAX_COMMENT:
        return _invalid("base", "Description: is too long")
    email = ticket.get("requester", {}).get("email", "")
    if not _EMAIL.fullmatch(email) or email.partition("@")[2] in refused:
        return _invalid("requester", f"Requester: Email: {email} is not properly formatted")
    if not ticket["requester"].get("name"):
        return _invalid("requester", "Requester: Name: is too short (minimum one character)")
    return None


def _invalid(name: str, description: str) -> Response:
    body = {
        "error": "RecordInvalid",
        "description": "Record validation errors",
        "details": {name: [{"description": description}]},
    }
    return JSONResponse(body, 422)


def _error(
    status: int, error: str, description: str, headers: dict[str, str] | None = None
) -> Response:
    return JSONResponse({"error": error, "description": description}, status, headers)


if __name__ == "__main__":
    run(lambda _: RecordingZendesk())
