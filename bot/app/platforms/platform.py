"""What a platform is made of, and what it is given."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from bot.app.http import HttpChannel
from bot.console.limits import ChannelLimits
from bot.model.content import Content
from bot.observability.metrics import MessageMetrics
from bot.ports import (
    Contacts,
    Deliveries,
    Desk,
    DeskDirectory,
    DeskMirror,
    DeskThreads,
    Identities,
    LinkTarget,
    Offers,
    PushChannel,
    Transcripts,
)
from bot.settings import Settings
from channels.reception import Reception


@dataclass(frozen=True)
class Kept:
    """What both ends of a channel may keep, and ask for."""

    contacts: Contacts
    offers: Offers
    deliveries: Deliveries


@dataclass(frozen=True)
class Edge:
    """The end of a channel that takes messages in, in the gateway.

    `links` brings conversations here. `background` runs while the gateway serves; `close` is
    awaited after it, in order.
    """

    channel: HttpChannel
    links: LinkTarget | None = None
    background: Sequence[Callable[[], Coroutine[Any, Any, None]]] = ()
    close: Sequence[Callable[[], Awaitable[None]]] = ()


@dataclass(frozen=True)
class Shown:
    """What a platform in which staff work may know of handoffs. `threads` is where it shows them."""

    threads: DeskThreads
    directory: DeskDirectory
    transcripts: Transcripts


@dataclass(frozen=True)
class Staff:
    """What a platform in which staff work asks of the desk, in the gateway."""

    desk: Desk
    threads: DeskThreads
    directory: DeskDirectory


class Platform(ABC):
    """A channel whose platform calls us and has to be called. Making one opens no connection."""

    name: str

    @abstractmethod
    def edge(
        self,
        settings: Settings,
        reception: Reception,
        identities: Identities,
        kept: Kept,
        metrics: MessageMetrics,
        staff: Staff | None = None,
    ) -> Edge:
        """The gateway's end. `staff`: for those who work in it, where it is set up so."""

    @abstractmethod
    def delivery(self, settings: Settings, kept: Kept) -> PushChannel:
        """The sender's end."""

    def mirror(self, settings: Settings) -> DeskMirror | None:  # noqa: ARG002 (for those that do)
        """What shows handoffs in it, where staff are to work in it."""
        return None

    def desk_delivery(
        self,
        settings: Settings,  # noqa: ARG002 (for those that do)
        shown: Shown,  # noqa: ARG002 (for those that do)
    ) -> PushChannel | None:
        """The sender's end of what `mirror` makes."""
        return None

    def reply_limits(self) -> ChannelLimits:
        """What it takes of what staff write to its customers."""
        return ChannelLimits()

    @abstractmethod
    def is_numbered(self, content: Content) -> bool:
        """Whether its customers see the choices of a content as a numbered list."""


def secret(value: SecretStr | None) -> str:
    """A secret that is set: whoever asks has looked at `Settings.is_configured` before."""
    assert value is not None, "the channel is not configured"
    return value.get_secret_value()
