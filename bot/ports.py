"""Every interface between the parts. Implementations are picked in `bot/app/bootstrap/` alone.

Unless a method says otherwise, an implementation may raise StorageUnavailable from any method
that touches a store; the caller may then try again.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Literal

from bot.model.content import Button
from bot.model.messages import Inbound, Outbound, Utterance
from bot.model.people import ChannelIdentity, Contact, LinkCode, Participant
from bot.model.turns import Entry, Lease, TrackerWindow, TurnCommit, TurnResult


@dataclass(frozen=True)
class Accepted:
    """A message is safely in the inbox.

    `turn_id` is its entry's id, `cursor` its place in the transcript. `duplicate`: it had been
    accepted before, and these are the first one's; nothing was written this time.
    """

    turn_id: str
    cursor: str
    duplicate: bool


@dataclass(frozen=True)
class Notice:
    """A nudge that something of a conversation changed; it may be lost, the transcript is not.

    `said`: the transcript grew. `typing`: a turn began. `answered`: the turn `turn_id` is over.
    """

    kind: Literal["said", "typing", "answered"]
    conversation_id: str
    turn_id: str


class Inbox(ABC):
    """Where the edge puts messages. Safe to use from many tasks."""

    @abstractmethod
    async def accept(self, message: Inbound) -> Accepted:
        """Store the message durably, once per (channel, conversation, event id).

        The deduplication mark, the inbox entry and the transcript's line are written in one step.
        When it returns, the message survives the death of every process.
        """

    @abstractmethod
    async def find(self, message: Inbound) -> Accepted | None:
        """What `accept` would answer for a message that was accepted before, else None."""


class Transcripts(ABC):
    """Where the edge reads conversations from. Safe to use from many tasks."""

    @abstractmethod
    async def read(
        self, conversation_id: str, after: str | None = None, limit: int = 500
    ) -> Sequence[Utterance]:
        """The utterances after the cursor `after` (None: the newest `limit`), oldest first.

        Raises InvalidMessage for a cursor that is not one.
        """

    @abstractmethod
    async def is_answered(self, message: Inbound) -> bool:
        """Whether the turn that this message started is over."""

    @abstractmethod
    def notices(self) -> AsyncIterator[Notice | None]:
        """Nudges of all conversations, from now on. Never ends by itself.

        Reconnects by itself; yields None after each (re)connection, the first one too: notices may
        have been lost before it, so read again whatever you follow.
        """


class Followers(ABC):
    """One process's shared ear for notices: many may follow one conversation."""

    @abstractmethod
    def follow(
        self, conversation_id: str
    ) -> AbstractAsyncContextManager[AsyncIterator[Notice | None]]:
        """Enter to hear of a conversation; leave to stop.

        Inside, the iterator yields each Notice of the conversation from the moment of entry, and
        None when notices may have been lost: read the transcript again then. Waiting for the next
        one may be cancelled (a timeout) without losing any. Never ends by itself, raises nothing.
        """


class PartitionQueue(ABC):
    """A durable queue in partitions, each read by one process at a time: the holder of its lease.

    A conversation's entries are all in one partition, so its order is kept without a lock per
    message. `holder` is the unique name of a process.
    """

    @abstractmethod
    async def balance(self, holder: str, held: Sequence[Lease]) -> Sequence[Lease]:
        """Extend what is held, take a fair share of what nobody holds; returns all held now.

        To be called a few times per lease time. A lease of `held` that is not in the answer is
        lost or was given up in favour of a new process: take no new entry of it.
        """

    @abstractmethod
    async def release(self, leases: Sequence[Lease]) -> None:
        """Give the leases back at once. Leases held by others by now are left alone."""

    @abstractmethod
    async def stop(self, holder: str, leases: Sequence[Lease]) -> None:
        """Give everything back and take no more part."""

    @abstractmethod
    async def unfinished(self, lease: Lease) -> Sequence[Entry]:
        """Entries that an earlier holder began and did not finish, oldest first.

        To be taken before any new one of the partition, each with `begin_again` just before.
        """

    @abstractmethod
    async def begin_again(self, entry: Entry) -> Entry:
        """Count one more delivery of an unfinished entry; returns it with the new count."""

    @abstractmethod
    async def next_entries(
        self, leases: Sequence[Lease], limit: int, wait: float
    ) -> Sequence[Entry]:
        """New entries of the leased partitions, oldest first within each partition.

        Waits up to `wait` seconds for the first one; an empty answer is normal.
        """

    @abstractmethod
    async def bury(self, entry: Entry, reason: str) -> None:
        """Move an entry to the dead letters and acknowledge it, in one step. Raises LeaseLost."""


