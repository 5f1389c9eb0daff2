"""Slack's Web API: what it checks, how fast it may be called, and the errors that it documents.

https://docs.slack.dev/reference/methods/ and https://docs.slack.dev/reference/block-kit/
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from tests.recording.program import options, run
from tests.recording.server import RecordingPlatform
from tests.recording.slack_blocks import block_problems
from tests.recording.slack_directory import ORDINARY, User, described

TOKEN = "xoxb-recording-0001"
TEAM = "T0NORDLYS"
BOT_USER = "U0BOT"
BOT_ID = "B0BOT"
APP_ID = "A0BOT"
SCOPES = frozenset(
    """
    app_mentions:read channels:history channels:read chat:write commands files:read groups:history
    groups:read im:history mpim:history users:read users:read.email
    """.split()
)
# What a method needs; the others need nothing.
_NEEDS: Mapping[str, str] = {
    "chat.postMessage": "chat:write",
    "chat.postEphemeral": "chat:write",
    "chat.update": "chat:write",
    "users.info": "users:read",
    "users.lookupByEmail": "users:read.email",
    "bots.info": "users:read",
}
_HISTORY: Mapping[str, str] = {"D": "im:history", "C": "channels:history", "G": "groups:history"}
_TEXT_LIMIT = 40_000
_SECONDS = 1.0


class Refused(Exception):
    """`ok: false` with that error."""

    def __init__(self, error: str, messages: Sequence[str] = (), **more: Any) -> None:
        self.body: dict[str, Any] = {"ok": False, "error": error, **more}
        if messages:
            self.body["response_metadata"] = {"messages": list(messages)}
        super().__init__(error)


@dataclass
class RecordingSlack(RecordingPlatform):
    """`errors` are channels, or methods, that are answered with an error; `not_member`: channels
    that the app is not in; `users` and `channels` are what is known of those besides their ids;
    `unreachable`: pictures that Slack can't fetch. `per_minute` is how many messages a workspace may
    get, `per_channel` the seconds between two in a channel. `too_early` are channels in which
    messages came too fast.
    """

    token: str = TOKEN
    scopes: frozenset[str] = SCOPES
    locales: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    not_member: set[str] = field(default_factory=set)
    unreachable: set[str] = field(default_factory=set)
    users: dict[str, User] = field(default_factory=dict)
    channels: dict[str, dict[str, Any]] = field(default_factory=dict)
    per_minute: int = 300
    per_channel: float = _SECONDS
    too_early: list[str] = field(default_factory=list)
    messages: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    private: list[dict[str, Any]] = field(default_factory=list)
    homes: dict[str, dict[str, Any]] = field(default_factory=dict)
    changes: dict[str, dict[str, Any]] = field(default_factory=dict)
    _last: dict[str, float] = field(default_factory=dict)
    _minute: deque[float] = field(default_factory=deque)
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def api_url(self) -> str:
        """What SLACK_API_URL is to be."""
        return f"{self.url}/api/"

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """The API, and the addresses that change a pressed message."""
        return [
            Route("/api/{method}", self._call, methods=["GET", "POST"]),
            Route("/actions/{name}", self._respond, methods=["POST"]),
        ]

    def response_url(self, name: str) -> str:
        """An address that changes a message, as presses carry one."""
        return f"{self.url}/actions/{name}"

    def posted(self, channel: str) -> list[dict[str, Any]]:
        """A channel's messages, oldest first."""
        return self.messages[channel]

    def busy(self, retry_after: int) -> Response:
        """Too many requests."""
        return JSONResponse(
            {"ok": False, "error": "ratelimited"}, 429, headers={"Retry-After": str(retry_after)}
        )

    def error(self) -> Response:
        """A load balancer's page: when Slack fails, it is no JSON."""
        return PlainTextResponse("upstream connect error", 500)

    def succeeded(self, response: Response) -> bool:
        """Slack says in the body whether it did it."""
        if response.status_code != 200:
            return False
        body = bytes(response.body)
        return body == b"ok" or json.loads(body).get("ok") is True

    async def _call(self, request: Request) -> Response:
        method = request.path_params["method"]
        arguments = await _arguments(request)

        def take() -> Response:
            try:
                body = self._answer(method, arguments, request)
            except Refused as refused:
                if refused.body["error"] == "ratelimited":
                    return self.busy(1)
                body = refused.body
            return JSONResponse(body, headers={"X-OAuth-Scopes": ",".join(sorted(self.scopes))})

        return await self.record(request, method, arguments, take)

    async def _respond(self, request: Request) -> Response:
        name = request.path_params["name"]
        arguments = await request.json()

        def take() -> Response:
            problems = block_problems(arguments.get("blocks"), self.unreachable)
            if problems:
                return JSONResponse({"ok": False, "error": "invalid_blocks"}, 400)
            self.changes[name] = arguments
            return PlainTextResponse("ok")

        return await self.record(request, "response_url", arguments, take)

    def _answer(self, method: str, arguments: dict[str, Any], request: Request) -> dict[str, Any]:
        if request.headers.get("authorization") != f"Bearer {self.token}":
            raise Refused("invalid_auth")
        for name in (method, arguments.get("channel"), arguments.get("user_id")):
            if name in self.errors:
                raise Refused(self.errors[name])
        needed = _NEEDS.get(method)
        if needed is not None:
            self._need(needed)
        answers = {
            "auth.test": self._auth_test,
            "bots.info": self._bots_info,
            "chat.postEphemeral": self._post_ephemeral,
            "chat.postMessage": self._post_message,
            "chat.update": self._update,
            "conversations.history": self._history,
            "conversations.info": self._conversations_info,
            "conversations.replies": self._replies,
            "users.info": self._users_info,
            "users.lookupByEmail": self._lookup,
            "views.publish": self._publish,
        }
        if method not in answers:
            raise Refused("unknown_method")
        return {"ok": True, **answers[method](arguments)}

    def _need(self, scope: str) -> None:
        if scope not in self.scopes:
            raise Refused("missing_scope", needed=scope, provided=",".join(sorted(self.scopes)))

    # ---------------------------------------------------------------------------- the methods

    def _auth_test(self, _: dict[str, Any]) -> dict[str, Any]:
        return {
            "url": "https://nordlys.slack.com/",
            "team": "Nordlys Handel",
            "user": "helper",
            "team_id": TEAM,
            "user_id": BOT_USER,
            "bot_id": BOT_ID,
            "is_enterprise_install": False,
        }

    def _bots_info(self, arguments: dict[str, Any]) -> dict[str, Any]:
        if arguments.get("bot") != BOT_ID:
            raise Refused("bot_not_found")
        return {"bot": {"id": BOT_ID, "app_id": APP_ID, "user_id": BOT_USER, "name": "helper"}}

    def _users_info(self, arguments: dict[str, Any]) -> dict[str, Any]:
        user = arguments.get("user")
        if not isinstance(user, str) or not user:
            raise Refused("user_not_found")
        known = self.users.get(user, User())
        found = described(user, TEAM, known, with_email="users:read.email" in self.scopes)
        if arguments.get("include_locale") in ("true", "1", True):
            found["locale"] = self.locales.get(user, "en-US")
        return {"user": found}

    def _lookup(self, arguments: dict[str, Any]) -> dict[str, Any]:
        for user, known in self.users.items():
            if known.email is not None and known.email == arguments.get("email"):
                return {"user": described(user, TEAM, known, with_email=True)}
        raise Refused("users_not_found")

    def _conversations_info(self, arguments: dict[str, Any]) -> dict[str, Any]:
        channel = self._channel(arguments)
        about = self.channels.get(channel, {})
        private = bool(about.get("is_private"))
        self._need("groups:read" if private else "channels:read")
        member = channel not in self.not_member
        if private and not member:
            # What the app is not in it can't see.
            raise Refused("channel_not_found")
        return {"channel": {**ORDINARY, "id": channel, **about, "is_member": member}}

    def _post_message(self, arguments: dict[str, Any]) -> dict[str, Any]:
        channel = self._channel(arguments)
        self._check_message(arguments)
        self._check_metadata(arguments.get("metadata"))
        if channel in self.not_member:
            raise Refused("not_in_channel")
        self._pace(channel)
        message = {
            "type": "message",
            "user": BOT_USER,
            "bot_id": BOT_ID,
            "app_id": APP_ID,
            "team": TEAM,
            "ts": f"{time.time():.0f}.{next(self.numbers):06d}",
            "text": arguments.get("text", ""),
            "blocks": arguments.get("blocks", []),
        }
        for name in ("metadata", "thread_ts"):
            if arguments.get(name) is not None:
                message[name] = arguments[name]
        self.messages[channel].append(message)
        shown = {name: value for name, value in message.items() if name != "metadata"}
        return {"channel": channel, "ts": message["ts"], "message": shown}

    def _post_ephemeral(self, arguments: dict[str, Any]) -> dict[str, Any]:
        channel = self._channel(arguments)
        if not isinstance(arguments.get("user"), str):
            raise Refused("user_not_in_channel")
        self._check_message(arguments)
        if channel in self.not_member:
            raise Refused("not_in_channel")
        stamp = f"{time.time():.0f}.{next(self.numbers):06d}"
        self.private.append({**arguments, "ts": stamp})
        return {"message_ts": stamp}

    def _update(self, arguments: dict[str, Any]) -> dict[str, Any]:
        channel = self._channel(arguments)
        self._check_message(arguments)
        for message in self.messages[channel]:
            if message["ts"] == arguments.get("ts"):
                if message.get("bot_id") != BOT_ID:
                    raise Refused("cant_update_message")
                message.update(text=arguments.get("text", ""), blocks=arguments.get("blocks", []))
                return {"channel": channel, "ts": message["ts"], "text": message["text"]}
        raise Refused("message_not_found")

    def _history(self, arguments: dict[str, Any]) -> dict[str, Any]:
        channel = self._channel(arguments)
        self._need(_HISTORY.get(channel[0], "channels:history"))
        found = [m for m in self.messages[channel] if "thread_ts" not in m]
        return self._page(found[::-1], arguments)

    def _replies(self, arguments: dict[str, Any]) -> dict[str, Any]:
        channel = self._channel(arguments)
        self._need(_HISTORY.get(channel[0], "channels:history"))
        thread = arguments.get("ts")
        if not isinstance(thread, str):
            raise Refused("invalid_arguments", ["[ERROR] missing required field: ts"])
        found = [m for m in self.messages[channel] if m.get("thread_ts") == thread]
        return self._page(found, arguments)

    def _page(self, found: Sequence[dict[str, Any]], arguments: dict[str, Any]) -> dict[str, Any]:
        oldest = float(arguments.get("oldest", 0))
        limit = int(arguments.get("limit", 100))
        first = int(arguments.get("cursor") or 0)
        if not 1 <= limit <= 999:
            raise Refused("invalid_limit")
        matching = [message for message in found if float(message["ts"]) >= oldest]
        shown = matching[first : first + limit]
        if arguments.get("include_all_metadata") not in ("true", "1", True):
            shown = [{k: v for k, v in m.items() if k != "metadata"} for m in shown]
        more = first + limit < len(matching)
        cursor = str(first + limit) if more else ""
        return {
            "messages": shown,
            "has_more": more,
            "response_metadata": {"next_cursor": cursor},
        }

    def _publish(self, arguments: dict[str, Any]) -> dict[str, Any]:
        user, view = arguments.get("user_id"), arguments.get("view")
        if not isinstance(user, str) or not isinstance(view, dict) or view.get("type") != "home":
            raise Refused("invalid_arguments", ["[ERROR] missing required field: view"])
        problems = block_problems(view.get("blocks"), self.unreachable, most=100)
        if problems:
            raise Refused("invalid_arguments", problems)
        self.homes[user] = view
        return {"view": {"id": f"V{user}", **view}}

    # ----------------------------------------------------------------------------- the checks

    def _channel(self, arguments: dict[str, Any]) -> str:
        channel = arguments.get("channel")
        if not isinstance(channel, str) or channel[:1] not in "CDGUW" or not channel.isalnum():
            raise Refused("channel_not_found")
        # A user's id stands for the direct messages with them.
        return f"D{channel}" if channel[0] in "UW" else channel

    def _check_message(self, arguments: dict[str, Any]) -> None:
        blocks, text = arguments.get("blocks"), arguments.get("text") or ""
        if not blocks and not str(text).strip():
            raise Refused("no_text")
        if len(text) > _TEXT_LIMIT:
            raise Refused("msg_too_long")
        if blocks is not None:
            if not isinstance(blocks, list):
                raise Refused("invalid_blocks_format")
            problems = block_problems(blocks, self.unreachable)
            if problems:
                raise Refused("invalid_blocks", problems)
            if len(json.dumps(blocks, ensure_ascii=False)) > 100_000:
                raise Refused("msg_blocks_too_long")

    @staticmethod
    def _check_metadata(metadata: Any) -> None:
        if metadata is None:
            return
        if not isinstance(metadata, dict) or set(metadata) != {"event_type", "event_payload"}:
            raise Refused("invalid_metadata_format")
        if not isinstance(metadata["event_payload"], dict):
            raise Refused("invalid_metadata_schema")
        if len(json.dumps(metadata)) > 8_000:
            raise Refused("metadata_too_large")

    def _pace(self, channel: str) -> None:
        now = self.received[-1].at
        while self._minute and now - self._minute[0] >= 60.0:
            self._minute.popleft()
        if now - self._last.get(channel, float("-inf")) < self.per_channel:
            self.too_early.append(channel)
            raise Refused("ratelimited")
        if len(self._minute) >= self.per_minute:
            self.too_early.append(TEAM)
            raise Refused("ratelimited")
        self._last[channel] = now
        self._minute.append(now)


async def _arguments(request: Request) -> dict[str, Any]:
    if request.method == "GET":
        return dict(request.query_params)
    if request.headers.get("content-type", "").startswith("application/json"):
        data = await request.json()
        return data if isinstance(data, dict) else {}
    return dict(parse_qsl((await request.body()).decode()))


def _make(chosen: argparse.Namespace) -> RecordingPlatform:
    return RecordingSlack(per_minute=chosen.per_minute)


if __name__ == "__main__":
    _parser = options()
    _parser.add_argument("--per-minute", type=int, default=300, help="messages for the workspace")
    run(_make, parser=_parser)
