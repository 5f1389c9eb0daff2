"""Checks a conversation after the fact: everything that was said is there, once, in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from bench.answers import Verdict
from bot.model.messages import Author, Utterance


@dataclass
class Asked:
    """One message of a customer: what was sent, under which key, and what came back.

    `tries` counts requests; `waited` is in seconds, from the first request to the answer.
    """

    text: str
    key: str
    verdict: Verdict = Verdict.ERROR
    messages: Sequence[Mapping[str, Any]] = ()
    tries: int = 0
    waited: float = 0.0
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Fault:
    """Something that must not be. `kind`: lost, duplicate, order, answer or tracker."""

    kind: str
    conversation: str
    what: str


def audit(
    name: str,
    asked: Sequence[Asked],
    transcript: Sequence[Utterance],
    tracker_texts: Sequence[str | None],
    shown: Sequence[Sequence[Mapping[str, Any]]],
) -> list[Fault]:
    """Compare what a customer saw with what is stored.

    `tracker_texts` are the texts of the tracker's user events, oldest first. `shown[i]` is what
    the REST channel makes of the i-th turn in the transcript.
    """
    return [
        *(Fault(kind, name, what) for kind, what in _customer(asked)),
        *(Fault(kind, name, what) for kind, what in _transcript(asked, transcript)),
        *(Fault(kind, name, what) for kind, what in _same_answers(asked, shown)),
        *(Fault(kind, name, what) for kind, what in _tracker(asked, tracker_texts)),
    ]


def turns(transcript: Sequence[Utterance]) -> list[list[Utterance]]:
    """The transcript's lines, split where the turn changes."""
    return [list(lines) for _, lines in groupby(transcript, key=lambda line: line.turn_id)]


def _customer(asked: Sequence[Asked]) -> Iterator[tuple[str, str]]:
    for one in asked:
        if one.verdict is Verdict.ERROR:
            why = one.problems[-1] if one.problems else "never sent"
            yield "lost", f"{one.text!r} got no answer: {why}"
        elif one.verdict is not Verdict.RIGHT:
            texts = [message.get("text") for message in one.messages]
            yield "answer", f"{one.text!r} got {texts} ({one.verdict.value})"


def _transcript(
    asked: Sequence[Asked], transcript: Sequence[Utterance]
) -> Iterator[tuple[str, str]]:
    said = [line.id for line in transcript if line.author is Author.CUSTOMER]
    keys = [one.key for one in asked]
    for one in asked:
        count = said.count(one.key)
        if count == 0 and one.tries:
            yield "lost", f"{one.text!r} is not in the transcript"
        elif count > 1:
            yield "duplicate", f"{one.text!r} is {count} times in the transcript"
    if sorted(said) == sorted(keys) and said != keys:
        yield "order", f"sent as {keys}, stored as {said}"
    for stranger in sorted(set(said) - set(keys)):
        yield "duplicate", f"the transcript has a message that was never sent: {stranger}"
    blocks = turns(transcript)
    if len({block[0].turn_id for block in blocks}) != len(blocks):
        yield "order", "turns are interleaved"
    for block in blocks:
        yield from _turn(block)


def _turn(block: Sequence[Utterance]) -> Iterator[tuple[str, str]]:
    first, *rest = block
    if first.author is not Author.CUSTOMER:
        yield "order", f"the turn {first.turn_id} begins with an answer"
        return
    ids = [line.id for line in rest]
    if not ids:
        yield "lost", f"the message {first.id} has no answer in the transcript"
    if len(set(ids)) != len(ids) or any(line.author is not Author.BOT for line in rest):
        yield "duplicate", f"the message {first.id} has the answers {ids}"
    elif ids != [f"{first.turn_id}/{position}" for position in range(len(ids))]:
        yield "order", f"the message {first.id} has the answers {ids}"


def _same_answers(
    asked: Sequence[Asked], shown: Sequence[Sequence[Mapping[str, Any]]]
) -> Iterator[tuple[str, str]]:
    for one, stored in zip(asked, shown, strict=False):
        if one.verdict is not Verdict.ERROR and list(one.messages) != list(stored):
            yield "answer", f"{one.text!r} was answered otherwise than the transcript says"


def _tracker(asked: Sequence[Asked], texts: Sequence[str | None]) -> Iterator[tuple[str, str]]:
    wanted = [one.text for one in asked]
    if list(texts) != wanted:
        yield "tracker", f"sent {wanted}, but the tracker has {list(texts)}"
