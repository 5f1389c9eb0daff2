"""Deep links that bring a conversation into Telegram."""

from __future__ import annotations

from telegram.error import TelegramError

from bot.errors import DeliveryDelayed
from bot.model.people import LinkCode
from bot.ports import LinkOffer, LinkTarget
from channels.telegram.address import CHANNEL
from channels.telegram.client import Client

_ASK_AGAIN_SECONDS = 30.0


class TelegramLinks(LinkTarget):
    """`https://t.me/<bot>?start=<code>`; pressing Start there sends `/start <code>`."""

    name = CHANNEL
    title = "Telegram"

    def __init__(self, client: Client) -> None:
        self._client = client

    async def offer(self, code: LinkCode) -> LinkOffer:
        """See LinkTarget. The bot's name is asked for once."""
        try:
            me = await self._client.me()
        except TelegramError as error:
            raise DeliveryDelayed(str(error), _ASK_AGAIN_SECONDS) from error
        return LinkOffer(f"https://t.me/{me.username}?start={code.code}")
