"""Contents as messages in Block Kit. Pure. Slack's limits are those of its library's classes."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ContextBlock,
    DatePickerElement,
    HeaderBlock,
    ImageBlock,
    ImageElement,
    Option,
    PlainTextObject,
    SectionBlock,
    StaticSelectElement,
)

from bot.model.choices import rating_choices
from bot.model.content import (
    Button,
    Buttons,
    Card,
    Carousel,
    Content,
    DateChoice,
    Image,
    ListChoice,
    QuickReplies,
    Rating,
    Text,
)
from channels.rendering.abilities import Abilities
from channels.rendering.addresses import is_web_address
from channels.rendering.degrade import simplify
from channels.rendering.markup import Paragraph, Span, parse, plain
from channels.rendering.split import shorten, split_blocks, utf16_length
from channels.rendering.words import day_title
from channels.slack.address import Address
from channels.slack.layout import fallback, messages_of
from channels.slack.presses import ASK, LINK, NO_PAYLOAD, date_action
from channels.slack.rich_text import rich_text
from channels.slack.words import Words, words_for

_TEXT = SectionBlock.text_max_length
_ACTIONS = ActionsBlock.elements_max_length
_LABEL = ButtonElement.text_max_length
_ACTION_ROWS = 4
_ADDRESS = min(ButtonElement.url_max_length, ImageBlock.image_url_max_length)


def _opens(url: str) -> bool:
    return is_web_address(url) and len(url) <= _ADDRESS


ABILITIES = Abilities(
    kinds=frozenset(
        """
        text buttons quick_replies image card carousel list_choice date_choice rating
        """.split()
    ),
    text=_TEXT,
    length=utf16_length,
    buttons=_ACTIONS * _ACTION_ROWS,
    button_title=_LABEL,
    quick_replies=_ACTIONS * _ACTION_ROWS,
    reply_title=_LABEL,
    card_title=HeaderBlock.text_max_length,
    card_subtitle=_TEXT - HeaderBlock.text_max_length - 1,
    card_facts=SectionBlock.fields_max_length,
    card_buttons=_ACTIONS,
    cards=10,
    options=StaticSelectElement.options_max_length,
    option_title=Option.label_max_length,
    option_description=Option.label_max_length,
    scale=_ACTIONS,
    opens=_opens,
)

Message = tuple[Sequence[Mapping[str, Any]], str]


@dataclass(frozen=True)
class _Page:
    """Where and for whom it is rendered; `numbers` make each id of a message its own."""

    address: Address
    language: str | None
    numbers: Iterator[int]

    @property
    def words(self) -> Words:
        return words_for(self.language)

    def row(self) -> str:
        return f"{self.address}|{next(self.numbers)}"

    def action(self, kind: str = ASK) -> str:
        return f"{kind}#{next(self.numbers)}"


def render(
    content: Content, address: Address, language: str | None, command: str
) -> Sequence[Message]:
    """The messages that a content needs, in order: each one's blocks, and its text for those who
    do not see blocks. Empty where Slack shows nothing of it.

    `command` is the slash command's name: what is shown to one member of a channel says how to
    answer. Raises slack_sdk's SlackObjectFormationError for what no rule brings under a limit.
    """
    page = _Page(address, language, itertools.count())
    blocks: list[Block] = []
    for part in simplify(content, ABILITIES, language):
        blocks.extend(_RENDERERS[type(part)](part, page))
    if blocks and address.user is not None:
        note = page.words.private.format(command=command)
        blocks.append(ContextBlock(elements=[_plain(note, _TEXT)]))
    return [
        (group, fallback(group)) for group in messages_of([block.to_dict() for block in blocks])
    ]


# --------------------------------------------------------------------------------- one content


def _text(content: Text, _: _Page) -> Iterator[Block]:
    yield from _words(content.text)


def _buttons(content: Buttons | QuickReplies, page: _Page) -> Iterator[Block]:
    yield from _words(content.text)
    choices = content.buttons if isinstance(content, Buttons) else content.replies
    yield from _rows([_button(choice, page) for choice in choices], page)


def _rating(content: Rating, page: _Page) -> Iterator[Block]:
    yield from _words(content.text)
    scale = content.scale
    buttons = [
        _button(choice, page, page.words.points.format(points=choice.title, scale=scale))
        for choice in rating_choices(content)
    ]
    yield from _rows(buttons, page)


def _list(content: ListChoice, page: _Page) -> Iterator[Block]:
    yield from _words(content.text)
    options = [
        Option(
            text=_plain(option.title, Option.label_max_length),
            value=_value(option.payload, Option.value_max_length),
            description=_plain(option.description, Option.label_max_length)
            if option.description
            else None,
        )
        for option in content.options
    ]
    label = content.label or page.words.choose
    menu = StaticSelectElement(
        placeholder=_plain(label, StaticSelectElement.placeholder_max_length),
        options=options,
        action_id=page.action(),
    )
    yield ActionsBlock(elements=[menu], block_id=page.row())


def _date(content: DateChoice, page: _Page) -> Iterator[Block]:
    if len(date_action(content)) > DatePickerElement.action_id_max_length:
        without = replace(ABILITIES, kinds=ABILITIES.kinds - {DateChoice.kind})
        for part in simplify(content, without, page.language):
            yield from _RENDERERS[type(part)](part, page)
        return
    yield from _words(content.text)
    bounds = [
        words.format(day=_day(day, page.language))
        for words, day in (
            (page.words.earliest, content.earliest),
            (page.words.latest, content.latest),
        )
        if day
    ]
    if bounds:
        # Slack's picker knows no bounds.
        yield ContextBlock(elements=[_plain(" ".join(bounds), _TEXT)])
    # Without a day chosen already: choosing that one would be no choice, and tell nobody.
    picker = DatePickerElement(
        action_id=date_action(content),
        placeholder=_plain(page.words.choose_day, DatePickerElement.placeholder_max_length),
    )
    yield ActionsBlock(elements=[picker], block_id=page.row())


def _image(content: Image, _: _Page) -> Iterator[Block]:
    alt = shorten(content.alt, ImageBlock.alt_text_max_length, utf16_length) or "…"
    yield ImageBlock(image_url=content.url, alt_text=alt)


def _card(content: Card, page: _Page) -> Iterator[Block]:
    title = content.title or plain(content.subtitle)
    subtitle = plain(content.subtitle) if content.title else ""
    if content.image is not None and title:
        yield SectionBlock(
            text=_plain("\n".join(filter(None, (title, subtitle))), _TEXT),
            accessory=ImageElement(image_url=content.image, alt_text=title),
        )
    elif content.image is not None:
        yield ImageBlock(image_url=content.image, alt_text=page.words.open)
    elif title:
        lines = [Span(title, bold=True, url=content.url)]
        if subtitle:
            lines.append(Span(f"\n{subtitle}"))
        yield rich_text([Paragraph(tuple(lines))])
    facts = [Paragraph((Span(f"{f.label}: ", bold=True), Span(f.value))) for f in content.facts]
    joined: list[Span] = []
    for fact in facts:
        joined.extend((Span("\n"), *fact.spans) if joined else fact.spans)
    if joined:
        yield from map(rich_text, split_blocks([Paragraph(tuple(joined))], _TEXT, utf16_length))
    choices = list(content.buttons)
    if content.url is not None and (content.image is not None or not title):
        choices.append(Button(page.words.open, url=content.url))
    yield from _rows([_button(choice, page) for choice in choices], page)


def _carousel(content: Carousel, page: _Page) -> Iterator[Block]:
    for card in content.cards:
        yield from _card(card, page)


_RENDERERS: Mapping[type[Any], Callable[[Any, _Page], Iterator[Block]]] = {
    Text: _text,
    Buttons: _buttons,
    QuickReplies: _buttons,
    Rating: _rating,
    ListChoice: _list,
    DateChoice: _date,
    Image: _image,
    Card: _card,
    Carousel: _carousel,
}


# -------------------------------------------------------------------------------------- pieces


def _words(text: str) -> Iterator[Block]:
    yield from map(rich_text, split_blocks(parse(text), _TEXT, utf16_length))


def _button(choice: Button, page: _Page, label: str | None = None) -> ButtonElement:
    text = _plain(choice.title, _LABEL)
    spoken = label or None
    if choice.url is not None:
        return ButtonElement(text=text, url=choice.url, action_id=page.action(LINK))
    value = (
        None if choice.payload is None else _value(choice.payload, ButtonElement.value_max_length)
    )
    return ButtonElement(
        text=text, value=value, action_id=page.action(), accessibility_label=spoken
    )


def _rows(buttons: Sequence[ButtonElement], page: _Page) -> Iterator[Block]:
    for first in range(0, len(buttons), _ACTIONS):
        yield ActionsBlock(elements=list(buttons[first : first + _ACTIONS]), block_id=page.row())


def _day(day: str, language: str | None) -> str:
    try:
        return day_title(date.fromisoformat(day), language)
    except ValueError:
        return day


def _value(payload: str, limit: int) -> str:
    return payload if payload and utf16_length(payload) <= limit else NO_PAYLOAD


def _plain(text: str, limit: int) -> PlainTextObject:
    # `:smile:` in somebody's words stays what it is.
    return PlainTextObject(text=shorten(text, limit, utf16_length) or "…", emoji=False)
