"""`POST /webhooks/telegram/webhook`: check the secret, store the event, then answer 200."""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import Coroutine, Sequence
from typing import Any

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from telegram import Update
from telegram.error import TelegramError

from bot.errors import InvalidMessage
from bot.observability.metrics import MessageMetrics
from bot.ports import Offers
from bot.tasks import cancel
from channels.reception import Arrival, Reception
from channels.telegram.address import CHANNEL
from channels.telegram.client import Client
from channels.telegram.parse import (
    Linking,
    Passed,
    Said,
    Unlinking,
    needs_me,
    parse_update,
    read_update,
)
from channels.telegram.presses import Pressed, marked
from channels.telegram.words import choice_is_over

_SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105 (a header's name)
# Courtesies to whoever pressed a button; more at once than this are left out.
_MOST_COURTESIES = 200
_COURTESY_SECONDS = 20.0

logger = structlog.get_logger(__name__)


class TelegramChannel:
    """Updates on their way to the inbox, whether they come by the webhook or were fetched.

    `close` it before `client`: pressed buttons are acknowledged after their webhook was answered.
    """

    name = CHANNEL

    def __init__(
        self,
        reception: Reception,
        offers: Offers,
        metrics: MessageMetrics,
        client: Client,
        *,
        secret_token: str,
    ) -> None:
        self._reception = reception
        self._offers = offers
        self._metrics = metrics
        self._client = client
        self._secret = secret_token.encode()
        self._courtesies: set[asyncio.Task[None]] = set()

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """What to mount in the HTTP application."""
        return [Route(f"/webhooks/{CHANNEL}/webhook", self.webhook, methods=["POST"])]

    async def webhook(self, request: Request) -> Response:
        """Take one update in. Raises InvalidMessage (401), StorageUnavailable.

        What is authentic but can't be understood is answered with 200 all the same: Telegram would
        send it again and again, and hold back what comes after it.
        """
        given = request.headers.get(_SECRET_HEADER, "").encode("latin-1")
        if not hmac.compare_digest(given, self._secret):
            self._metrics.refused(CHANNEL, "unauthorized")
            raise InvalidMessage(
                "unauthorized",
                "The header X-Telegram-Bot-Api-Secret-Token is not TELEGRAM_SECRET_TOKEN: set the"
                " webhook with flerkanal telegram set-webhook.",
                401,
            )
        body = await request.body()
        try:
            await self.take(parse_update(body))
        except InvalidMessage as error:
            self._metrics.refused(CHANNEL, error.code)
            logger.warning("telegram_update_not_understood", code=error.code, error=str(error))
        except TelegramError as error:
            # Only a group's message needs the bot's own name, and that only once.
            logger.warning("telegram_does_not_answer", error=str(error))
            return JSONResponse(
                {"error": {"code": "unavailable", "message": "Send the update again in a while."}},
                status_code=503,
                headers={"Retry-After": "5"},
            )
        return Response(status_code=200)

    async def take(self, update: Update) -> None:
        """When it returns, the update is in the inbox or needs no turn.

        Raises InvalidMessage, StorageUnavailable, and TelegramError where the bot's own name is
        not known yet and can't be asked for.
        """
        me = await self._client.me() if needs_me(update) else None
        event = read_update(update, me, time.time())
        if isinstance(event, Said):
            await self._reception.take(event.arrival)
        elif isinstance(event, Linking):
            await self._reception.link(event.arrival, event.code)
        elif isinstance(event, Unlinking):
            await self._reception.unlink(event.arrival)
        elif isinstance(event, Pressed):
            await self._press(event)
        else:
            self._pass(event)

    async def close(self) -> None:
        """Give up what has not been acknowledged yet: its loss does no harm."""
        await cancel(self._courtesies)

    async def _press(self, pressed: Pressed) -> None:
        if pressed.is_over:
            self._later(self._acknowledge(pressed))
            return
        address = pressed.identity.address
        reference = pressed.reference
        button = await self._offers.find(reference, address) if reference else None
        if button is None or button.payload is None:
            logger.info("telegram_choice_is_over")
            self._later(self._acknowledge(pressed, choice_is_over(pressed.metadata.get("locale"))))
            return
        accepted = await self._reception.take(
            Arrival(
                identity=pressed.identity,
                event_id=pressed.event_id,
                text=button.title,
                received_at=pressed.received_at,
                payload=button.payload,
                metadata=pressed.metadata,
            )
        )
        self._later(self._acknowledge(pressed))
        if not accepted.duplicate:
            self._later(self._mark(pressed))

    def _pass(self, event: Passed) -> None:
        log = logger.info if event.reason.startswith(("bot_is_now_", "group_")) else logger.debug
        log("telegram_update_passed", reason=event.reason)

    def _later(self, courtesy: Coroutine[Any, Any, None]) -> None:
        if len(self._courtesies) >= _MOST_COURTESIES:
            courtesy.close()
            return
        task = asyncio.create_task(asyncio.wait_for(courtesy, _COURTESY_SECONDS))
        self._courtesies.add(task)
        task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[None]) -> None:
        self._courtesies.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.info("telegram_courtesy_failed", error=f"{type(error).__name__}: {error}")

    async def _acknowledge(self, pressed: Pressed, words: str | None = None) -> None:
        """Ends the waiting sign on the button; the words show for a moment."""
        await self._client.bot.answer_callback_query(pressed.query_id, text=words)

    async def _mark(self, pressed: Pressed) -> None:
        shown = pressed.message
        if shown.keyboard is None:
            return
        keyboard = marked(shown.keyboard, pressed.data)
        if keyboard is not None:
            await self._client.bot.edit_message_reply_markup(
                chat_id=shown.chat_id, message_id=shown.message_id, reply_markup=keyboard
            )
