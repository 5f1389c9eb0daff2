"""The Bot API's methods that are about the bot itself: who it is, how it gets its updates."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tests.recording import telegram_rules as rules
from tests.recording.server import RecordingPlatform
from tests.recording.telegram_answers import done, failed, refused

TOKEN = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
BOT_ID = 110201543
USERNAME = "nordlys_bot"
TERMINATED = (
    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is"
    " running"
)


@dataclass
class TelegramBot(RecordingPlatform):
    """One bot. `updates` wait for getUpdates; `commands` are its menus by language, `webhook` what
    setWebhook was given, `last_error` what getWebhookInfo tells of a failed delivery.
    """

    token: str = TOKEN
    username: str = USERNAME
    updates: list[dict[str, Any]] = field(default_factory=list)
    commands: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    webhook: dict[str, Any] = field(default_factory=dict)
    last_error: str = ""
    _polls: int = 0

    async def is_last_poll(self, request: Request, arguments: Mapping[str, Any]) -> bool:
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
        return done(
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
            return failed(
                409,
                "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook"
                " to delete the webhook first",
            )
        return done(self.updates[: arguments.get("limit", 100)])

    def set_webhook(self, arguments: Mapping[str, Any]) -> Response:
        """Where updates go from now on."""
        problem = rules.webhook(arguments)
        if problem:
            return refused(problem)
        self.webhook = dict(arguments)
        if arguments.get("drop_pending_updates"):
            self.updates = []
        return done(True, description="Webhook was set")

    def delete_webhook(self, arguments: Mapping[str, Any]) -> Response:
        """Updates are fetched from now on."""
        self.webhook = {}
        if arguments.get("drop_pending_updates"):
            self.updates = []
        return done(True, description="Webhook was deleted")

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
        return done(info)

    def set_my_commands(self, arguments: Mapping[str, Any]) -> Response:
        """The menu, one for each language."""
        problem = rules.commands(arguments)
        if problem:
            return refused(problem)
        self.commands[arguments.get("language_code", "")] = arguments["commands"]
        return done(True)
