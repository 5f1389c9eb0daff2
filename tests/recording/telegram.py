"""Telegram's Bot API: `http://host/bot<token>/<method>`, with its limits, rates and errors.

`python -m tests.recording.telegram --port 8081` and TELEGRAM_API_URL=http://127.0.0.1:8081/bot
"""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from tests.recording import telegram_rules as rules
from tests.recording.program import run
from tests.recording.server import RecordingPlatform
from tests.recording.telegram_rates import Rates

TOKEN = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
BOT_ID = 110201543
USERNAME = "nordlys_bot"
# Arguments whose value is JSON also in a form.
_STRUCTURED = frozenset(
    "allowed_updates caption_entities commands drop_pending_updates entities link_preview_options"
    " media reply_markup reply_parameters scope show_alert".split()
)
_WHOLE = frozenset(
    "chat_id limit max_connections message_id message_thread_id offset timeout".split()
)
_TERMINATED = (
    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is"
    " running"
)

Handler = Callable[["RecordingTelegram", Mapping[str, Any]], Response]


@dataclass
class RecordingTelegram(RecordingPlatform):
    """The platform as one bot sees it. Positive chat ids are private chats, negative ones groups.

    `blocked` are chats that want nothing of the bot any more, `unknown` ones that there are not,
    `migrated` groups that became supergroups, `unreachable` addresses of files that can't be got.
    `expired` are callback queries that are too old. `updates` wait for getUpdates.
    """

    token: str = TOKEN
    username: str = USERNAME
    blocked: set[int] = field(default_factory=set)
    unknown: set[int] = field(default_factory=set)
    migrated: dict[int, int] = field(default_factory=dict)
    unreachable: set[str] = field(default_factory=set)
    expired: set[str] = field(default_factory=set)
    updates: list[dict[str, Any]] = field(default_factory=list)
    messages: dict[tuple[int, int], dict[str, Any]] = field(default_factory=dict)
    commands: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    webhook: dict[str, Any] = field(default_factory=dict)
    last_error: str = ""
    rates: Rates = field(default_factory=Rates)
    _message_ids: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _polls: int = 0

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """The API: GET and POST alike."""
        return [Route("/bot{token}/{method}", self._call, methods=["GET", "POST"])]

    @property
    def api_url(self) -> str:
        """What TELEGRAM_API_URL is to be."""
        return f"{self.url}/bot"

    def busy(self, retry_after: int) -> Response:
        """Flood control."""
        return _failed(
            429,
            f"Too Many Requests: retry after {retry_after}",
            parameters={"retry_after": retry_after},
        )

    def error(self) -> Response:
        """The platform has failed."""
        return _failed(500, "Internal Server Error")

    def shown(self, chat_id: int) -> list[dict[str, Any]]:
        """The messages in a chat, in order, as they look now."""
        return [message for (chat, _), message in self.messages.items() if chat == chat_id]

    async def _call(self, request: Request) -> Response:
        method = request.path_params["method"]
        arguments = await _arguments(request)
        token = request.path_params["token"]
        if token != self.token:
            well_formed = ":" in token
            return await self.record(
                request,
                method,
                arguments,
                lambda: _failed(401, "Unauthorized") if well_formed else _failed(404, "Not Found"),
            )
        handler = _METHODS.get(method.lower())
        if handler is None:
            return await self.record(request, method, arguments, lambda: _failed(404, "Not Found"))
        name, handle = handler
        if name == "getUpdates" and not await self._is_last_poll(request, arguments):
            return await self.record(request, name, arguments, lambda: _failed(409, _TERMINATED))
        return await self.record(request, name, arguments, lambda: handle(self, arguments))

    async def _is_last_poll(self, request: Request, arguments: Mapping[str, Any]) -> bool:
        """Waits for updates; a second poll ends the first."""
        self._polls += 1
        poll = self._polls
        if not self.webhook.get("url"):
            self.updates = self._after(arguments.get("offset"))
        deadline = time.monotonic() + arguments.get("timeout", 0)
        while (  # noqa: ASYNC110 (many things end the wait)
            not self.webhook.get("url")
            and poll == self._polls
            and not self.updates
            and time.monotonic() < deadline
            and not await request.is_disconnected()
        ):
            await asyncio.sleep(0.02)
        return poll == self._polls

    def _after(self, offset: int | None) -> list[dict[str, Any]]:
        if offset is None:
            return self.updates
        return [update for update in self.updates if update["update_id"] >= offset]

    def get_me(self, _: Mapping[str, Any]) -> Response:
        """The bot itself."""
        return _done(
            {
                "id": BOT_ID,
                "is_bot": True,
                "first_name": "Nordlys Handel",
                "username": self.username,
                "can_join_groups": True,
                "can_read_all_group_messages": False,
                "supports_inline_queries": False,
                "can_connect_to_business": False,
                "has_main_web_app": False,
            }
        )

    def get_updates(self, arguments: Mapping[str, Any]) -> Response:
        """What waits, from `offset` on; what is before it is forgotten."""
        if self.webhook.get("url"):
            return _failed(
                409,
                "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook"
                " to delete the webhook first",
            )
        return _done(self.updates[: arguments.get("limit", 100)])

    def set_webhook(self, arguments: Mapping[str, Any]) -> Response:
        """Where updates go from now on."""
        problem = rules.webhook(arguments)
        if problem:
            return _refused(problem)
        self.webhook = dict(arguments)
        if arguments.get("drop_pending_updates"):
            self.updates = []
        return _done(True, description="Webhook was set")

    def delete_webhook(self, arguments: Mapping[str, Any]) -> Response:
        """Updates are fetched from now on."""
        self.webhook = {}
        if arguments.get("drop_pending_updates"):
            self.updates = []
        return _done(True, description="Webhook was deleted")

    def get_webhook_info(self, _: Mapping[str, Any]) -> Response:
        """How deliveries go."""
        info: dict[str, Any] = {
            "url": self.webhook.get("url", ""),
            "has_custom_certificate": False,
            "pending_update_count": len(self.updates),
        }
        if self.webhook.get("url"):
            info["max_connections"] = self.webhook.get("max_connections", 40)
            info["allowed_updates"] = self.webhook.get("allowed_updates", [])
        if self.last_error:
            info |= {"last_error_date": int(time.time()), "last_error_message": self.last_error}
        return _done(info)

    def set_my_commands(self, arguments: Mapping[str, Any]) -> Response:
        """The menu, one for each language."""
        problem = rules.commands(arguments)
        if problem:
            return _refused(problem)
        self.commands[arguments.get("language_code", "")] = arguments["commands"]
        return _done(True)

    def send_message(self, arguments: Mapping[str, Any]) -> Response:
        """Words."""
        return self._send(arguments, rules.text(arguments), ("text", "entities"))

    def send_photo(self, arguments: Mapping[str, Any]) -> Response:
        """A picture by its address."""
        problem = rules.caption(arguments) or self._file(arguments.get("photo"))
        return self._send(arguments, problem, ("photo", "caption", "caption_entities"))

    def send_document(self, arguments: Mapping[str, Any]) -> Response:
        """A file by its address."""
        url = arguments.get("document")
        problem = rules.caption(arguments) or self._file(url) or rules.document(str(url))
        return self._send(arguments, problem, ("document", "caption", "caption_entities"))

    def send_chat_action(self, arguments: Mapping[str, Any]) -> Response:
        """A sign that something is under way."""
        if arguments.get("action") not in ("typing", "upload_photo", "upload_document"):
            return _refused("wrong parameter action in request")
        return self._no_access(arguments) or _done(True)

    def answer_callback_query(self, arguments: Mapping[str, Any]) -> Response:
        """Ends the waiting sign on a button."""
        if len(arguments.get("text", "")) > 200:
            return _refused("MESSAGE_TOO_LONG")
        if not arguments.get("callback_query_id") or arguments["callback_query_id"] in self.expired:
            return _refused("query is too old and response timeout expired or query ID is invalid")
        return _done(True)

    def edit_message_reply_markup(self, arguments: Mapping[str, Any]) -> Response:
        """Another keyboard under a message that is there."""
        key = (arguments.get("chat_id", 0), arguments.get("message_id", 0))
        message = self.messages.get(key)
        if message is None:
            return _refused("message to edit not found")
        problem = rules.keyboard(arguments, arguments["chat_id"] > 0)
        if problem:
            return _refused(problem)
        markup = arguments.get("reply_markup", {"inline_keyboard": []})
        if message.get("reply_markup") == markup:
            return _refused(
                "message is not modified: specified new message content and reply markup are"
                " exactly the same as a current content and reply markup of the message"
            )
        message["reply_markup"] = markup
        return _done(message)

    def _file(self, url: Any) -> str | None:
        problem = rules.address(url)
        if problem is None and url in self.unreachable:
            return "failed to get HTTP URL content"
        return problem

    def _no_access(self, arguments: Mapping[str, Any]) -> Response | None:
        chat_id = arguments.get("chat_id")
        if not isinstance(chat_id, int) or chat_id in self.unknown:
            return _refused("chat not found")
        if chat_id in self.migrated:
            return _failed(
                400,
                "Bad Request: group chat was upgraded to a supergroup chat",
                parameters={"migrate_to_chat_id": self.migrated[chat_id]},
            )
        if chat_id in self.blocked:
            return _failed(
                403,
                "Forbidden: bot was blocked by the user"
                if chat_id > 0
                else "Forbidden: bot was kicked from the group chat",
            )
        return None

    def _send(
        self, arguments: Mapping[str, Any], problem: str | None, shown: Sequence[str]
    ) -> Response:
        refused = self._no_access(arguments)
        if refused is not None:
            return refused
        chat_id, now = arguments["chat_id"], self.received[-1].at
        problem = problem or rules.keyboard(arguments, chat_id > 0)
        if problem:
            return _refused(problem)
        if not self.rates.check(chat_id, chat_id < 0, now):
            return self.busy(1)
        self.rates.note(chat_id, chat_id < 0, now)
        message: dict[str, Any] = {
            "message_id": next(self._message_ids),
            "date": int(time.time()),
            "chat": {"id": chat_id, "type": "private" if chat_id > 0 else "supergroup"},
            "from": {"id": BOT_ID, "is_bot": True, "first_name": "Nordlys Handel"},
            **{name: arguments[name] for name in shown if name in arguments},
        }
        markup = arguments.get("reply_markup", {})
        if "inline_keyboard" in markup:
            message["reply_markup"] = markup
        if "message_thread_id" in arguments:
            message |= {
                "message_thread_id": arguments["message_thread_id"],
                "is_topic_message": True,
            }
        self.messages[chat_id, message["message_id"]] = message
        return _done(_as_platform(message))


