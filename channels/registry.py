"""The channels there are, by name. A new one is added here and wired in `bot/app/bootstrap.py`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from starlette.routing import BaseRoute

from channels.rest.adapter import RestChannel
from channels.web.adapter import WebChannel


class HttpChannel(Protocol):
    """What the gateway needs of a channel: where it takes messages in."""

    name: str

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """The channel's routes, under `/webhooks/<name>/` save for pages and scripts."""


CHANNELS: Mapping[str, type[HttpChannel]] = {
    WebChannel.name: WebChannel,
    RestChannel.name: RestChannel,
}
