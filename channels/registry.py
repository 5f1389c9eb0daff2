"""The channels there are, by name. A new one is added here and put together in `bot/app`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from starlette.routing import BaseRoute


class HttpChannel(Protocol):
    """What the gateway needs of a channel: where it takes messages in."""

    name: str

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """The channel's routes, under `/webhooks/<name>/` save for pages and scripts."""


# Where each one's class is; imported only where the channel is on, for the sake of the platforms'
# libraries.
CHANNELS: Mapping[str, str] = {
    "web": "channels.web.adapter:WebChannel",
    "rest": "channels.rest.adapter:RestChannel",
    "slack": "channels.slack.adapter:SlackChannel",
    "telegram": "channels.telegram.adapter:TelegramChannel",
    "messenger": "channels.messenger.adapter:MessengerChannel",
}
