"""What a content lets the customer choose, and which choice an answer means. Pure functions."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import date, timedelta

from bot.model.content import (
    Button,
    Buttons,
    Card,
    Carousel,
    Content,
    DateChoice,
    ListChoice,
    QuickReplies,
    Rating,
)

DATE = "$date"
RATING = "$rating"
# So many days are choices to be listed; of more, a day has to be named.
MOST_DAYS = 10


def choices_of(content: Content) -> tuple[Button, ...]:
    """The choices with a payload, in the order in which they are shown; a list may number them so.

    A button that has neither payload nor `url` says its own title. A DateChoice with more than
    10 days has too many to be listed here: see `day_chosen`.
    """
    return tuple(
        button if button.payload is not None else Button(button.title, button.title)
        for button in _buttons(content)
        if button.url is None
    )


def choice_with(content: Content, payload: str) -> Button | None:
    """The choice that `payload` stands for, if this content offers it: days within bounds too."""
    for button in choices_of(content):
        if button.payload == payload:
            return button
    if isinstance(content, DateChoice):
        before, found, after = content.payload.partition(DATE)
        day = payload[len(before) : len(payload) - len(after)]
        if found and payload == f"{before}{day}{after}":
            return day_chosen(content, day)
    return None


def day_chosen(content: DateChoice, day: str) -> Button | None:
    """The choice of `day` (YYYY-MM-DD) with its payload; None where it is none or out of bounds."""
    try:
        chosen = date.fromisoformat(day)
        earliest = date.fromisoformat(content.earliest) if content.earliest else date.min
        latest = date.fromisoformat(content.latest) if content.latest else date.max
    except ValueError:
        return None
    if not earliest <= chosen <= latest:
        return None
    return Button(day, content.payload.replace(DATE, day))


def days_of(content: DateChoice) -> tuple[date, ...]:
    """All the days to choose from, where they are bounded on both sides and 10 at most."""
    try:
        earliest = date.fromisoformat(content.earliest or "")
        latest = date.fromisoformat(content.latest or "")
    except ValueError:
        return ()
    count = (latest - earliest).days + 1
    if not 1 <= count <= MOST_DAYS:
        return ()
    return tuple(earliest + timedelta(days=number) for number in range(count))


def rating_choices(content: Rating) -> tuple[Button, ...]:
    """1 to `scale`, each with its payload."""
    return tuple(
        Button(str(points), content.payload.replace(RATING, str(points)))
        for points in range(1, content.scale + 1)
    )


def choice_named(content: Content, words: str) -> Button | None:
    """The choice whose title the words are, however they are written and spaced.

    None where the words may be several choices. On a card of a carousel, `card: title` is one, and
    the card's own title where it has a single choice.
    """
    wanted = _folded(words)
    named = {
        choice.payload: choice
        for title, choice in _titles(content)
        if wanted and _folded(title) == wanted
    }
    return next(iter(named.values())) if len(named) == 1 else None


def choice_numbered(content: Content, words: str) -> Button | None:
    """The choice with that number in a list that counts from 1: `2`, `2.`, `#2` or `(2)`."""
    match = re.fullmatch(r"\s*[#(]?\s*([0-9]{1,3})\s*[.)]?\s*", words, re.ASCII)
    choices = choices_of(content)
    if match is None or not 1 <= int(match[1]) <= len(choices):
        return None
    return choices[int(match[1]) - 1]


def _buttons(content: Content) -> Iterator[Button]:
    if isinstance(content, (Buttons, Card)):
        yield from content.buttons
    elif isinstance(content, QuickReplies):
        yield from content.replies
    elif isinstance(content, Carousel):
        for card in content.cards:
            yield from card.buttons
    elif isinstance(content, ListChoice):
        for option in content.options:
            yield Button(option.title, option.payload)
    elif isinstance(content, Rating):
        yield from rating_choices(content)
    elif isinstance(content, DateChoice):
        for day in days_of(content):
            yield Button(day.isoformat(), content.payload.replace(DATE, day.isoformat()))


def _titles(content: Content) -> Iterator[tuple[str, Button]]:
    for choice in choices_of(content):
        yield choice.title, choice
    if isinstance(content, Carousel):
        for card in content.cards:
            on_card = choices_of(card)
            for choice in on_card:
                yield f"{card.title}: {choice.title}", choice
            if len(on_card) == 1:
                yield card.title, on_card[0]


def _folded(words: str) -> str:
    composed = unicodedata.normalize("NFC", words).casefold()
    return " ".join(composed.split()).rstrip(" .!?…")
