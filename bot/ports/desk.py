"""Handing over to a person: who has the floor, what the desk does, and what is kept of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.model.content import Content
from bot.model.handoff import Agent, HandBack, Handoff
from bot.model.journal import JournalEntry, TurnRecord
from bot.model.messages import Author, Outbound
from bot.model.turns import Entry
from bot.ports.queues import PartitionQueue


@dataclass(frozen=True)
class DeskUtterance:
    """What the desk says to a customer, in the channel where they were heard last.

    `id` makes it once: the same id again is the same utterance. It has no spaces and at most 200
    characters. `author` is STAFF for a person's words and BOT for the desk's own (a place in the
    queue); `name` is the person's, for channels that show it.
    """

    id: str
    conversation_id: str
    content: Content
    author: Author
    name: str | None = None
    language: str | None = None


class Floor(ABC):
    """Who may speak in a conversation: the bot, or a handoff's desk. Kept where the turns commit,
    so that the bot can't talk over a person: a turn taken while the bot had the floor is refused
    when it has not any more.
    """

    @abstractmethod
    async def holder(self, conversation_id: str) -> str | None:
        """The id of the handoff that has the floor, None where the bot has it."""

    @abstractmethod
    async def take(self, conversation_id: str, handoff_id: str) -> bool:
        """Give the floor to a handoff. False where another one has it; again is the same."""

    @abstractmethod
    async def say(self, utterance: DeskUtterance, handoff_id: str) -> str:
        """Say it: transcript, outbox, journal and the notice `said`, in one step. Returns its cursor.

        Raises HandoffRefused (`no_floor`) where the handoff has not the floor, and `no_contact`
        where nobody has ever written in that conversation.
        """

    @abstractmethod
    async def hand_back(self, conversation_id: str, hand_back: HandBack) -> None:
        """Put a turn into the inbox in which the bot takes the floor back. Once per handoff.

        Where another handoff has the floor when its turn comes, it changes nothing.
        """

    @abstractmethod
    async def show_typing(self, conversation_id: str, handoff_id: str) -> None:
        """Show the customer that somebody is writing. Losing it does no harm."""

    @abstractmethod
    async def announce(self, conversation_id: str, handoff_id: str) -> None:
        """Nudge whoever follows the desk (notice `desk`): a handoff has changed."""

    @abstractmethod
    async def post(self, message: Outbound) -> None:
        """Put a message for another desk (a Slack thread) into the outbox, once by its id."""


class Journal(PartitionQueue):
    """What the turns leave for the record, in order for each conversation."""

    @abstractmethod
    async def recorded(self, entry: Entry) -> None:
        """Acknowledge an entry. Raises LeaseLost."""


class Record(ABC):
    """What keeps the journal for good. Everything may be handed in more than once."""

    @abstractmethod
    async def keep(self, entries: Sequence[JournalEntry]) -> None:
        """Keep them, in one transaction where possible. Raises StorageUnavailable."""


class HandoffTaker(ABC):
    """What the desk does when a turn was taken. Everything may be handed in more than once."""

    @abstractmethod
    async def on_turn(self, turn: TurnRecord) -> None:
        """Begin a handoff that it requests, notice that the bot is back, keep a rating, show what
        the customer wrote to whoever is at another desk. Raises StorageUnavailable.
        """


class DeskMirror(ABC):
    """Another desk that shows the same handoffs: a Slack channel."""

    @abstractmethod
    def changed(
        self, before: Handoff | None, after: Handoff, note: str | None
    ) -> Sequence[Outbound]:
        """What to post when a handoff began or changed. Pure; ids from the handoff's version."""

    @abstractmethod
    def said(self, handoff: Handoff, utterance: DeskUtterance) -> Sequence[Outbound]:
        """What to post when the desk has said something (from the console)."""

    @abstractmethod
    def heard(self, handoff: Handoff, turn: TurnRecord, text: str) -> Sequence[Outbound]:
        """What to post when the customer wrote."""


@dataclass(frozen=True)
class Understanding:
    """What the bot made of a customer's message, by the message's event id.

    `suggestions` are answers that it would have given, where it had to keep quiet.
    """

    event_id: str
    intent: str | None
    confidence: float | None
    entities: Sequence[Mapping[str, Any]] = ()
    ranking: Sequence[tuple[str, float]] = ()
    suggestions: Sequence[Content] = ()


@dataclass(frozen=True)
class DialogueState:
    """A conversation as the bot sees it: the slots, the active form, and each message of late."""

    slots: Mapping[str, Any] = field(default_factory=dict)
    active_form: str | None = None
    messages: Mapping[str, Understanding] = field(default_factory=dict)


class DialogueStates(ABC):
    """Reads what the dialogue engine has kept of a conversation."""

    @abstractmethod
    async def read(self, conversation_id: str) -> DialogueState:
        """From its tracker window. Raises UnreadableEntry."""


class Desk(ABC):
    """What members of staff do with conversations, at whichever desk.

    Every method raises HandoffRefused where it can't be done, with a reason and a sentence:
    `taken` (another one was faster; the text names them), `not_yours`, `full` (over the capacity),
    `not_possible` (the state has moved on), `unknown`, `empty`, `too_long`.
    """

    @abstractmethod
    async def find(self, handoff_id: str) -> Handoff:
        """As it stands."""

    @abstractmethod
    async def of_conversation(self, conversation_id: str) -> Handoff | None:
        """The open handoff of a conversation, else None."""

    @abstractmethod
    async def claim(self, handoff_id: str, by: Agent) -> Handoff:
        """Take it out of the queue. Of two who do at once, one gets it and the other is told."""

    @abstractmethod
    async def claim_next(self, by: Agent) -> Handoff | None:
        """Take the one that has waited longest among those of their teams, or None."""

    @abstractmethod
    async def take_over(self, conversation_id: str, by: Agent) -> Handoff:
        """Take a conversation unasked, from the bot or out of the queue."""

    @abstractmethod
    async def transfer(
        self, handoff_id: str, by: Agent, *, to: str | None, team: str | None, note: str | None
    ) -> Handoff:
        """Give it to another account, or into a team's queue, with a note for them alone."""

    @abstractmethod
    async def assign(self, handoff_id: str, by: Agent, to: str) -> Handoff:
        """A supervisor gives it to an account, whoever has it, whatever their capacity."""

    @abstractmethod
    async def say(self, handoff_id: str, by: Agent, content: Content, message_id: str) -> None:
        """Say something to the customer. `message_id` makes it once."""

    @abstractmethod
    async def show_typing(self, handoff_id: str, by: Agent) -> None:
        """Show the customer that they are writing."""

    @abstractmethod
    async def add_note(self, handoff_id: str, by: Agent, text: str) -> None:
        """Keep a private note; no customer ever sees it."""

    @abstractmethod
    async def return_to_bot(
        self, handoff_id: str, by: Agent, slots: Mapping[str, Any], note: str | None = None
    ) -> Handoff:
        """Hand the customer back to the bot, with slots set."""

    @abstractmethod
    async def close(
        self, handoff_id: str, by: Agent, *, resolved: bool, note: str | None = None
    ) -> Handoff:
        """Done: the customer is asked for a rating, and the bot is there again."""
