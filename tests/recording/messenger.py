"""The Graph API as far as Messenger goes: what it takes, what it refuses, and its webhooks."""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import hmac
import json
import secrets
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from tests.recording import messenger_events
from tests.recording.messenger_rules import (
    ACTIONS,
    Fault,
    check_message,
    check_window,
    param,
)
from tests.recording.program import options, run
from tests.recording.server import Received, RecordingPlatform

VERSION = "v25.0"
_PAGE_PER_SECOND = 300
_MEDIA_PER_SECOND = 10
_READS_PER_SECOND = 2


@dataclass(frozen=True)
class Line:
    """One message of a thread. `by`: the page's id or the customer's."""

    mid: str
    by: str
    text: str
    at: float


@dataclass
class RecordingMessenger(RecordingPlatform):
    """A page and its threads.

    `clock` is the platform's own, in seconds since the epoch: the 24 hours are counted by it.
    `open_to_all`: who never wrote counts as having written just now, for tests whose webhooks do
    not come from here. `gone` can't be reached, `unreachable` are addresses that can't be fetched.
    `broken_rates` names each rate that was exceeded. `may_read`: the token may read conversations,
    `may_manage`: the app's subscriptions. `webhook`: where echoes go at once, if anywhere.
    """

    page_token: str = "page-token"
    app_secret: str = "app-secret"
    page_id: str = "108824017345866"
    page_name: str = "Nordlys Handel"
    username: str | None = "nordlyshandel"
    clock: Callable[[], float] = time.time
    open_to_all: bool = False
    may_read: bool = True
    may_manage: bool = True
    webhook: str | None = None
    gone: set[str] = field(default_factory=set)
    unreachable: set[str] = field(default_factory=set)
    heard: dict[str, float] = field(default_factory=dict)
    threads: dict[str, list[Line]] = field(default_factory=dict)
    profile: dict[str, Any] = field(default_factory=dict)
    subscribed: list[str] | None = None
    broken_rates: list[str] = field(default_factory=list)
    echoes: list[messenger_events.Event] = field(default_factory=list)
    _moments: dict[str, deque[float]] = field(default_factory=dict)
    _count: int = 0
    _posting: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def api_url(self) -> str:
        """What MESSENGER_API_URL is set to."""
        return f"{self.url}/{VERSION}"

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """The Graph API."""
        me = "/{version}/me"
        return [
            Route(f"{me}/messages", self._send, methods=["POST"]),
            Route(f"{me}/conversations", self._conversations, methods=["GET"]),
            Route(f"{me}/messenger_profile", self._profile, methods=["GET", "POST"]),
            Route(f"{me}/subscribed_apps", self._subscribed, methods=["GET", "POST"]),
            Route(me, self._me, methods=["GET"]),
        ]

    def busy(self, retry_after: int) -> Response:
        """Too many calls. The platform's own hint counts minutes; tests have no minutes."""
        return _error(
            Fault(613, "(#613) Calls to this api have exceeded the rate limit."),
            {"Retry-After": str(retry_after)},
        )

    def error(self) -> Response:
        """The platform has failed."""
        words = "An unexpected error has occurred. Please retry your request later."
        return _error(Fault(2, words, status=500))

    def says(self, psid: str, words: str, *, at: float | None = None) -> messenger_events.Event:
        """A customer writes: it is in the thread, and opens the 24 hours. The event to deliver."""
        moment = self.clock() if at is None else at
        mid = self._mid()
        self.heard[psid] = moment
        self.threads.setdefault(psid, []).append(Line(mid, psid, words, moment))
        return messenger_events.text(self.page_id, psid, words, mid=mid, at=moment)

    async def deliver(self, webhook: str, *events: messenger_events.Event) -> httpx.Response:
        """Post a signed batch to a webhook, once."""
        body = messenger_events.batch(self.page_id, *events, at=self.clock())
        async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
            headers = messenger_events.headers(body, self.app_secret)
            return await client.post(webhook, content=body, headers=headers)

    def texts(self, psid: str) -> list[str]:
        """What the page said to a customer, templates by their text or title."""
        return [line.text for line in self.threads.get(psid, []) if line.by == self.page_id]

    async def _send(self, request: Request) -> Response:
        body = await _body(request)
        method = "sender_action" if "sender_action" in body else "message"
        arguments = {name: value for name, value in body.items() if name != "appsecret_proof"}
        return await self.record(
            request, method, arguments, lambda: self._answer(request, body, self._take)
        )

    async def _conversations(self, request: Request) -> Response:
        query = dict(request.query_params)
        return await self.record(
            request,
            "conversations",
            _shown(query),
            lambda: self._answer(request, query, self._read),
        )

    async def _me(self, request: Request) -> Response:
        query = dict(request.query_params)

        def take(_: Mapping[str, Any]) -> Response:
            fields = query.get("fields", "id,name").split(",")
            page = {"id": self.page_id, "name": self.page_name, "username": self.username}
            return JSONResponse({name: page[name] for name in fields if page.get(name)})

        return await self.record(
            request, "me", _shown(query), lambda: self._answer(request, query, take)
        )

    async def _profile(self, request: Request) -> Response:
        body = await _body(request)

        def take(_: Mapping[str, Any]) -> Response:
            if request.method == "GET":
                names = body.get("fields", "").split(",")
                found = {name: self.profile[name] for name in names if name in self.profile}
                return JSONResponse({"data": [found] if found else []})
            if "persistent_menu" in body and not (
                body.get("get_started") or "get_started" in self.profile
            ):
                raise param(
                    "You must set a Get Started button if you also wish to use persistent menu"
                )
            self.profile |= _shown(body)
            return JSONResponse({"result": "success"})

        return await self.record(
            request, "messenger_profile", _shown(body), lambda: self._answer(request, body, take)
        )

    async def _subscribed(self, request: Request) -> Response:
        body = await _body(request)

        def take(_: Mapping[str, Any]) -> Response:
            if not self.may_manage:
                raise Fault(200, "(#200) Requires pages_manage_metadata permission", status=403)
            if request.method == "GET":
                app = {
                    "id": "1517776481860111",
                    "name": "Flerkanal",
                    "link": "https://example.com/",
                }
                apps = (
                    []
                    if self.subscribed is None
                    else [{**app, "subscribed_fields": self.subscribed}]
                )
                return JSONResponse({"data": apps})
            fields = body.get("subscribed_fields")
            if not isinstance(fields, list) or not fields:
                raise param("The parameter subscribed_fields is required.")
            self.subscribed = [str(name) for name in fields]
            return JSONResponse({"success": True})

        return await self.record(
            request, "subscribed_apps", _shown(body), lambda: self._answer(request, body, take)
        )

    def _answer(
        self,
        request: Request,
        body: Mapping[str, Any],
        take: Callable[[Mapping[str, Any]], Response],
    ) -> Response:
        try:
            self._check_access(request, body)
            return take(body)
        except Fault as fault:
            return _error(fault)

    def _check_access(self, request: Request, body: Mapping[str, Any]) -> None:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if given != self.page_token or "access_token" in request.query_params:
            raise Fault(190, "Invalid OAuth access token - Cannot parse access token")
        proof = hmac.new(self.app_secret.encode(), self.page_token.encode(), hashlib.sha256)
        if body.get("appsecret_proof") is None:
            raise Fault(100, "API calls from the server require an appsecret_proof argument")
        if body["appsecret_proof"] != proof.hexdigest():
            raise Fault(100, "Invalid appsecret_proof provided in the API argument")

    def _take(self, body: Mapping[str, Any]) -> Response:
        call = self.received[-1]
        recipient = body.get("recipient")
        psid = recipient.get("id") if isinstance(recipient, dict) else None
        if not isinstance(psid, str) or not psid:
            raise param("Param recipient must have an id")
        if ("sender_action" in body) == ("message" in body):
            raise param("Cannot send both message and state at the same time.")
        self._check_person(psid)
        age = self.clock() - self.heard.get(psid, self.clock())
        if "sender_action" in body:
            if body["sender_action"] not in ACTIONS:
                raise param("Param sender_action is unknown")
            self._pace("page", _PAGE_PER_SECOND, call)
            return JSONResponse({"recipient_id": psid})
        check_window(body, age)
        message = body["message"]
        check_message(message)
        self._pace("page", _PAGE_PER_SECOND, call)
        attachment = message.get("attachment", {})
        if attachment.get("type") in ("image", "file", "audio", "video"):
            self._pace("media", _MEDIA_PER_SECOND, call)
            if attachment["payload"]["url"] in self.unreachable:
                raise Fault(100, "(#100) Failed to fetch the file from the url", 2018008)
        mid = self._mid()
        now = self.clock()
        self.threads.setdefault(psid, []).append(Line(mid, self.page_id, words_of(message), now))
        self._echo(psid, message, mid, now)
        return JSONResponse({"recipient_id": psid, "message_id": mid})

    def _check_person(self, psid: str) -> None:
        if psid in self.gone:
            raise Fault(551, "(#551) This person isn't available right now.", 1545041)
        if psid not in self.heard:
            if not self.open_to_all:
                raise Fault(100, "(#100) No matching user found", 2018001)
            self.heard[psid] = self.clock()

    def _pace(self, name: str, count: int, call: Received) -> None:
        moments = self._moments.setdefault(name, deque())
        while moments and call.at - moments[0] >= 1.0:
            moments.popleft()
        if len(moments) >= count:
            self.broken_rates.append(name)
            raise Fault(613, "(#613) Calls to this api have exceeded the rate limit.")
        moments.append(call.at)

    def _read(self, query: Mapping[str, Any]) -> Response:
        if not self.may_read:
            raise Fault(
                200, "(#200) Requires pages_messaging permission to manage the object", status=403
            )
        self._pace("conversations", _READS_PER_SECOND, self.received[-1])
        lines = self.threads.get(query.get("user_id", ""))
        if query.get("platform") != "messenger" or not lines:
            return JSONResponse({"data": []})
        messages = [
            {
                "id": line.mid,
                "message": line.text,
                "created_time": datetime.fromtimestamp(line.at, timezone.utc).strftime(
                    "%Y-%m-%dT%H:%M:%S+0000"
                ),
                "from": {"name": "", "id": line.by},
            }
            for line in reversed(lines[-25:])
        ]
        return JSONResponse({"data": [{"id": "t_1", "messages": {"data": messages}}]})

    def _mid(self) -> str:
        self._count += 1
        return f"m_{self._count:06d}_{secrets.token_urlsafe(12)}"

    def _echo(self, psid: str, message: Mapping[str, Any], mid: str, at: float) -> None:
        event = messenger_events.echo(self.page_id, psid, message, mid=mid, at=at)
        self.echoes.append(event)
        if self.webhook is not None:
            task = asyncio.get_running_loop().create_task(self._post(self.webhook, event))
            self._posting.add(task)
            task.add_done_callback(self._posting.discard)

    async def _post(self, webhook: str, event: messenger_events.Event) -> None:
        # As the platform does: until it is told that the event was taken in.
        for pause in (0.1, 0.5, 1.0, 2.0, 5.0, 10.0):
            try:
                if (await self.deliver(webhook, event)).status_code == 200:
                    return
            except httpx.HTTPError:
                pass
            await asyncio.sleep(pause)


