"""Messenger, put together."""

from __future__ import annotations

from bot.app.messenger import graph_api
from bot.app.platforms.platform import Edge, Kept, Platform, Staff, secret
from bot.console.limits import ChannelLimits
from bot.model.content import Content, Text
from bot.observability.metrics import MessageMetrics
from bot.ports import Identities, PushChannel
from bot.settings import Settings
from channels.messenger.adapter import MessengerChannel
from channels.messenger.delivery import STAFF_SECONDS, MessengerDelivery
from channels.messenger.page import MessengerLinks, OwnPage
from channels.messenger.render import abilities_for
from channels.reception import Reception
from channels.rendering.degrade import is_numbered


class MessengerPlatform(Platform):
    """See Platform."""

    name = MessengerChannel.name

    def edge(
        self,
        settings: Settings,
        reception: Reception,
        identities: Identities,
        kept: Kept,
        metrics: MessageMetrics,
        staff: Staff | None = None,  # noqa: ARG002 (the interface's)
    ) -> Edge:
        """See Platform."""
        api = graph_api(settings)
        page = OwnPage(api)
        channel = MessengerChannel(
            reception,
            identities=identities,
            contacts=kept.contacts,
            deliveries=kept.deliveries,
            metrics=metrics,
            page=page,
            app_secret=secret(settings.messenger_app_secret),
            verify_token=secret(settings.messenger_verify_token),
        )
        return Edge(
            channel,
            links=MessengerLinks(page),
            background=[page.find_out],
            close=[api.close],
        )

    def delivery(self, settings: Settings, kept: Kept) -> PushChannel:
        """See Platform."""
        return MessengerDelivery(graph_api(settings), contacts=kept.contacts)

    def reply_limits(self) -> ChannelLimits:
        """See Platform."""
        return ChannelLimits(chars=abilities_for(Text("")).text, window_seconds=STAFF_SECONDS)

    def is_numbered(self, content: Content) -> bool:
        """See Platform."""
        return is_numbered(content, abilities_for(content))


PLATFORM = MessengerPlatform()
