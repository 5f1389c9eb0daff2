"""What a channel can show by itself, as plain numbers."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from channels.rendering.markup import as_plain
from channels.rendering.split import Length, Rendered

NO_LIMIT = sys.maxsize


@dataclass(frozen=True)
class Abilities:
    """Which kinds of content a channel shows natively, and within which limits.

    `kinds` are the contents' `kind`s. All lengths are counted by `length`, the platform's unit;
    a text with the small markup in the form that `rendered` gives it (plain words by default).
    A limit matters only where the kind that it belongs to is native.
    """

    kinds: frozenset[str]
    text: int = NO_LIMIT
    length: Length = len
    rendered: Rendered = as_plain
    # buttons: how many under a text, how long their titles, how long the text over them
    buttons: int = NO_LIMIT
    button_title: int = NO_LIMIT
    buttons_text: int = NO_LIMIT
    # whether a button may open a page
    url_buttons: bool = True
    # whether the platform takes an address for a button's page, a picture, a file or a card's page;
    # any other is written out, since many refuse the whole message for it
    opens: Callable[[str], bool] = bool
    # quick replies
    quick_replies: int = NO_LIMIT
    reply_title: int = NO_LIMIT
    # a card, alone or in a carousel, and how many cards a carousel has
    card_title: int = NO_LIMIT
    card_subtitle: int = NO_LIMIT
    card_facts: int = NO_LIMIT
    card_buttons: int = NO_LIMIT
    cards: int = NO_LIMIT
    # a list choice
    options: int = NO_LIMIT
    option_title: int = NO_LIMIT
    option_description: int = NO_LIMIT
    # the text over a list choice, a date, a request or a rating, and that of a file
    prompt: int = NO_LIMIT
    # what a request may ask for
    requests: frozenset[str] = frozenset({"location", "phone", "email"})
    # a rating's highest number of points
    scale: int = NO_LIMIT

    def all_fit(self, words: Iterable[str], limit: int) -> bool:
        """Whether each of the plain words is within a limit, and none is empty."""
        return all(word.strip() and self.length(word) <= limit for word in words)