def words_of(message: Mapping[str, Any]) -> str:
    """What the Conversations API shows as `message`: the text, empty for attachments."""
    text = message.get("text", "")
    return text if isinstance(text, str) else ""


async def _body(request: Request) -> dict[str, Any]:
    if request.method == "GET":
        return dict(request.query_params)
    try:
        data = json.loads(await request.body())
    except ValueError:
        data = {}
    return data if isinstance(data, dict) else {}


def _shown(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != "appsecret_proof"}


def _error(fault: Fault, headers: Mapping[str, str] | None = None) -> Response:
    error: dict[str, Any] = {
        "message": fault.message,
        "type": "OAuthException",
        "code": fault.code,
        "fbtrace_id": secrets.token_urlsafe(8),
    }
    if fault.subcode is not None:
        error["error_subcode"] = fault.subcode
    return JSONResponse({"error": error}, status_code=fault.status, headers=headers)


def _from_options(chosen: argparse.Namespace) -> RecordingMessenger:
    return RecordingMessenger(
        page_token=chosen.page_token,
        app_secret=chosen.app_secret,
        page_id=chosen.page_id,
        open_to_all=True,
        webhook=chosen.webhook,
    )


if __name__ == "__main__":
    _parser = options()
    _parser.add_argument("--page-token", default=RecordingMessenger.page_token)
    _parser.add_argument("--app-secret", default=RecordingMessenger.app_secret)
    _parser.add_argument("--page-id", default=RecordingMessenger.page_id)
    _parser.add_argument("--webhook", help="where echoes of the page's messages go")
    run(_from_options, parser=_parser)
