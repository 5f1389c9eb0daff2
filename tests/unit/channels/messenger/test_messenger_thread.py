from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.messenger.thread import was_taken

KARI = "7345821990432817"
PAGE = "108824017345866"
ASKED = 1_795_514_400.4


def line(by: str, text: str, at: float) -> dict[str, Any]:
    moment = datetime.fromtimestamp(int(ASKED) + at, timezone.utc)
    return {
        "id": f"m_{at}",
        "message": text,
        "created_time": moment.strftime("%Y-%m-%dT%H:%M:%S+0000"),
        "from": {"name": "", "id": by},
    }


def thread(*lines: dict[str, Any]) -> dict[str, Any]:
    """As the platform shows it: the newest first."""
    return {"data": [{"id": "t_1", "messages": {"data": list(reversed(lines))}}]}


QUESTION = line(KARI, "Where is it?", 0)
ANSWER = line(PAGE, "On its way.", 2)


def taken(shown: dict[str, Any], text: str = "On its way.") -> bool | None:
    return was_taken(shown, KARI, text, asked_at=ASKED)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([QUESTION, ANSWER], True),
        ([line(PAGE, "Hello!", -60), QUESTION, ANSWER], True),
        ([QUESTION, line(PAGE, "One moment.", 1), ANSWER], True),
        ([QUESTION], False),
        ([QUESTION, line(PAGE, "One moment.", 1)], False),
        # said before, to another question
        ([line(KARI, "Hi", -90), line(PAGE, "On its way.", -80), QUESTION], False),
        ([], False),
        # once for another question, perhaps
        ([line(KARI, "And?", -1), QUESTION, ANSWER], None),
        ([QUESTION, ANSWER, line(PAGE, "On its way.", 3)], None),
        ([QUESTION, ANSWER, line(PAGE, "Anything else?", 3)], None),
        # the question is not there
        ([ANSWER], None),
        ([line(KARI, "Where is it?", -30), ANSWER], None),
    ],
)
def test_what_a_thread_tells(lines: list[dict[str, Any]], expected: bool | None) -> None:
    assert taken(thread(*lines)) is expected


def test_who_has_no_thread_was_told_nothing() -> None:
    assert taken({"data": []}) is False


def test_a_thread_that_is_not_shown_whole_proves_nothing() -> None:
    newer = [line(PAGE, f"{number}", 10 + number) for number in range(25)]
    assert taken(thread(*newer)) is None
    older = [line(PAGE, "Hello!", -60), *newer[:24]]
    assert taken(thread(*older)) is False


@pytest.mark.parametrize(
    "shown",
    [
        {},
        {"data": "x"},
        {"data": [1]},
        {"data": [{"messages": {}}]},
        thread({**ANSWER, "created_time": "yesterday"}, QUESTION),
        thread({**ANSWER, "from": None}, QUESTION),
        {"data": [{"messages": {"data": [7]}}]},
    ],
)
def test_what_is_not_as_documented_tells_nothing(shown: dict[str, Any]) -> None:
    assert taken(shown) is None


VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["messages", "data", "message", "created_time", "from", "id"]), inner
        )
    ),
    max_leaves=12,
)


@given(st.fixed_dictionaries({"data": VALUE}), st.text(max_size=9))
def test_whatever_it_shows_is_an_answer(shown: dict[str, Any], text: str) -> None:
    assert taken(shown, text) in (True, False, None)
