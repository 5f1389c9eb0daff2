"""A thread's first message: who it is about, how it stands, and what can be done. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ConfirmObject,
    ContextBlock,
    HeaderBlock,
    PlainTextObject,
    RichTextBlock,
    RichTextElementParts,
    RichTextSectionElement,
)

from bot.model.handoff import Handoff, State
from bot.ports import HandoffLabel
from channels.rendering.split import shorten, utf16_length
from channels.slack.desk.words import Words, words_for
from channels.slack.layout import fallback

# What the buttons' `action_id` say; no customer's choice begins with the same.
PREFIX = "desk_"
TAKE = f"{PREFIX}take"
GIVE_BACK = f"{PREFIX}return"
CLOSE = f"{PREFIX}close"
OPEN = f"{PREFIX}open"

_NOTE = 1_000
_NAME = 100
# In each reader's own time zone: https://docs.slack.dev/messaging/formatting-message-text/#date-formatting
_MOMENT = "{date_short_pretty} {time}"


def root_of(
    handoff: Handoff, label: HandoffLabel, link: str | None
) -> tuple[Sequence[Mapping[str, Any]], str]:
    """The message's blocks, and its text for those who do not see blocks. `link` opens the
    conversation in the console.
    """
    words = words_for(handoff.language)
    customer = shorten(label.customer or words.customer, _NAME, utf16_length)
    title = words.titled.format(customer=customer, channel=handoff.channel.capitalize())
    blocks = [
        HeaderBlock(text=plain(title)),
        RichTextBlock(elements=[_facts(handoff, label, words)]),
        *_actions(handoff, words, link),
        ContextBlock(elements=[plain(_how(handoff, words))]),
    ]
    made = [block.to_dict() for block in blocks]
    return made, fallback(made[:2])


def state_words(handoff: Handoff, words: Words) -> str:
    """How it stands, in a line."""
    if handoff.ended is not None and handoff.ended in words.ends and not handoff.is_open:
        return words.ends[handoff.ended]
    return words.states[handoff.state.value].format(name=name_of_owner(handoff))


def name_of_owner(handoff: Handoff) -> str:
    """The member of staff's who has it."""
    return shorten(handoff.owner.name, _NAME, utf16_length) if handoff.owner is not None else "…"


def plain(text: str) -> PlainTextObject:
    """Words as they are: `:smile:` in somebody's stays what it is."""
    return PlainTextObject(text=text, emoji=False)


def moment(seconds: float, form: str = _MOMENT) -> RichTextElementParts.Date:
    """A time of day, as each reader's Slack shows it."""
    utc = datetime.fromtimestamp(seconds, timezone.utc)
    return RichTextElementParts.Date(
        timestamp=int(seconds), format=form, fallback=f"{utc:%Y-%m-%d %H:%M} UTC"
    )


def _facts(handoff: Handoff, label: HandoffLabel, words: Words) -> RichTextSectionElement:
    bold = RichTextElementParts.TextStyle(bold=True)
    parts: list[Any] = [RichTextElementParts.Text(text=state_words(handoff, words), style=bold)]
    for title, value in _values(handoff, label, words):
        parts.append(RichTextElementParts.Text(text=f"\n{title}: ", style=bold))
        parts.append(RichTextElementParts.Text(text=value) if isinstance(value, str) else value)
    return RichTextSectionElement(elements=parts)


def _values(handoff: Handoff, label: HandoffLabel, words: Words) -> Iterator[tuple[str, Any]]:
    yield words.why, words.causes[handoff.cause.value]
    if handoff.topic:
        yield words.topic, shorten(handoff.topic, _NAME, utf16_length)
    if label.team:
        yield words.team, shorten(label.team, _NAME, utf16_length)
    yield words.language, words.languages.get(handoff.language, handoff.language or "…")
    yield words.since, moment(handoff.waiting_since)
    if handoff.note and handoff.note.strip():
        yield words.note, shorten(handoff.note.strip(), _NOTE, utf16_length)


def _actions(handoff: Handoff, words: Words, link: str | None) -> Iterator[Block]:
    buttons = []
    if handoff.state is State.WAITING:
        buttons.append(_button(TAKE, words.take, handoff, style="primary"))
    elif handoff.state is State.WITH_PERSON:
        buttons.append(_button(GIVE_BACK, words.give_back, handoff, ask=words.give_back_ask))
        buttons.append(_button(CLOSE, words.close, handoff, ask=words.close_ask))
    if link is not None and len(link) <= ButtonElement.url_max_length:
        buttons.append(ButtonElement(text=plain(words.console), action_id=OPEN, url=link))
    if buttons:
        # An updated message is to have new names in it.
        yield ActionsBlock(elements=buttons, block_id=f"{PREFIX}{handoff.id}_{handoff.version}")


def _button(
    action: str, title: str, handoff: Handoff, style: str | None = None, ask: str | None = None
) -> ButtonElement:
    words = words_for(handoff.language)
    confirm = None
    if ask is not None:
        confirm = ConfirmObject(
            title=plain(title), text=plain(ask), confirm=plain(words.yes), deny=plain(words.no)
        )
    return ButtonElement(
        text=plain(title), action_id=action, value=handoff.id, style=style, confirm=confirm
    )


def _how(handoff: Handoff, words: Words) -> str:
    if handoff.state is State.WAITING:
        return words.how_waiting
    if handoff.state is State.WITH_PERSON:
        return words.how_with.format(name=name_of_owner(handoff))
    return words.how_ended
