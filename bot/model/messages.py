"""Messages on their way: Inbound from a customer, Outbound to one, Utterance in the transcript."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any

from bot.errors import UnreadableEntry
from bot.model.content import (
    Attachment,
    Content,
    Shared,
    Text,
    content_from_dict,
    content_to_dict,
    read_part,
)
from bot.model.handoff import HandBack

# What the bot reads where a customer sent something along and no words.
SHARE_ATTACHMENT = "/share_attachment"
SHARE_LOCATION = "/share_location"


@dataclass(frozen=True)
class Inbound:
    """A customer's message, as its channel's adapter parsed it.

    `event_id` is the channel's own id of the event: two Inbound of one channel and conversation
    with the same `event_id` are one message. `text` is what people read; `payload` is what a
    pressed button stands for (`/order_status`), and then it is what the bot reads.
    `sender` is where an answer goes: the channel's address of the chat, such as a page-scoped id.
    `received_at` is in seconds since the epoch. `hand_back`: it is no message but the desk's word
    that the bot has the floor again.
    """

    channel: str
    sender: str
    conversation_id: str
    event_id: str
    text: str
    received_at: float
    payload: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    attachments: tuple[Attachment, ...] = ()
    hand_back: HandBack | None = None

    @property
    def command(self) -> str | None:
        """What the dialogue engine takes as it stands; None where it has to understand words."""
        if self.payload is not None or self.text.strip() or not self.attachments:
            return self.payload
        first = self.attachments[0]
        if first.kind == "location":
            return f'{SHARE_LOCATION}{{"location": "{first.latitude},{first.longitude}"}}'
        return SHARE_ATTACHMENT

    @property
    def for_bot(self) -> str:
        """What the dialogue engine reads."""
        return self.text if self.command is None else self.command

    @property
    def content(self) -> Content:
        """The message as the transcript shows it."""
        return Shared(self.text, self.attachments) if self.attachments else Text(self.text)

    def to_json(self) -> str:
        """One line of JSON, read back by `from_json`."""
        data = {
            **self.__dict__,
            "attachments": [asdict(item) for item in self.attachments],
            "hand_back": None if self.hand_back is None else asdict(self.hand_back),
        }
        return json.dumps(data, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, raw: str | bytes) -> Inbound:
        """Raises UnreadableEntry."""
        data = _json_object(raw)
        try:
            message: Inbound = cls(
                **{
                    **data,
                    "attachments": tuple(
                        read_part(Attachment, item) for item in data.get("attachments", ())
                    ),
                    "hand_back": HandBack(**given) if (given := data.get("hand_back")) else None,
                }
            )
        except (TypeError, AttributeError) as error:
            raise UnreadableEntry(f"inbound message: {error}") from error
        strings = (message.channel, message.sender, message.conversation_id, message.event_id)
        if not all(isinstance(value, str) for value in (*strings, message.text)):
            raise UnreadableEntry("inbound message: a field that must be text is not")
        return message


class Author(str, Enum):
    """Who wrote an utterance."""

    CUSTOMER = "customer"
    BOT = "bot"
    STAFF = "staff"


@dataclass(frozen=True)
class Outbound:
    """One message to a customer.

    `turn_id` is the inbox entry it answers, `position` counts its answers from 0. `recipient` is the
    `sender` of the message that it answers, `asked_at` when that came, in seconds since the epoch:
    some platforms close a conversation some time after the customer's last word. `language` is the
    customer's, such as `nb`, for the few words that a channel adds itself. `name` is the name of the
    member of staff who wrote it, for channels that show it.
    """

    channel: str
    recipient: str
    conversation_id: str
    turn_id: str
    position: int
    content: Content
    asked_at: float
    language: str | None = None
    author: Author = Author.BOT
    name: str | None = None

    @property
    def id(self) -> str:
        """Its name, the same as its utterance's in the transcript."""
        return f"{self.turn_id}/{self.position}"

    def to_json(self) -> str:
        """One line of JSON, read back by `from_json`."""
        data = {
            **self.__dict__,
            "content": content_to_dict(self.content),
            "author": self.author.value,
        }
        return json.dumps(data, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, raw: str | bytes) -> Outbound:
        """Raises UnreadableEntry."""
        data = _json_object(raw)
        try:
            data["content"] = content_from_dict(data["content"])
            data["author"] = Author(data["author"])
            return cls(**data)
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            raise UnreadableEntry(f"outbound message: {error}") from error


@dataclass(frozen=True)
class Utterance:
    """A line of a conversation's transcript, as every channel and the console show it.

    `cursor` orders a conversation's utterances: ask for those after it to go on where you were.
    `id` is the channel's event id for a customer's, `{turn_id}/{position}` for the bot's and the
    desk's.
    `at` is in seconds since the epoch. `name` is the member of staff's who wrote it.
    """

    cursor: str
    id: str
    author: Author
    content: Content
    channel: str
    turn_id: str
    at: float
    name: str | None = None


def _json_object(raw: str | bytes) -> dict[str, Any]:
    try:
        data = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise UnreadableEntry(f"not JSON: {error}") from error
    if not isinstance(data, dict):
        raise UnreadableEntry("not a JSON object")
    return data
