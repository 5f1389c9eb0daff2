"""Where an answer goes in Telegram, as one string. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

CHANNEL = "telegram"

# Telegram's ids have at most 52 significant bits; groups' are negative.
_ADDRESS = re.compile(
    r"(-?[1-9][0-9]{0,15})(?:/([1-9][0-9]{0,15})(?:/([1-9][0-9]{0,15}))?)?", re.ASCII
)


@dataclass(frozen=True)
class Address:
    """A chat; in a group also whom of its members the conversation is with, and the topic.

    Written `<chat>` for a private chat, `<chat>/<user>` or `<chat>/<user>/<topic>` for a group:
    members of one group do not share a conversation.
    """

    chat_id: int
    user_id: int | None = None
    topic_id: int | None = None

    @property
    def is_group(self) -> bool:
        """Whether others read along."""
        return self.user_id is not None

    def __str__(self) -> str:
        parts = (self.chat_id, self.user_id, self.topic_id)
        return "/".join(str(part) for part in parts if part is not None)


def parse_address(text: str) -> Address:
    """The inverse of `str`. Raises ValueError."""
    match = _ADDRESS.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no address of a Telegram chat")
    chat_id, user_id, topic_id = (int(part) if part else None for part in match.groups())
    assert chat_id is not None
    return Address(chat_id, user_id, topic_id)
