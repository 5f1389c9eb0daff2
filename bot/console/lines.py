"""A conversation's history as staff see it: what was said, what happened, what was noted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from bot.archive.search import Line as KeptLine
from bot.console.titles import STEPS
from bot.handoff.lines import EventLine, History, Note
from bot.model.content import Content, Custom, Text
from bot.model.handoff import Step
from bot.model.messages import Author, Utterance
from bot.ports import Understanding

Kind = Literal["customer", "bot", "staff", "event", "note"]

_KINDS: Mapping[Author, Kind] = {
    Author.CUSTOMER: "customer",
    Author.BOT: "bot",
    Author.STAFF: "staff",
}
# What cannot be shown as a sentence about somebody who is not named.
_NAMELESS: Mapping[str, str] = {
    Step.CLAIM.value: STEPS["taken"],
    Step.TAKE_OVER.value: STEPS["taken"],
    Step.ASSIGN.value: STEPS["assigned"],
    Step.TRANSFER.value: STEPS["assigned"],
    Step.REQUEUE.value: STEPS["requeued"],
}


@dataclass(frozen=True)
class Line:
    """One line. `key` names it on the page, once; `at` is in seconds since the epoch.

    `content` is what was said. `text` is a note; for an event a text to translate, with `values` to
    put in. `name` is who said or noted it; `id` is the customer's event id.
    """

    key: str
    kind: Kind
    at: float
    content: Content | None = None
    text: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    name: str | None = None
    channel: str | None = None
    id: str = ""
    understanding: Understanding | None = None


def of_transcript(said: Iterable[Utterance]) -> Sequence[Line]:
    """What was said; payloads for programs alone are left out."""
    return [
        Line(
            key=f"u{one.cursor}",
            kind=_KINDS[one.author],
            at=one.at,
            content=one.content,
            name=one.name,
            channel=one.channel,
            id=one.id,
        )
        for one in said
        if not isinstance(one.content, Custom)
    ]


def of_archive(kept: Iterable[KeptLine]) -> Sequence[Line]:
    """What was said before, of which the record has the words."""
    return [
        Line(
            key=f"u{one.cursor}",
            kind=_KINDS[one.author],
            at=one.at.timestamp(),
            content=Text(one.text),
            name=one.name,
            channel=one.channel,
        )
        for one in kept
        if one.text
    ]


def of_desk(history: History) -> Sequence[Line]:
    """What happened at the desk, with the notes that were left."""
    lines = [line for event in history.events for line in _of_event(event)]
    return merged(lines, map(_of_note, history.notes))


def merged(*groups: Iterable[Line]) -> Sequence[Line]:
    """All lines, the oldest first, each once."""
    each = {line.key: line for group in groups for line in group}
    return sorted(each.values(), key=lambda line: (line.at, line.key))


def understood(lines: Iterable[Line], known: Mapping[str, Understanding]) -> Sequence[Line]:
    """The lines, the customer's with what the bot made of them."""
    return [
        replace(line, understanding=known.get(line.id)) if line.kind == "customer" else line
        for line in lines
    ]


def _of_event(event: EventLine) -> Iterable[Line]:
    key = f"{event.handoff_id}.{event.version}"
    values = {
        name: value
        for name, value in (("who", event.actor), ("owner", event.owner), ("team", event.team))
        if value is not None
    }
    text = STEPS[event.step]
    if any(f"%({name})s" in text and name not in values for name in ("who", "owner", "team")):
        text = _NAMELESS.get(event.step, STEPS["moved"])
        if "%(owner)s" in text and "owner" not in values:
            text = STEPS["moved"]
    yield Line(f"e{key}", "event", event.at, text=text, values=values)
    if event.note:
        yield Line(f"n{key}", "note", event.at, text=event.note, name=event.actor)


def _of_note(note: Note) -> Line:
    key = f"n{note.handoff_id}.{note.at:.6f}"
    return Line(key, "note", note.at, text=note.text, name=note.author)
