"""A person's name over what they write, in channels where all that is sent looks alike. Pure."""

from __future__ import annotations

import re
from dataclasses import replace

from bot.model.content import (
    Buttons,
    Content,
    DateChoice,
    File,
    ListChoice,
    QuickReplies,
    Rating,
    Request,
    Text,
)
from bot.model.messages import Author, Outbound

# They would be read as the small markup, which knows no way to quote them.
_MARKS = re.compile(r"[*`\[\]\s]+")


def signed(message: Outbound) -> Content:
    """The message's content, with the name of the member of staff who wrote it over its words.

    The bot's is as it is, and so is what has no words of its own: a picture, a card.
    """
    content = message.content
    name = _MARKS.sub(" ", message.name or "").strip()
    if message.author is not Author.STAFF or not name:
        return content
    if isinstance(
        content,
        (Text, Buttons, QuickReplies, File, ListChoice, DateChoice, Request, Rating),
    ):
        # On a line of its own, so that a list that follows stays one.
        return replace(content, text=f"**{name}:**\n{content.text}".rstrip("\n"))
    return content
