"""Telegram, put together."""

from __future__ import annotations

from bot.app.platforms.platform import Edge, Kept, Platform, Staff, secret
from bot.console.limits import ChannelLimits
from bot.model.content import Content
from bot.observability.metrics import MessageMetrics
from bot.ports import Identities, PushChannel
from bot.settings import Settings
from channels.reception import Reception
from channels.rendering.degrade import is_numbered
from channels.telegram.adapter import TelegramChannel
from channels.telegram.client import Client
from channels.telegram.delivery import TelegramDelivery
from channels.telegram.links import TelegramLinks
from channels.telegram.polling import Poller
from channels.telegram.render import ABILITIES


class TelegramPlatform(Platform):
    """See Platform."""

    name = TelegramChannel.name

    def edge(
        self,
        settings: Settings,
        reception: Reception,
        identities: Identities,  # noqa: ARG002 (the interface's)
        kept: Kept,
        metrics: MessageMetrics,
        staff: Staff | None = None,  # noqa: ARG002 (the interface's)
    ) -> Edge:
        """See Platform."""
        client = _client(settings)
        channel = TelegramChannel(
            reception,
            kept.offers,
            metrics,
            client,
            secret_token=secret(settings.telegram_secret_token),
        )
        polls = settings.telegram_mode == "polling"
        return Edge(
            channel,
            links=TelegramLinks(client),
            background=[Poller(client, channel).run] if polls else [],
            close=[channel.close, client.close],
        )

    def delivery(self, settings: Settings, kept: Kept) -> PushChannel:
        """See Platform."""
        return TelegramDelivery(_client(settings), kept.offers)

    def reply_limits(self) -> ChannelLimits:
        """See Platform."""
        return ChannelLimits(chars=ABILITIES.text)

    def is_numbered(self, content: Content) -> bool:
        """See Platform."""
        return is_numbered(content, ABILITIES)


def _client(settings: Settings) -> Client:
    return Client(secret(settings.telegram_bot_token), settings.telegram_api_url)


PLATFORM = TelegramPlatform()
