"""Messages on their way: Inbound from a customer, Outbound to one, Utterance in the transcript."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from bot.errors import UnreadableEntry
from bot.model.content import Content, content_from_dict, content_to_dict


@dataclass(frozen=True)
class Inbound:
    """A customer's message, as its channel's adapter parsed it.

    `event_id` is the channel's own id of the event: two Inbound of one channel and conversation
    with the same `event_id` are one message. `text` is what people read; `payload` is what a
    pressed button stands for (`/order_status`), and then it is what the bot reads.
    `received_at` is in seconds since the epoch.
    """

    channel: str
    sender: str
    conversation_id: str
    event_id: str
    text: str
    received_at: float
    payload: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def for_bot(self) -> str:
        """What the dialogue engine reads."""
        return self.payload if self.payload is not None else self.text

    def to_json(self) -> str:
        """One line of JSON, read back by `from_json`."""
        return json.dumps(self.__dict__, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, raw: str | bytes) -> Inbound:
        """Raises UnreadableEntry."""
        data = _json_object(raw)
        try:
            message = cls(**data)
        except TypeError as error:
            raise UnreadableEntry(f"inbound message: {error}") from error
        strings = (message.channel, message.sender, message.conversation_id, message.event_id)
        if not all(isinstance(value, str) for value in (*strings, message.text)):
            raise UnreadableEntry("inbound message: a field that must be text is not")
        return message


@dataclass(frozen=True)
class Outbound:
    """One message to a customer. `turn_id` is the inbox entry it answers, `position` counts from 0."""

    channel: str
    recipient: str
    conversation_id: str
    turn_id: str
    position: int
    content: Content

    def to_json(self) -> str:
        """One line of JSON, read back by `from_json`."""
        data = {**self.__dict__, "content": content_to_dict(self.content)}
        return json.dumps(data, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, raw: str | bytes) -> Outbound:
        """Raises UnreadableEntry."""
        data = _json_object(raw)
        try:
            data["content"] = content_from_dict(data["content"])
            return cls(**data)
        except (TypeError, KeyError, AttributeError) as error:
            raise UnreadableEntry(f"outbound message: {error}") from error


class Author(str, Enum):
    """Who wrote an utterance."""

    CUSTOMER = "customer"
    BOT = "bot"
    STAFF = "staff"


@dataclass(frozen=True)
class Utterance:
    """A line of a conversation's transcript, as every channel and the console show it.

    `cursor` orders a conversation's utterances: ask for those after it to go on where you were.
    `id` is the channel's event id for a customer's, `{turn_id}/{position}` for the bot's.
    `at` is in seconds since the epoch.
    """

    cursor: str
    id: str
    author: Author
    content: Content
    channel: str
    turn_id: str
    at: float


def _json_object(raw: str | bytes) -> dict[str, Any]:
    try:
        data = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise UnreadableEntry(f"not JSON: {error}") from error
    if not isinstance(data, dict):
        raise UnreadableEntry("not a JSON object")
    return data
