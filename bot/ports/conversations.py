"""What the edge needs of conversations: take a message in, read what was said, hear of news."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Literal

from bot.model.messages import Inbound, Utterance


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

    `said`: the transcript grew. `typing`: a turn began, or somebody at the desk writes. `answered`:
    the turn `turn_id` is over. `writing`: the customer writes. `desk`: the handoff `turn_id` has
    changed.
    """

    kind: Literal["said", "typing", "answered", "writing", "desk"]
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
    async def announce_writing(self, conversation_id: str) -> None:
        """Nudge whoever follows the conversation: the customer writes. Losing it does no harm."""

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

    @abstractmethod
    def follow_all(self) -> AbstractAsyncContextManager[AsyncIterator[Notice | None]]:
        """As `follow`, of every conversation."""
