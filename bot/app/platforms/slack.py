"""Slack, put together."""

from __future__ import annotations

from bot.app.platforms.platform import Edge, Kept, Platform, secret
from bot.model.content import Content
from bot.observability.metrics import MessageMetrics
from bot.ports import Identities, PushChannel
from bot.settings import Settings
from channels.reception import Reception
from channels.rendering.degrade import is_numbered
from channels.slack.adapter import SlackChannel
from channels.slack.background import Background
from channels.slack.client import Client
from channels.slack.delivery import SlackDelivery
from channels.slack.links import SlackLinks
from channels.slack.render import ABILITIES


class SlackPlatform(Platform):
    """See Platform."""

    name = SlackChannel.name

    def edge(
        self,
        settings: Settings,
        reception: Reception,
        identities: Identities,
        kept: Kept,
        metrics: MessageMetrics,
    ) -> Edge:
        """See Platform."""
        client, background = _client(settings), Background()
        channel = SlackChannel(
            reception,
            kept.contacts,
            identities,
            metrics,
            client=client,
            background=background,
            signing_secret=secret(settings.slack_signing_secret),
            command=settings.slack_command,
        )
        return Edge(
            channel,
            links=SlackLinks(client),
            background=[background.run],
            close=[client.close],
        )

    def delivery(self, settings: Settings, kept: Kept) -> PushChannel:  # noqa: ARG002 (the interface's)
        """See Platform."""
        return SlackDelivery(
            _client(settings),
            command=settings.slack_command,
            workspace_per_minute=settings.slack_messages_per_minute,
        )

    def is_numbered(self, content: Content) -> bool:
        """See Platform."""
        return is_numbered(content, ABILITIES)


def _client(settings: Settings) -> Client:
    return Client(secret(settings.slack_bot_token), settings.slack_api_url)


PLATFORM = SlackPlatform()
