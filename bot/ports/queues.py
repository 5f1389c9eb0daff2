"""Durable queues in partitions, each read under a lease, and what could not be handled."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from bot.model.messages import Inbound
from bot.model.turns import Entry, Lease, TrackerWindow, TurnCommit


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
    async def floor(self, conversation_id: str) -> str | None:
        """The handoff that has the floor; None where the bot may speak."""

    @abstractmethod
    async def commit(self, commit: TurnCommit) -> bool:
        """Save all effects of a turn and acknowledge its entry, in one step.

        With them goes the turn's record to the journal; a turn that requests a handoff gives the
        floor to it, one that takes up a hand-back gives it to the bot. False where the entry had
        been acknowledged before: this turn has not been saved then, an earlier one was. Raises
        LeaseLost where the lease has passed on, and FloorMoved where another one has the floor than
        when the turn began; then nothing was written.
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


@dataclass(frozen=True)
class DeadLetter:
    """An entry that could not be read or failed for good.

    `id` is what `replay` takes; `queue` is `inbox`, `outbox` or `journal`; `at` is in seconds since the epoch.
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