_METHODS: Mapping[str, tuple[str, Handler]] = {
    name.lower(): (name, handler)
    for name, handler in {
        "getMe": RecordingTelegram.get_me,
        "getUpdates": RecordingTelegram.get_updates,
        "setWebhook": RecordingTelegram.set_webhook,
        "deleteWebhook": RecordingTelegram.delete_webhook,
        "getWebhookInfo": RecordingTelegram.get_webhook_info,
        "setMyCommands": RecordingTelegram.set_my_commands,
        "sendMessage": RecordingTelegram.send_message,
        "sendPhoto": RecordingTelegram.send_photo,
        "sendDocument": RecordingTelegram.send_document,
        "sendChatAction": RecordingTelegram.send_chat_action,
        "answerCallbackQuery": RecordingTelegram.answer_callback_query,
        "editMessageReplyMarkup": RecordingTelegram.edit_message_reply_markup,
    }.items()
}


async def _arguments(request: Request) -> dict[str, Any]:
    if request.headers.get("content-type", "").startswith("application/json"):
        data: dict[str, Any] = await request.json()
        return data
    form = parse_qsl((await request.body()).decode(), keep_blank_values=True)
    given = {**request.query_params, **dict(form)}
    return {name: _value(name, value) for name, value in given.items()}


def _value(name: str, value: str) -> Any:
    if name in _STRUCTURED:
        return json.loads(value)
    if name in _WHOLE:
        return int(value)
    return value


def _as_platform(message: Mapping[str, Any]) -> dict[str, Any]:
    """Files as the platform describes them, not by the address that they came from."""
    described = dict(message)
    if "photo" in described:
        described["photo"] = [
            {"file_id": "AgACAgQ", "file_unique_id": "AQAD", "width": 90, "height": 60}
        ]
    if "document" in described:
        described["document"] = {"file_id": "BQACAgQ", "file_unique_id": "AgAD"}
    return described


def _done(result: Any, **more: Any) -> Response:
    return JSONResponse({"ok": True, "result": result, **more})


def _refused(problem: str) -> Response:
    return _failed(400, f"Bad Request: {problem}")


def _failed(status: int, description: str, **more: Any) -> Response:
    return JSONResponse(
        {"ok": False, "error_code": status, "description": description, **more},
        status_code=status,
    )


if __name__ == "__main__":
    run(lambda _: RecordingTelegram())
