"""Telegram's Bot API: `http://host/bot<token>/<method>`, with its limits, rates and errors.

`python -m tests.recording.telegram --port 8081` and TELEGRAM_API_URL=http://127.0.0.1:8081/bot
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from tests.recording import telegram_rules as rules
from tests.recording.program import run
from tests.recording.telegram_answers import arguments_of, as_platform, done, failed, refused
from tests.recording.telegram_bot import BOT_ID, TERMINATED, TOKEN, TelegramBot
from tests.recording.telegram_rates import Rates

__all__ = ["BOT_ID", "TOKEN", "RecordingTelegram"]

Handler = Callable[["RecordingTelegram", Mapping[str, Any]], Response]


@dataclass
class RecordingTelegram(TelegramBot):
    """The platform as one bot sees it. Positive chat ids are private chats, negative ones groups.

    `blocked` are chats that want nothing of the bot any more, `unknown` ones that there are not,
    `migrated` groups that became supergroups, `unreachable` addresses of files that can't be got.
    `expired` are callback queries that are too old.
    """

    blocked: set[int] = field(default_factory=set)
    unknown: set[int] = field(default_factory=set)
    migrated: dict[int, int] = field(default_factory=dict)
    unreachable: set[str] = field(default_factory=set)
    expired: set[str] = field(default_factory=set)
    messages: dict[tuple[int, int], dict[str, Any]] = field(default_factory=dict)
    rates: Rates = field(default_factory=Rates)
    _message_ids: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

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
        return failed(
            429,
            f"Too Many Requests: retry after {retry_after}",
            parameters={"retry_after": retry_after},
        )

    def error(self) -> Response:
        """The platform has failed."""
        return failed(500, "Internal Server Error")

    def shown(self, chat_id: int) -> list[dict[str, Any]]:
        """The messages in a chat, in order, as they look now."""
        return [message for (chat, _), message in self.messages.items() if chat == chat_id]

    async def _call(self, request: Request) -> Response:
        method = request.path_params["method"]
        arguments = await arguments_of(request)
        token = request.path_params["token"]
        if token != self.token:
            well_formed = ":" in token
            return await self.record(
                request,
                method,
                arguments,
                lambda: failed(401, "Unauthorized") if well_formed else failed(404, "Not Found"),
            )
        handler = _METHODS.get(method.lower())
        if handler is None:
            return await self.record(request, method, arguments, lambda: failed(404, "Not Found"))
        name, handle = handler
        if name == "getUpdates" and not await self.is_last_poll(request, arguments):
            return await self.record(request, name, arguments, lambda: failed(409, TERMINATED))
        return await self.record(request, name, arguments, lambda: handle(self, arguments))

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
            return refused("wrong parameter action in request")
        return self._no_access(arguments) or done(True)

    def answer_callback_query(self, arguments: Mapping[str, Any]) -> Response:
        """Ends the waiting sign on a button."""
        if len(arguments.get("text", "")) > 200:
            return refused("MESSAGE_TOO_LONG")
        if not arguments.get("callback_query_id") or arguments["callback_query_id"] in self.expired:
            return refused("query is too old and response timeout expired or query ID is invalid")
        return done(True)

    def edit_message_reply_markup(self, arguments: Mapping[str, Any]) -> Response:
        """Another keyboard under a message that is there."""
        key = (arguments.get("chat_id", 0), arguments.get("message_id", 0))
        message = self.messages.get(key)
        if message is None:
            return refused("message to edit not found")
        problem = rules.keyboard(arguments, arguments["chat_id"] > 0)
        if problem:
            return refused(problem)
        markup = arguments.get("reply_markup", {"inline_keyboard": []})
        if message.get("reply_markup") == markup:
            return refused(
                "message is not modified: specified new message content and reply markup are"
                " exactly the same as a current content and reply markup of the message"
            )
        message["reply_markup"] = markup
        return done(message)

    def _file(self, url: Any) -> str | None:
        problem = rules.address(url)
        if problem is None and url in self.unreachable:
            return "failed to get HTTP URL content"
        return problem

    def _no_access(self, arguments: Mapping[str, Any]) -> Response | None:
        chat_id = arguments.get("chat_id")
        if not isinstance(chat_id, int) or chat_id in self.unknown:
            return refused("chat not found")
        if chat_id in self.migrated:
            return failed(
                400,
                "Bad Request: group chat was upgraded to a supergroup chat",
                parameters={"migrate_to_chat_id": self.migrated[chat_id]},
            )
        if chat_id in self.blocked:
            return failed(
                403,
                "Forbidden: bot was blocked by the user"
                if chat_id > 0
                else "Forbidden: bot was kicked from the group chat",
            )
        return None

    def _send(
        self, arguments: Mapping[str, Any], problem: str | None, shown: Sequence[str]
    ) -> Response:
        no_access = self._no_access(arguments)
        if no_access is not None:
            return no_access
        chat_id, now = arguments["chat_id"], self.received[-1].at
        problem = problem or rules.keyboard(arguments, chat_id > 0)
        if problem:
            return refused(problem)
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
        return done(as_platform(message))


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


if __name__ == "__main__":
    run(lambda _: RecordingTelegram())