class TurnQueue(PartitionQueue):
    """The worker's side of the inbox."""

    @abstractmethod
    async def window(self, conversation_id: str) -> TrackerWindow:
        """The conversation's bounded past."""

    @abstractmethod
    async def commit(self, commit: TurnCommit) -> bool:
        """Save all effects of a turn and acknowledge its entry, in one step.

        False where the entry had been acknowledged before: this turn has not been saved then, an
        earlier one was. Raises LeaseLost where the lease has passed on; then nothing was written.
        """

    @abstractmethod
    async def announce_typing(self, entry: Entry, message: Inbound, push: bool) -> None:
        """Tell whoever follows the conversation that a turn began. Losing it does no harm.

        `push`: a sender has to tell the platform.
        """


class Outbox(PartitionQueue):
    """The sender's side: answers on their way to channels that must be called."""

    @abstractmethod
    async def delivered(self, entry: Entry) -> None:
        """Acknowledge an entry: its message is with the platform. Raises LeaseLost."""


class DialogueEngine(ABC):
    """Understands and answers. Holds no conversation of its own: the past comes in, events go out."""

    @property
    @abstractmethod
    def version(self) -> str:
        """The loaded model's name."""

    @abstractmethod
    async def prepare(self) -> None:
        """Make ready what the actions work with; to be called before the first turn.

        Raises SettingsError where that can never work.
        """

    @abstractmethod
    def close(self) -> None:
        """Close what the actions work with; to be called after the last turn."""

    @abstractmethod
    def understand(self, messages: Sequence[Inbound]) -> Sequence[dict[str, Any]]:
        """Parse many messages in one call of the NLU pipeline; one parse result each, in order."""

    @abstractmethod
    async def answer(
        self, message: Inbound, turn_id: str, parse: dict[str, Any], window: TrackerWindow
    ) -> TurnResult:
        """Take one turn. Turns of different conversations may run side by side.

        Raises TurnFailed where the engine itself fails; a failing action is not that: it is
        answered by telling the customer.
        """

    @abstractmethod
    async def apologise(self, message: Inbound, turn_id: str, window: TrackerWindow) -> TurnResult:
        """The turn that is taken where `answer` failed for good: says sorry, offers a human.

        Raises TurnFailed where not even that can be done.
        """


@dataclass(frozen=True)
class DeadLetter:
    """An entry that could not be read or failed for good.

    `id` is what `replay` takes; `queue` is `inbox` or `outbox`; `at` is in seconds since the epoch.
    """

    id: str
    queue: str
    at: float
    reason: str
    raw: bytes


class DeadLetters(ABC):
    """What could not be handled, kept until somebody has looked at it."""

    @abstractmethod
    async def list(self, limit: int = 100) -> Sequence[DeadLetter]:
        """The oldest `limit` of them."""

    @abstractmethod
    async def count(self) -> int:
        """How many there are."""

    @abstractmethod
    async def replay(self, ids: Sequence[str]) -> int:
        """Put them back at the end of the queue they came from; returns how many there were."""


class Sessions(ABC):
    """Who may read and write a web conversation: the bearer of an unguessable token."""

    @abstractmethod
    async def create(self) -> tuple[str, ChannelIdentity]:
        """A new (token, identity). The token has 256 random bits and is stored hashed."""

    @abstractmethod
    async def find(self, token: str) -> ChannelIdentity | None:
        """The token's identity, or None."""


