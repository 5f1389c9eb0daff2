"""What was said, as staff read it: the words of every kind of content. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.model.choices import choices_of
from bot.model.content import (
    Attachment,
    Buttons,
    Card,
    Carousel,
    Content,
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
from channels.rendering.addresses import is_web_address
from channels.rendering.markup import Block, Paragraph, Span, parse
from channels.rendering.words import words_for


def blocks_of(content: Content, language: str | None) -> Sequence[Block]:
    """In the small markup, in which the bot and staff write; what a customer wrote is plain."""
    return tuple(_blocks(content, language))


def literally(text: str) -> Sequence[Block]:
    """Words that are no markup."""
    return (Paragraph((Span(text),)),) if text.strip() else ()


def _blocks(content: Content, language: str | None) -> Iterator[Block]:
    match content:
        case Text():
            yield from parse(content.text)
        case Shared():
            yield from literally(content.text)
            for attachment in content.attachments:
                yield _attachment(attachment, language)
        case Image():
            yield _link(content.alt or words_for(language).picture, content.url)
        case File():
            yield from parse(content.text)
            yield _link(content.name, content.url)
        case Card():
            yield from _card(content)
        case Carousel():
            for card in content.cards:
                yield from _card(card)
        case Buttons() | QuickReplies() | ListChoice() | DateChoice() | Rating() | Request():
            yield from parse(content.text)
            yield from _choices(content)
        case _:
            return


def _card(card: Card) -> Iterator[Block]:
    lines = [Span(card.title, bold=True)] if card.title else []
    for words in (card.subtitle, *(f"{fact.label}: {fact.value}" for fact in card.facts)):
        if words:
            lines.append(Span(f"\n{words}" if lines else words))
    if lines:
        yield Paragraph(tuple(lines))
    yield from _choices(card)


def _choices(content: Content) -> Iterator[Block]:
    titles = [choice.title for choice in choices_of(content)]
    if titles:
        yield Paragraph((Span(" ".join(f"[{title}]" for title in titles), italic=True),))


def _attachment(attachment: Attachment, language: str | None) -> Block:
    words = words_for(language)
    if attachment.kind == "location":
        place = f"{words.location}: {attachment.latitude}, {attachment.longitude}"
        return Paragraph((Span(place),))
    name = attachment.name or (words.picture if attachment.kind == "image" else words.attachment)
    return _link(name, attachment.url)


def _link(title: str, url: str | None) -> Block:
    opens = url is not None and is_web_address(url)
    return Paragraph((Span("📎 "), Span(title, url=url if opens else None)))
