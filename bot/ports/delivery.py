"""Getting answers to the platforms that must be called."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from bot.model.content import Button
from bot.model.messages import Outbound
from bot.model.turns import Entry


class Offers(ABC):
    """Choices whose payload does not fit into what a platform sends back, kept for 30 days."""

    @abstractmethod
    async def keep(self, message: Outbound, choices: Sequence[Button]) -> Sequence[str]:
        """Keep a message's choices; one reference each, in order: ASCII, at most 48 characters.

        The same message gets the same references again.
        """

    @abstractmethod
    async def find(self, reference: str, recipient: str) -> Button | None:
        """What was offered to `recipient` under that reference, or None."""


Outcome = Literal[
    "delivered",
    "not_shown",
    "refused",
    "recipient_gone",
    "window_closed",
    "given_up",
    "failed",
]


@dataclass(frozen=True)
class Progress:
    """`sent`: the platform's ids of the calls that it took, by number. `begun`: the number of a call
    that was begun and of which nothing more is known. `seconds` since the entry's first try.
    """

    sent: Mapping[int, str | None]
    begun: int | None = None
    seconds: float = 0.0


def delivery_key(message: Outbound, number: int) -> str:
    """A call's name, unique for ever, for platforms that hand it back: `<turn>/<position>#<number>`."""
    return f"{message.id}#{number}"


class Deliveries(ABC):
    """What is known of each call that a message needs, so that none is made twice.

    A message may need several calls (a long text is several messages). They count from 0. `entry` is
    the message's place in the outbox; handed in again, a message goes on where it stopped.
    """

    @abstractmethod
    async def progress(self, message: Outbound, entry: Entry) -> Progress:
        """How far its delivery has come. The first time that an entry is asked for counts as its
        first try.
        """

    @abstractmethod
    async def begin(
        self, message: Outbound, number: int, entry: Entry, attempt: str | None = None
    ) -> bool:
        """The call is about to be made: from now on it may have been.

        False where the platform took it meanwhile (see `confirm`): do not make it then. Beginning a
        call anew of which nothing is known counts as possibly made twice; not so the same `attempt`
        once more, of which the store's answer was lost. Raises LeaseLost: another sender may be
        making it by now.
        """

    @abstractmethod
    async def finish(self, message: Outbound, number: int, platform_id: str | None) -> None:
        """The platform took it, and calls it that."""

    @abstractmethod
    async def refused(self, message: Outbound, number: int) -> None:
        """The platform certainly did not take it; it may be made again."""

    @abstractmethod
    async def confirm(self, key: str, platform_id: str | None) -> None:
        """The platform tells by itself (an echo) that it took the call named `key`: see
        `delivery_key`. A key that is none of ours is left at that.
        """

    @abstractmethod
    async def close(self, message: Outbound, entry: Entry, outcome: Outcome) -> None:
        """Count how the delivery ended, once per entry.

        What is known of one that failed is kept for as long as it may be handed in again.
        """


@dataclass(frozen=True)
class Rate:
    """At most `count` calls in any `seconds`, over all processes, for all with the same `key`."""

    key: str
    count: int
    seconds: float


class Pacer(ABC):
    """Keeps to the platforms' rates, however many senders there are.

    `ticket` names a call, such as its `delivery_key`.
    """

    @abstractmethod
    async def reserve(self, ticket: str, rates: Sequence[Rate]) -> float:
        """The seconds until the call may be made. Takes no more than a moment.

        0: make it now; it counts until `release` and for the rates' seconds from then on. Else ask
        again when they are over, with the same ticket: its turn is kept for it where it is near.
        """

    @abstractmethod
    async def release(self, ticket: str, rates: Sequence[Rate]) -> None:
        """The call is over, or is not to be made after all."""

    @abstractmethod
    async def hold(self, key: str, seconds: float) -> None:
        """Let nobody make a call that counts against `key` for that long: the platform has asked
        for it. A shorter one does not end a longer one.
        """


@dataclass(frozen=True)
class Call:
    """One call of a platform's API, ready but for the address and the credentials."""

    method: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


class PushChannel(ABC):
    """A channel whose platform must be called to deliver a message."""

    name: str

    @abstractmethod
    def calls(self, message: Outbound) -> Sequence[Call]:
        """What the message needs, in order; empty where the platform shows nothing of it.

        Pure: the same message always needs the same calls, since a delivery that was cut off goes
        on in the middle. Raises DeliveryRefused for what can't be shown there at all.
        """

    @abstractmethod
    def rates(self, message: Outbound, call: Call) -> Sequence[Rate]:
        """Which rates the call counts against.

        A sign of typing that would hold up its answer is worse than none: give it only the rates
        that the platform counts it against.
        """

    def rates_of_asking(
        self,
        message: Outbound,  # noqa: ARG002 (for channels that override it)
        call: Call,  # noqa: ARG002 (for channels that override it)
    ) -> Sequence[Rate]:
        """Which rates `was_made` counts against; none unless a channel says so."""
        return ()

    @abstractmethod
    async def make(self, message: Outbound, number: int, call: Call) -> str | None:
        """Make the call; returns the platform's id of what it made, if it has one.

        Raises DeliveryError's subclasses and nothing else. DeliveryUnknown: it may have been made;
        so does a StorageUnavailable count, where the channel needs a store for it.
        """

    @abstractmethod
    async def was_made(self, message: Outbound, number: int, call: Call) -> bool | None:
        """Ask the platform about a call that was cut off. None: it offers no means to know.

        Raises DeliveryError's subclasses and nothing else.
        """

    @abstractmethod
    async def close(self) -> None:
        """Close the connections."""