class Identities(ABC):
    """Who is behind a channel's address, and which conversation they are in.

    An identity that was never linked is a person of its own, in a conversation of its own; both
    carry its name. Linking brings it into another one's conversation, unlinking back to its own.
    """

    @abstractmethod
    async def resolve(self, identity: ChannelIdentity) -> Participant:
        """Who that is, now. Asked for every message, so that a link holds from the next one on."""

    @abstractmethod
    async def issue_code(self, identity: ChannelIdentity, channel: str) -> LinkCode:
        """A new code that brings an identity of `channel` into this one's conversation.

        It works once, for a few minutes, and is stored hashed. An earlier one of the same identity
        for the same channel works no more. Raises LinkRefused (`too_many`) where somebody asks
        for codes again and again.
        """

    @abstractmethod
    async def redeem(self, code: str, identity: ChannelIdentity) -> Participant:
        """Bring `identity` into the conversation that the code was made for.

        Of two who redeem one code at once, one gets in; the same identity again within the code's
        time gets the same answer, since a platform may deliver its event twice. Spaces, dashes and
        case do not matter. Raises LinkRefused: `unknown`, `used`, `late`, `other_channel`, or
        `too_many` for an identity with too many wrong codes lately.
        """

    @abstractmethod
    async def unlink(self, identity: ChannelIdentity) -> Participant:
        """Back to its own conversation. Nothing where it is in no other."""

    @abstractmethod
    async def linked(self, identity: ChannelIdentity) -> Sequence[ChannelIdentity]:
        """The other identities that are in the same conversation, the first linked first."""

    @abstractmethod
    async def sign_in(self, identity: ChannelIdentity, token: str) -> Participant:
        """Let a site's own signed-in user, named by a signed token, be the person behind `identity`.

        The first time the user takes over the identity's conversation; from then on the identity
        gets the user's. Raises InvalidMessage (`bad_identity`) for a token that is forged, stale or
        can't be checked, and changes nothing then.
        """


@dataclass(frozen=True)
class LinkOffer:
    """How a customer goes on in another channel: `url` opens it; where that can't hand the code
    over by itself, `code` is what they send there.
    """

    url: str | None
    code: str | None = None


class LinkTarget(ABC):
    """A channel that conversations can be brought into."""

    name: str
    title: str

    @abstractmethod
    async def offer(self, code: LinkCode) -> LinkOffer:
        """The way there with this code. Raises DeliveryDelayed where the platform can't be asked."""


class Contacts(ABC):
    """Where a conversation's customer was last heard, channel by channel; written by the inbox."""

    @abstractmethod
    async def last(self, conversation_id: str) -> Contact | None:
        """In the channel last used, or None where nobody has ever written."""

    @abstractmethod
    async def on(self, conversation_id: str, channel: str) -> Contact | None:
        """In one channel."""

    @abstractmethod
    async def record_receipt(
        self, conversation_id: str, channel: str, kind: Literal["delivered", "read"], until: float
    ) -> None:
        """The customer was shown all that was sent until then; an older one changes nothing."""


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


@dataclass(frozen=True)
class DeliveryCounts:
    """What the senders have done for one channel, since there is data.

    `retries` counts calls that were made again, `possibly_twice` those among them of which nobody
    knew whether the platform had taken them. `within[i]` of the messages were delivered within
    `DELIVERY_SECONDS[i]` seconds of their answer (and not within the bound before it), the last one
    of them later than any; `seconds` is the sum of all those times.
    """

    outcomes: Mapping[Outcome, int]
    retries: int = 0
    possibly_twice: int = 0
    within: tuple[int, ...] = ()
    seconds: float = 0.0


# The bounds of the delivery times that are told apart.
DELIVERY_SECONDS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0)


@dataclass(frozen=True)
class PipelineState:
    """How the pipeline stands, over all partitions.

    `inbox_waiting` and `outbox_waiting` count entries that are not acknowledged yet; `models`
    names the loaded model of each live worker; `deliveries` are by channel.
    """

    inbox_waiting: int
    outbox_waiting: int
    dead_letters: int
    models: tuple[str, ...] = ()
    deliveries: Mapping[str, DeliveryCounts] = field(default_factory=dict)


class PipelineMonitor(ABC):
    """What operators watch."""

    @abstractmethod
    async def state(self) -> PipelineState:
        """The state now; cheap enough to ask every second."""
