"""Fetches updates by long polling, for a machine that Telegram can't reach."""

from __future__ import annotations

from typing import Protocol

import structlog
from telegram import Update
from telegram.error import Conflict, RetryAfter
from tenacity import AsyncRetrying, RetryCallState, wait_random_exponential

from bot.errors import InvalidMessage
from channels.telegram.client import Client
from channels.telegram.errors import retry_after_seconds
from channels.telegram.parse import ALLOWED_UPDATES

_WAIT_SECONDS = 25
_backoff = wait_random_exponential(multiplier=1.0, max=60.0)

logger = structlog.get_logger(__name__)


class TakesUpdates(Protocol):
    """Where updates go: TelegramChannel."""

    async def take(self, update: Update) -> None:
        """Raises InvalidMessage, StorageUnavailable, TelegramError."""


class Poller:
    """`run` it in one process only: Telegram hands a bot's updates to one at a time.

    An update is confirmed to Telegram (by the next request's offset) only after it was taken in;
    after a crash it comes again, and is known by its id. `wait_seconds`: how long Telegram keeps a
    request open that it has nothing for.
    """

    def __init__(
        self, client: Client, channel: TakesUpdates, wait_seconds: int = _WAIT_SECONDS
    ) -> None:
        self._client = client
        self._channel = channel
        self._wait_seconds = wait_seconds
        self._offset: int | None = None

    async def run(self) -> None:
        """Never ends by itself; cancel it to stop. Whatever fails is tried again."""
        while True:
            # Any error: the gateway's other channels must not end with this one.
            async for attempt in AsyncRetrying(wait=_wait, before_sleep=_tell):
                with attempt:
                    await self._fetch()

    async def _fetch(self) -> None:
        updates = await self._client.bot.get_updates(
            offset=self._offset,
            timeout=self._wait_seconds,
            allowed_updates=ALLOWED_UPDATES,
        )
        for update in updates:
            try:
                await self._channel.take(update)
            except InvalidMessage as error:
                logger.warning("telegram_update_not_understood", code=error.code, error=str(error))
            self._offset = update.update_id + 1


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, RetryAfter):
        return retry_after_seconds(error)
    return _backoff(state)


def _tell(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    remedy = (
        "Telegram gives updates to one taker: stop the other process that polls with this token,"
        " or remove the webhook: flerkanal telegram delete-webhook"
        if isinstance(error, Conflict)
        else "it is tried again by itself; flerkanal doctor tells more"
    )
    logger.warning(
        "telegram_polling_waits",
        error=f"{type(error).__name__}: {error}",
        seconds=round(state.next_action.sleep, 1) if state.next_action else 0.0,
        remedy=remedy,
    )
