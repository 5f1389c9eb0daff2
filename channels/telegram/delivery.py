"""Delivers messages by the Bot API."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import structlog
from telegram import Message
from telegram.constants import FloodLimit
from telegram.error import BadRequest, ChatMigrated

from bot.errors import DeliveryDelayed, RecipientGone, StorageUnavailable
from bot.model.messages import Outbound
from bot.ports import Call, Offers, PushChannel, Rate
from channels.telegram.address import CHANNEL
from channels.telegram.client import Client
from channels.telegram.errors import delivery_error, platform_errors
from channels.telegram.render import render

# A little longer than Telegram says: two calls do not take the same time on their way.
_SECOND = 1.1
_MINUTE = 61.0
_IN_CHAT = int(FloodLimit.MESSAGES_PER_SECOND_PER_CHAT)
_IN_GROUP = int(FloodLimit.MESSAGES_PER_MINUTE_PER_GROUP)
_OVERALL = int(FloodLimit.MESSAGES_PER_SECOND)

logger = structlog.get_logger(__name__)


class TelegramDelivery(PushChannel):
    """See PushChannel. `close` closes `client` as well."""

    name = CHANNEL

    def __init__(self, client: Client, offers: Offers) -> None:
        self._client = client
        self._offers = offers
        bot = client.bot
        self._methods: Mapping[str, Callable[..., Awaitable[object]]] = {
            "sendMessage": bot.send_message,
            "sendPhoto": bot.send_photo,
            "sendDocument": bot.send_document,
            "sendChatAction": bot.send_chat_action,
        }

    def calls(self, message: Outbound) -> Sequence[Call]:
        return [piece.call for piece in render(message).pieces]

    def rates(self, message: Outbound, call: Call) -> Sequence[Rate]:  # noqa: ARG002 (the port's)
        if call.method == "sendChatAction":
            # No message: it takes none of the messages' turns.
            return [Rate("telegram:actions", _OVERALL, _SECOND)]
        chat_id = call.arguments["chat_id"]
        in_chat = Rate(f"telegram:chat:{chat_id}", _IN_CHAT, _SECOND)
        overall = Rate("telegram:messages", _OVERALL, _SECOND)
        if chat_id > 0:
            return [in_chat, overall]
        return [in_chat, Rate(f"telegram:group:{chat_id}", _IN_GROUP, _MINUTE), overall]

    async def make(self, message: Outbound, number: int, call: Call) -> str | None:
        rendered = render(message)
        if rendered.choices:
            await self._keep(message, rendered.choices)
        instead = rendered.pieces[number].instead
        with platform_errors():
            try:
                return await self._send(call.method, call.arguments)
            except BadRequest as error:
                if instead is None or isinstance(delivery_error(error), RecipientGone):
                    raise
                logger.warning("telegram_refused_form", method=call.method, error=str(error))
                return await self._send(instead.method, instead.arguments)

    async def was_made(self, *_: object) -> bool | None:
        """None: a bot can't ask which messages are in a chat, nor name one by a key of its own."""
        return None

    async def close(self) -> None:
        await self._client.close()

    async def _keep(self, message: Outbound, choices: Sequence[Any]) -> None:
        try:
            await self._offers.keep(message, choices)
        except StorageUnavailable as error:
            raise DeliveryDelayed(f"the message's choices can't be kept: {error}") from error

    async def _send(self, method: str, arguments: Mapping[str, Any]) -> str | None:
        try:
            sent = await self._methods[method](**arguments)
        except ChatMigrated as error:
            # The group has become a supergroup: the answer follows it there.
            logger.info("telegram_group_migrated", method=method)
            moved = {**arguments, "chat_id": error.new_chat_id}
            sent = await self._methods[method](**moved)
        return str(sent.message_id) if isinstance(sent, Message) else None
