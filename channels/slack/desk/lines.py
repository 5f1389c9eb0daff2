"""What stands in a handoff's thread: the history, what was said, and what was changed. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from slack_sdk.models.blocks import (
    ContextBlock,
    RichTextBlock,
    RichTextElementParts,
    RichTextSectionElement,
    SectionBlock,
)

from bot.model.handoff import Handoff
from bot.model.messages import Author, Utterance
from bot.ports import HandoffLabel
from channels.rendering.markup import Block, Paragraph, Span, as_plain
from channels.rendering.split import shorten, split_blocks, utf16_length
from channels.slack.desk.root import moment, name_of_owner, plain
from channels.slack.desk.shown import Changed, Heard, Spoken
from channels.slack.desk.wording import blocks_of, literally
from channels.slack.desk.words import Words, words_for
from channels.slack.layout import fallback, messages_of
from channels.slack.rich_text import rich_text

Message = tuple[Sequence[Mapping[str, Any]], str]

HISTORY_LINES = 20
# 20 of them, with their names, stay under what Slack takes in one message.
_LINE = 450
_NOTE = 2_500
_TEXT = SectionBlock.text_max_length
_TIME = "{time}"
_BOLD = RichTextElementParts.TextStyle(bold=True)


def spoken_lines(spoken: Spoken | Heard) -> Sequence[Message]:
    """What the customer wrote, or was told, in as few messages as Slack's limits allow."""
    words = words_for(spoken.handoff.language)
    if isinstance(spoken, Heard):
        return _said(words.customer, literally(spoken.text))
    name = spoken.name if spoken.author is Author.STAFF and spoken.name else words.desk
    return _said(name, blocks_of(spoken.content, spoken.handoff.language))


def change_line(changed: Changed, label: HandoffLabel, user: str | None) -> Message:
    """What has happened to the handoff. `user` is the Slack user who has it now: named in the
    thread, they hear of what is written in it.
    """
    words = words_for(changed.handoff.language)
    parts: list[Any] = []
    told = _told(changed, label, words)
    if told:
        if user is not None:
            parts += [RichTextElementParts.User(user_id=user), _text(" ")]
        parts.append(_text(told, RichTextElementParts.TextStyle(italic=True)))
    if changed.note and changed.note.strip():
        note = shorten(changed.note.strip(), _NOTE, utf16_length)
        noted = words.changes["note"].format(note=note)
        parts.append(_text(f"\n📌 {noted}" if parts else f"📌 {noted}"))
    blocks = [_rich(parts or [_text("…")])]
    return blocks, fallback(blocks)


def history_message(handoff: Handoff, said: Sequence[Utterance], label: HandoffLabel) -> Message:
    """What was said before the handoff: its last lines, oldest first, each cut to a readable length."""
    words = words_for(handoff.language)
    before = [utterance for utterance in said if _is_before(utterance, handoff)]
    shown = [
        block
        for utterance in before[-HISTORY_LINES:]
        for block in _history_line(utterance, handoff, label, words)
    ]
    head = words.history if shown else words.no_history
    blocks = [_rich([_text(head, _BOLD)]), *shown]
    if len(before) > HISTORY_LINES:
        left_out = ContextBlock(elements=[plain(words.history_left_out)])
        blocks.append(left_out.to_dict())
    return blocks, fallback(blocks)


def _history_line(
    utterance: Utterance, handoff: Handoff, label: HandoffLabel, words: Words
) -> Iterator[dict[str, Any]]:
    text = as_plain(blocks_of(utterance.content, handoff.language))
    if utterance.author is Author.CUSTOMER and utterance.content.kind == "text":
        # A customer's words are no markup.
        text = getattr(utterance.content, "text", "")
    text = shorten(text.strip(), _LINE, utf16_length)
    if not text:
        return
    name = {
        Author.CUSTOMER: label.customer or words.customer,
        Author.BOT: words.bot,
        Author.STAFF: utterance.name or words.desk,
    }[utterance.author]
    yield _rich(
        [
            moment(utterance.at, _TIME),
            _text(f" {shorten(name, 80, utf16_length)}: ", _BOLD),
            _text(text),
        ]
    )


def _is_before(utterance: Utterance, handoff: Handoff) -> bool:
    """What comes later has a line of its own in the thread."""
    begun_in = _order(handoff.id[1:]) if handoff.id.startswith("t") else None
    order = _order(utterance.turn_id)
    if begun_in is not None and order is not None:
        return order <= begun_in
    return utterance.at <= handoff.requested_at


def _order(turn_id: str) -> tuple[int, int] | None:
    """By which turns of one conversation can be ordered; None for what is no turn's name."""
    partition, _, rest = turn_id.partition("-")
    at, _, number = rest.partition("-")
    if not all(part.isascii() and part.isdecimal() for part in (partition, at, number)):
        return None
    # What the desk says has a name of that form too, at no time.
    return (int(at), int(number)) if int(at) else None


def _said(name: str, said: Sequence[Block]) -> Sequence[Message]:
    head = Span(f"{shorten(name, 80, utf16_length)}: ", bold=True)
    match said:
        case ():
            blocks: tuple[Block, ...] = (Paragraph((head, Span("…"))),)
        case (Paragraph() as first, *rest):
            blocks = (Paragraph((head, *first.spans)), *rest)
        case _:
            blocks = (Paragraph((head,)), *said)
    groups = split_blocks(blocks, _TEXT, utf16_length)
    return [
        (message, fallback(message))
        for message in messages_of([rich_text(group).to_dict() for group in groups])
    ]


def _told(changed: Changed, label: HandoffLabel, words: Words) -> str:
    if changed.change in ("begun", "other"):
        return ""
    change: str = changed.change
    if change == "requeued" and label.team:
        change = "requeued_team"
    return words.changes[change].format(
        name=name_of_owner(changed.handoff),
        team=shorten(label.team or "…", 80, utf16_length),
        rating=changed.handoff.rating,
    )


def _text(text: str, style: Any = None) -> RichTextElementParts.Text:
    return RichTextElementParts.Text(text=text, style=style)


def _rich(parts: Sequence[Any]) -> dict[str, Any]:
    block: dict[str, Any] = RichTextBlock(
        elements=[RichTextSectionElement(elements=list(parts))]
    ).to_dict()
    return block
