"""What people read of each kind of content, as plain text to be searched."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from bot.model.content import (
    Attachment,
    Buttons,
    Card,
    Carousel,
    Content,
    Custom,
    DateChoice,
    File,
    Image,
    ListChoice,
    QuickReplies,
    Rating,
    Request,
    Shared,
    Text,
    Typing,
)


def text_of(content: Content) -> str:
    """One line for each part that is read on its own: words, titles, choices, names of files.

    Addresses and payloads are not read by anybody, so they are left out. In Unicode's composed
    form, without what no database takes; empty where there is nothing to read.
    """
    lines = (_storable(line).strip() for line in _lines(content))
    return "\n".join(line for line in lines if line)


def _storable(text: str) -> str:
    # PostgreSQL takes no NUL, and UTF-8 no half of a surrogate pair.
    whole = text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
    return unicodedata.normalize("NFC", whole)


def _lines(content: Content) -> Iterable[str]:
    match content:
        case Text(text) | DateChoice(text) | Request(text) | Rating(text):
            return [text]
        case Buttons(text, choices) | QuickReplies(text, choices):
            return [text, *(choice.title for choice in choices)]
        case ListChoice(text, options):
            return [
                text,
                *(part for option in options for part in (option.title, option.description)),
            ]
        case Image():
            return [content.alt]
        case File():
            return [content.text, content.name]
        case Shared():
            return [content.text, *map(_attached, content.attachments)]
        case Card():
            return _card(content)
        case Carousel(cards):
            return [line for card in cards for line in _card(card)]
        case Typing() | Custom():
            return []


def _card(card: Card) -> list[str]:
    return [
        card.title,
        card.subtitle,
        *(f"{fact.label}: {fact.value}" for fact in card.facts),
        *(button.title for button in card.buttons),
    ]


def _attached(attachment: Attachment) -> str:
    return attachment.name or f"[{attachment.kind}]"
