"""Every interface between the parts. Implementations are picked in `bot/app/bootstrap.py` alone.

Unless a method says otherwise, an implementation may raise StorageUnavailable from any method
that touches a store; the caller may then try again.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Literal

from bot.model.messages import Inbound, Outbound, Utterance
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
    async def announce_typing(self, entry: Entry, conversation_id: str) -> None:
        """Tell whoever follows the conversation that a turn began. Losing it does no harm."""


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
    async def create(self) -> tuple[str, str]:
        """A new (token, conversation id). The token has 256 random bits and is stored hashed."""

    @abstractmethod
    async def find(self, token: str) -> str | None:
        """The token's conversation id, or None."""


class PushChannel(ABC):
    """A channel whose platform must be called to deliver a message."""

    name: str

    @abstractmethod
    async def deliver(self, message: Outbound) -> None:
        """Deliver one message. Raises DeliveryError's subclasses and nothing else."""


@dataclass(frozen=True)
class PipelineState:
    """How the pipeline stands, over all partitions.

    `inbox_waiting` and `outbox_waiting` count entries that are not acknowledged yet; `models`
    names the loaded model of each live worker.
    """

    inbox_waiting: int
    outbox_waiting: int
    dead_letters: int
    models: tuple[str, ...] = ()


class PipelineMonitor(ABC):
    """What operators watch."""

    @abstractmethod
    async def state(self) -> PipelineState:
        """The state now; cheap enough to ask every second."""
