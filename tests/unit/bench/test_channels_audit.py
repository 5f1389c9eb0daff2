from __future__ import annotations

from typing import Any

import pytest

from bench.channels_audit import Limit, broken, compare, received
from bot.model.content import Text
from bot.model.messages import Author, Utterance


def kinds(expected: str, taken: str) -> list[str]:
    return [fault.kind for fault in compare(list(expected), list(taken), "c").faults]


@pytest.mark.parametrize(
    ("expected", "taken", "twice", "faults"),
    [
        ("abc", "abc", 0, []),
        ("", "", 0, []),
        ("abc", "abbc", 1, []),
        ("abc", "abcc", 1, []),
        ("aab", "aab", 0, []),
        ("aab", "aaab", 1, []),
        ("abc", "ab", 0, ["lost"]),
        ("abc", "", 0, ["lost", "lost", "lost"]),
        ("abc", "acb", 0, ["order", "order"]),
        ("abc", "ac", 0, ["order"]),
        ("abc", "abxc", 0, ["order"]),
        ("abc", "abca", 0, ["order"]),
    ],
)
def test_what_was_taken_beside_what_was_expected(
    expected: str, taken: str, twice: int, faults: list[str]
) -> None:
    assert compare(list(expected), list(taken), "c").twice == twice
    assert kinds(expected, taken) == faults


def line(number: int, author: Author, turn: str, name: str) -> Utterance:
    return Utterance(str(number), name, author, Text(name), "slack", turn, 0.0)


def stored(*lines: tuple[Author, str, str]) -> list[Utterance]:
    return [line(number, *each) for number, each in enumerate(lines)]


ASKED, ANSWERED = Author.CUSTOMER, Author.BOT


def test_a_customer_may_write_before_the_answer_comes() -> None:
    transcript = stored(
        (ASKED, "t1", "e1"),
        (ASKED, "t2", "e2"),
        (ANSWERED, "t1", "t1/0"),
        (ANSWERED, "t2", "t2/0"),
    )
    assert received(transcript, ["e1", "e2"], "c") == []


@pytest.mark.parametrize(
    ("lines", "kind"),
    [
        ([(ASKED, "t1", "e1"), (ANSWERED, "t1", "t1/0")], "lost"),
        (
            [
                (ASKED, "t1", "e2"),
                (ANSWERED, "t1", "t1/0"),
                (ASKED, "t2", "e1"),
                (ANSWERED, "t2", "t2/0"),
            ],
            "order",
        ),
        (
            [
                (ASKED, "t1", "e1"),
                (ANSWERED, "t1", "t1/0"),
                (ASKED, "t2", "e1"),
                (ANSWERED, "t2", "t2/0"),
                (ASKED, "t3", "e2"),
                (ANSWERED, "t3", "t3/0"),
            ],
            "duplicate",
        ),
        ([(ASKED, "t1", "e1"), (ANSWERED, "t1", "t1/0"), (ASKED, "t2", "e2")], "lost"),
    ],
    ids=["missing", "out of order", "twice", "not answered"],
)
def test_what_is_wrong_with_a_transcript(lines: list[Any], kind: str) -> None:
    faults = received(stored(*lines), ["e1", "e2"], "c")
    assert [fault.kind for fault in faults] == [kind]


PER_CHAT = Limit("1 a second in a chat", 1, 1.0, per_chat=True)
OVERALL = Limit("3 a second over all", 3, 1.0, per_chat=False)


@pytest.mark.parametrize(
    ("moments", "chat", "overall"),
    [
        ({"a": [0.0, 1.0, 2.0]}, 0, 0),
        ({"a": [0.0, 0.999]}, 1, 0),
        ({"a": [0.0], "b": [0.1], "c": [0.2]}, 0, 0),
        ({"a": [0.0], "b": [0.1], "c": [0.2], "d": [0.3]}, 0, 1),
        ({"a": [0.0], "b": [0.1], "c": [0.2], "d": [1.0]}, 0, 0),
        ({"a": [0.0, 0.5, 0.6, 0.7]}, 3, 1),
    ],
)
def test_rates_by_the_platform_s_own_clock(
    moments: dict[str, list[float]], chat: int, overall: int
) -> None:
    taken = {address: [{"at": at} for at in times] for address, times in moments.items()}
    assert broken([PER_CHAT, OVERALL], taken) == {PER_CHAT.name: chat, OVERALL.name: overall}
