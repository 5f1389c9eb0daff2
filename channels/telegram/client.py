"""The Bot API's client, and who the bot is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from telegram import Bot, Update
from telegram.error import NetworkError
from telegram.request import HTTPXRequest

logger = structlog.get_logger(__name__)

_CONNECT_SECONDS = 5.0
_READ_SECONDS = 15.0


class ServerFailed(NetworkError):
    """Telegram's server, or something before it, answered with `status` 500 or above."""

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(f"Telegram answered with HTTP status {status}")


class BotRequest(HTTPXRequest):
    """The library's request, which tells a failing server apart from a broken connection."""

    async def do_request(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        status, payload = await super().do_request(*args, **kwargs)
        if status >= 500:
            raise ServerFailed(status)
        return status, payload


class UpdatesRequest(BotRequest):
    """The library's request for fetching updates, which takes one that can't be read for an empty
    one: the library gives up on all that came with it, and again at every later try.
    """

    async def do_request(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        status, payload = await super().do_request(*args, **kwargs)
        try:
            answer = json.loads(payload)
            answer["result"] = [_readable(update) for update in answer["result"]]
        except (ValueError, KeyError, TypeError):
            # An error, or no answer of Telegram's: the library says what is wrong with it.
            return status, payload
        return status, json.dumps(answer).encode()


def _readable(update: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        Update.de_json(dict(update), None)
    except Exception as error:  # noqa: BLE001 (the library raises whatever a value breaks)
        logger.warning("telegram_update_not_understood", error=type(error).__name__)
        return {"update_id": update["update_id"]}
    return update


@dataclass(frozen=True)
class Me:
    """The bot itself. `username` without the @, as Telegram writes it."""

    id: int
    username: str


class Client:
    """One bot's way to Telegram. `bot` is the library's object, used without `initialize`, which
    would ask the platform at every start.

    `api_url` is what the token is appended to, such as `https://api.telegram.org/bot`.
    """

    def __init__(self, token: str, api_url: str) -> None:
        self._requests = (
            UpdatesRequest(
                connection_pool_size=1,
                connect_timeout=_CONNECT_SECONDS,
                read_timeout=_READ_SECONDS,
            ),
            BotRequest(
                connection_pool_size=64,
                connect_timeout=_CONNECT_SECONDS,
                read_timeout=_READ_SECONDS,
                pool_timeout=_READ_SECONDS,
            ),
        )
        self.bot = Bot(
            token,
            base_url=api_url,
            get_updates_request=self._requests[0],
            request=self._requests[1],
        )
        self._me: Me | None = None

    async def me(self) -> Me:
        """Asked once, then remembered. Raises TelegramError."""
        if self._me is None:
            user = await self.bot.get_me()
            self._me = Me(user.id, user.username or "")
        return self._me

    async def close(self) -> None:
        """Close the connections. May be called twice."""
        for request in self._requests:
            await request.shutdown()
