"""A channel as its customers and its platform see it, the same for all channels.

What a customer does goes through the channel's own webhook or socket; what they are shown is read
back from the platform's recording server, never from the channel's code.
"""

from __future__ import annotations

import contextlib
import re
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar

import httpx

from bot.model.content import Content
from channels.rendering.abilities import Abilities
from tests.gateway import RunningGateway
from tests.recording.server import RecordingPlatform, serve

P = TypeVar("P", bound=RecordingPlatform)


@dataclass(frozen=True)
class Choice:
    """Something to press. `press` is what the platform sends back when it is pressed.

    `url`: it opens a page instead. `day`: it lets a day be picked, which has to be handed in.
    """

    title: str
    press: Any = None
    url: str | None = None
    day: bool = False


@dataclass(frozen=True)
class Shown:
    """One message as the customer has it on the screen; links in `words` as `title (address)`."""

    words: str
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True)
class Event:
    """An event as the platform delivers it: what is posted to the webhook."""

    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Bad:
    """An event that must leave nothing in the inbox, and how it must be answered."""

    why: str
    event: Event
    statuses: frozenset[int]


class Refused(Exception):
    """The gateway did not take an event; `status` is its answer."""

    def __init__(self, status: int, body: str) -> None:
        self.status = status
        super().__init__(f"{status}: {body}")


class ChannelUnderTest(ABC):
    """One channel. `chat` is the test's own name for a customer's chat, `event` for an event: the
    same names mean the same chat and the same event.
    """

    name: ClassVar[str]
    abilities: Abilities
    # What a customer can send along.
    shares: frozenset[str] = frozenset()
    # Kinds of content that are shown to nobody.
    unseen: frozenset[str] = frozenset({"typing", "custom"})
    gateway: RunningGateway

    @contextlib.asynccontextmanager
    async def platform_running(self) -> AsyncIterator[None]:
        """Serves the platform while the block lasts; the settings are known inside."""
        yield

    @property
    def platform(self) -> RecordingPlatform | None:
        """The recording server, where the channel is called out of."""
        return None

    @property
    def settings(self) -> Mapping[str, Any]:
        """What the gateway, the worker and the sender need to have the channel on."""
        return {}

    @contextlib.asynccontextmanager
    async def connected(self, gateway: RunningGateway) -> AsyncIterator[None]:
        """Customers are about while the block lasts."""
        self.gateway = gateway
        yield

    def abilities_for(self, content: Content) -> Abilities:
        """What it shows natively of this content; `abilities`, unless a channel says otherwise."""
        return self.abilities

    @contextlib.contextmanager
    def added(self) -> Iterator[None]:
        """The project has the channel while the block lasts, where it does not by itself."""
        yield

    @abstractmethod
    def address(self, chat: str) -> str:
        """The address of the chat's identity."""

    def conversation(self, chat: str) -> str:
        """The conversation of a chat that is not linked."""
        return f"{self.name}:{self.address(chat)}"

    @abstractmethod
    async def write(self, chat: str, text: str, event: str) -> None:
        """The customer writes. Returns once that is accepted; raises Refused."""

    @abstractmethod
    async def press(self, chat: str, choice: Choice, event: str, day: str | None = None) -> None:
        """The customer presses what they are shown."""

    async def share(self, chat: str, kind: str, caption: str, event: str) -> None:
        """The customer sends something along: one of `shares`."""
        raise NotImplementedError

    @abstractmethod
    async def shown(self, chat: str) -> Sequence[Shown]:
        """All that the customer was sent so far, in order."""

    def complaints(self) -> Sequence[str]:
        """What the platform had to say against what it was sent: broken limits, broken rates."""
        return []


class PlatformUnderTest(ChannelUnderTest, Generic[P]):
    """A channel whose events come by a webhook, each signed, and whose platform is recorded."""

    def __init__(self, platform: P) -> None:
        self._platform = platform

    @property
    def platform(self) -> P:
        """See ChannelUnderTest."""
        return self._platform

    @contextlib.asynccontextmanager
    async def platform_running(self) -> AsyncIterator[None]:
        """See ChannelUnderTest."""
        async with serve(self._platform):
            yield

    @property
    def path(self) -> str:
        """The webhook's."""
        return f"/webhooks/{self.name}/webhook"

    @abstractmethod
    def written(self, chat: str, text: str, event: str) -> Event:
        """The event of a customer who writes."""

    @abstractmethod
    def pressed(self, chat: str, choice: Choice, event: str, day: str | None) -> Event:
        """The event of a customer who presses."""

    def shared(self, chat: str, kind: str, caption: str, event: str) -> Event:
        """The event of a customer who sends something along."""
        raise NotImplementedError

    @abstractmethod
    def signed(self, body: bytes) -> Event:
        """A body as the platform would deliver it."""

    def fresh(self, body: bytes) -> bytes:
        """A stored payload as if it were sent now, where the platform's times are looked at."""
        return body

    @abstractmethod
    def bad(self) -> Sequence[Bad]:
        """Forged, stale and malformed events."""

    def batched(self, events: Sequence[Event]) -> Event | None:
        """Several events in one delivery; None where the platform makes one for each."""
        return None

    def repeated(self, event: Event) -> Event:
        """The event as the platform delivers it again."""
        return event

    async def deliver(self, event: Event) -> httpx.Response:
        """Post an event to the webhook."""
        return await self.gateway.client.post(
            self.path, content=event.body, headers=dict(event.headers)
        )

    async def write(self, chat: str, text: str, event: str) -> None:
        """See ChannelUnderTest."""
        await self._deliver(self.written(chat, text, event))

    async def press(self, chat: str, choice: Choice, event: str, day: str | None = None) -> None:
        """See ChannelUnderTest."""
        await self._deliver(self.pressed(chat, choice, event, day))

    async def share(self, chat: str, kind: str, caption: str, event: str) -> None:
        """See ChannelUnderTest."""
        await self._deliver(self.shared(chat, kind, caption, event))

    async def _deliver(self, event: Event) -> None:
        response = await self.deliver(event)
        if response.status_code != 200:
            raise Refused(response.status_code, response.text)


def squashed(text: str) -> str:
    """What is seen of a text, for comparing: no white space, no invisible characters but those
    inside an emoji.
    """
    return "".join(
        char
        for char in unicodedata.normalize("NFC", text)
        if not char.isspace()
        and (unicodedata.category(char) != "Cf" or char == "\N{ZERO WIDTH JOINER}")
    )


def all_words(shown: Iterable[Shown]) -> str:
    """Everything readable, squashed: words, titles of choices, addresses of their pages."""
    parts = []
    for message in shown:
        parts.append(message.words)
        parts += [f"{choice.title} {choice.url or ''}" for choice in message.choices]
    return squashed("\n".join(parts))


def numbers_in(chat: str) -> int:
    """A number for a name, the same each time: for platforms whose ids are numbers."""
    return int.from_bytes(chat.encode(), "big") % 10**9 + 1


def whole_number(text: str) -> re.Pattern[str]:
    """Finds a number that stands by itself."""
    return re.compile(rf"(?<!\d){re.escape(text)}(?!\d)")
