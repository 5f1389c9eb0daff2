"""What a ticket is, as plain data."""

from __future__ import annotations

import hashlib
import textwrap
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

MAX_SUBJECT = 100
# What Zendesk takes in one comment is the least: 64 kB, and a character has at most four bytes.
MAX_TEXT = 15_000


class TicketState(str, Enum):
    """How far a ticket has come, in the words that all ticket systems share."""

    NEW = "new"
    OPEN = "open"
    WAITING = "waiting"
    CLOSED = "closed"


@dataclass(frozen=True)
class Link:
    """A conversation and the person in it, as far as known. `channel` is the one they wrote in."""

    conversation: str
    channel: str | None = None
    person: str | None = None

    @property
    def key(self) -> str:
        """The conversation in 32 hex digits that do not give its id away."""
        return conversation_key(self.conversation)


def conversation_key(conversation: str) -> str:
    """32 hex digits that stand for a conversation."""
    return hashlib.sha256(conversation.encode()).hexdigest()[:32]


@dataclass(frozen=True)
class TicketDraft:
    """A ticket to be opened: what the customer wrote, as it is; markup in it is text.

    `email` is where the ticket system answers. `language` is `en` or `nb`. Raises ValueError for a
    text that is empty or longer than MAX_TEXT, or an address that can be none.
    """

    text: str
    email: str
    link: Link
    order_number: str | None = None
    language: str = "en"
    subject: str = field(init=False)

    def __post_init__(self) -> None:
        if not self.text.strip() or len(self.text) > MAX_TEXT:
            raise ValueError(f"a ticket's text has 1 to {MAX_TEXT} characters")
        if "@" not in self.email or any(character.isspace() for character in self.email):
            raise ValueError("a ticket needs the customer's e-mail address")
        object.__setattr__(self, "text", storable(self.text))
        object.__setattr__(self, "subject", subject_of(self.text))


@dataclass(frozen=True)
class Ticket:
    """A ticket of the system. `id` is the system's own, `number` what people call it."""

    id: str
    number: str
    state: TicketState
    subject: str
    updated_at: datetime


def storable(text: str) -> str:
    """`text` without what databases and JSON refuse: NUL, and halves of characters."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def subject_of(text: str) -> str:
    """The beginning of `text` in one line of at most MAX_SUBJECT characters."""
    short = textwrap.shorten(text, MAX_SUBJECT, placeholder=" …")
    # One long word alone would leave nothing.
    return short if short.strip(" …") else f"{text.strip()[: MAX_SUBJECT - 1]}…"
