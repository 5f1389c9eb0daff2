from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from bench.answers import Verdict
from bench.audit import Asked, audit
from bot.model.content import Text
from bot.model.messages import Author, Utterance


def line(cursor: int, id_: str, author: Author, text: str, turn: str) -> Utterance:
    return Utterance(
        cursor=f"{cursor}-0",
        id=id_,
        author=author,
        content=Text(text),
        channel="rest",
        turn_id=turn,
        at=float(cursor),
    )


class Case:
    """Two turns as they should be; the tests spoil one thing each."""

    def __init__(self) -> None:
        self.asked = [
            Asked("hi", "s-0", Verdict.RIGHT, [{"text": "Hello"}], tries=1),
            Asked("bye", "s-1", Verdict.RIGHT, [{"text": "Goodbye"}], tries=2),
        ]
        self.transcript = [
            line(1, "s-0", Author.CUSTOMER, "hi", "t1"),
            line(2, "t1/0", Author.BOT, "Hello", "t1"),
            line(3, "s-1", Author.CUSTOMER, "bye", "t2"),
            line(4, "t2/0", Author.BOT, "Goodbye", "t2"),
        ]
        self.texts: list[str | None] = ["hi", "bye"]
        self.shown: list[list[dict[str, Any]]] = [[{"text": "Hello"}], [{"text": "Goodbye"}]]

    def kinds(self) -> set[str]:
        faults = audit("s", self.asked, self.transcript, self.texts, self.shown)
        assert all(fault.conversation == "s" for fault in faults)
        return {fault.kind for fault in faults}


@pytest.fixture
def case() -> Case:
    return Case()


def test_a_sound_conversation_has_no_faults(case: Case) -> None:
    assert case.kinds() == set()


def test_a_message_without_an_answer_is_lost(case: Case) -> None:
    case.asked[1].verdict = Verdict.ERROR
    case.asked[1].problems.append("HTTP 504")
    assert case.kinds() == {"lost"}


def test_a_wrong_answer_is_seen(case: Case) -> None:
    case.asked[0].verdict = Verdict.WRONG
    assert case.kinds() == {"answer"}


def test_a_message_that_is_not_stored_is_lost(case: Case) -> None:
    del case.transcript[2:]
    assert case.kinds() == {"lost"}


def test_an_answer_that_is_not_stored_is_lost(case: Case) -> None:
    del case.transcript[3]
    assert case.kinds() == {"lost"}


def test_a_message_stored_twice_is_seen(case: Case) -> None:
    case.transcript.append(line(5, "s-1", Author.CUSTOMER, "bye", "t3"))
    case.transcript.append(line(6, "t3/0", Author.BOT, "Goodbye", "t3"))
    assert case.kinds() == {"duplicate"}


def test_an_answer_given_twice_is_seen(case: Case) -> None:
    case.transcript.insert(2, dataclasses.replace(case.transcript[1], cursor="2-1"))
    assert case.kinds() == {"duplicate"}


def test_a_message_that_was_never_sent_is_seen(case: Case) -> None:
    case.transcript.append(line(5, "else", Author.CUSTOMER, "what", "t3"))
    case.transcript.append(line(6, "t3/0", Author.BOT, "What", "t3"))
    assert case.kinds() == {"duplicate"}


def test_turns_in_another_order_are_seen(case: Case) -> None:
    case.transcript = [*case.transcript[2:], *case.transcript[:2]]
    assert case.kinds() == {"order"}


def test_interleaved_turns_are_seen(case: Case) -> None:
    first, answer, second, last = case.transcript
    case.transcript = [first, second, answer, last]
    assert "order" in case.kinds()


def test_answers_in_another_order_are_seen(case: Case) -> None:
    case.transcript.append(line(5, "t2/2", Author.BOT, "And more", "t2"))
    assert case.kinds() == {"order"}


def test_another_answer_than_the_stored_one_is_seen(case: Case) -> None:
    case.shown[1] = [{"text": "See you"}]
    assert case.kinds() == {"answer"}


@pytest.mark.parametrize("texts", [["hi"], ["hi", "bye", "bye"], ["bye", "hi"], []])
def test_a_tracker_that_differs_is_seen(case: Case, texts: list[str | None]) -> None:
    case.texts = texts
    assert case.kinds() == {"tracker"}
