"""SMS, put together: what stands in `bot/app/platforms/sms.py`."""

from __future__ import annotations

from bot.app.platforms.platform import Edge, Kept, Platform, Staff, secret
from bot.model.content import Content
from bot.observability.metrics import MessageMetrics
from bot.ports import Identities, PushChannel
from bot.settings import Settings
from channels.reception import Reception
from channels.rendering.degrade import is_numbered
from docs.examples.sms.adapter import SmsChannel
from docs.examples.sms.delivery import ABILITIES, SmsDelivery


class SmsPlatform(Platform):
    """See Platform."""

    name = SmsChannel.name

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
        return Edge(SmsChannel(reception, metrics, secret=secret(settings.sms_secret)))

    def delivery(self, settings: Settings, kept: Kept) -> PushChannel:
        """See Platform."""
        return SmsDelivery(api_url=settings.sms_api_url, token=secret(settings.sms_token))

    def is_numbered(self, content: Content) -> bool:
        """See Platform."""
        return is_numbered(content, ABILITIES)


PLATFORM = SmsPlatform()
