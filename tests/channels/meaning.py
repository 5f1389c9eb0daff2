"""What a content means to whoever reads it, and whether what they are shown means the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.model.choices import choices_of
from bot.model.content import (
    Button,
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
)
from channels.rendering.markup import plain
from tests.channels.base import Choice, Shown, all_words, squashed


def words_of(content: Content) -> list[str]:
    """All that a content has to say, piece by piece, without the marks of the small markup."""
    return [words for words in _words(content) if squashed(words)]


def pages_of(content: Content) -> tuple[Button, ...]:
    """The buttons that open a page."""
    if isinstance(content, (Buttons, Card)):
        return tuple(button for button in content.buttons if button.url is not None)
    if isinstance(content, Carousel):
        return tuple(button for card in content.cards for button in pages_of(card))
    return ()


def lost_words(content: Content, shown: Sequence[Shown]) -> list[str]:
    """The pieces of the content that are not to be read anywhere."""
    readable = all_words(shown)
    return [words for words in words_of(content) if squashed(words) not in readable]


def matching(offered: Button, shown: Sequence[Shown]) -> list[Choice]:
    """What can be pressed for a choice: what carries its title."""
    return [
        choice
        for message in shown
        for choice in message.choices
        if choice.url is None and squashed(choice.title) == squashed(offered.title)
    ]


def since(shown: Sequence[Shown], content: Content) -> Sequence[Shown]:
    """The screen from where the content was shown last; empty where it is not there yet."""
    begin = squashed(next(iter(words_of(content)), ""))
    places = [place for place, message in enumerate(shown) if begin in all_words([message])]
    return shown[places[-1] :] if places else ()


def number_of(content: Content, offered: Button) -> int:
    """The number of a choice where a channel shows them as a numbered list."""
    return choices_of(content).index(offered) + 1


def seen(content: Content) -> Shown:
    """A content as a program shows it that can show everything: each choice can be pressed."""
    choices = [Choice(button.title, button.payload) for button in choices_of(content)]
    choices += [Choice(button.title, url=button.url) for button in pages_of(content)]
    if isinstance(content, DateChoice):
        choices.append(Choice("", content.payload, day=True))
    return Shown("\n".join(words_of(content)), tuple(choices))


def _words(content: Content) -> Iterator[str]:
    if isinstance(content, Text):
        yield plain(content.text)
    elif isinstance(content, (Buttons, QuickReplies, ListChoice, DateChoice, Request, Rating)):
        yield plain(content.text)
        yield from _titles(content)
    elif isinstance(content, Image):
        yield content.alt
        yield content.url
    elif isinstance(content, File):
        yield from (plain(content.text), content.name, content.url)
    elif isinstance(content, Card):
        yield from _card(content)
    elif isinstance(content, Carousel):
        for card in content.cards:
            yield from _card(card)
    elif isinstance(content, Shared):
        yield content.text
    elif isinstance(content, Custom):
        yield from ()


def _titles(content: Content) -> Iterator[str]:
    if isinstance(content, ListChoice):
        for option in content.options:
            yield from (option.title, option.description)
    # Days and points may be named in another way than by their titles.
    elif not isinstance(content, (DateChoice, Rating)):
        yield from (button.title for button in (*choices_of(content), *pages_of(content)))


def _card(card: Card) -> Iterator[str]:
    yield from (plain(card.title), plain(card.subtitle), card.url or "")
    for fact in card.facts:
        yield from (plain(fact.label), plain(fact.value))
    yield from (button.title for button in card.buttons)
