"""Slack, put together."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from bot.app.platforms.platform import Edge, Kept, Platform, Shown, Staff, secret
from bot.console.limits import ChannelLimits
from bot.model.content import Content
from bot.observability.metrics import MessageMetrics
from bot.ports import DeskMirror, Identities, PushChannel
from bot.settings import Settings
from channels.reception import Reception
from channels.rendering.degrade import is_numbered
from channels.slack.adapter import SlackChannel
from channels.slack.background import Background
from channels.slack.client import Client
from channels.slack.delivery import SlackDelivery
from channels.slack.desk.colleagues import Colleagues
from channels.slack.desk.delivery import SlackDeskDelivery
from channels.slack.desk.mirror import SlackDeskMirror
from channels.slack.desk.staff import SlackDesk
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
        staff: Staff | None = None,
    ) -> Edge:
        """See Platform."""
        client, background = _client(settings), Background()
        desk = None
        if settings.slack_handoff_channel is not None and staff is not None:
            desk = SlackDesk(
                staff.desk,
                staff.threads,
                Colleagues(client, staff.directory),
                client=client,
                background=background,
                channel=settings.slack_handoff_channel,
            )
        channel = SlackChannel(
            reception,
            kept.contacts,
            identities,
            metrics,
            client=client,
            background=background,
            signing_secret=secret(settings.slack_signing_secret),
            command=settings.slack_command,
            staff=desk,
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
            staff_channel=settings.slack_handoff_channel,
        )

    def mirror(self, settings: Settings) -> DeskMirror | None:
        """See Platform."""
        return None if settings.slack_handoff_channel is None else SlackDeskMirror()

    def desk_delivery(self, settings: Settings, shown: Shown) -> PushChannel | None:
        """See Platform."""
        if settings.slack_handoff_channel is None:
            return None
        return SlackDeskDelivery(
            _client(settings),
            shown.threads,
            shown.directory,
            shown.transcripts,
            channel=settings.slack_handoff_channel,
            workspace_per_minute=settings.slack_messages_per_minute,
            link=None if settings.public_url is None else _console(settings.public_url),
        )

    def reply_limits(self) -> ChannelLimits:
        """See Platform."""
        return ChannelLimits(chars=ABILITIES.text)

    def is_numbered(self, content: Content) -> bool:
        """See Platform."""
        return is_numbered(content, ABILITIES)


def _console(public_url: str) -> Callable[[str], str]:
    address = public_url.rstrip("/")
    return lambda conversation_id: (
        f"{address}/console/conversations?{urlencode({'c': conversation_id})}"
    )


def _client(settings: Settings) -> Client:
    return Client(secret(settings.slack_bot_token), settings.slack_api_url)


PLATFORM = SlackPlatform()
