"""Canned answers: what is refused before any database is asked, and how they are filled in."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import HandoffRefused
from bot.handoff.canned import CannedAnswer, CannedAnswers

ANSWER = CannedAnswer("hilsen", "nb", "Hilsen", "Hei {customer_name}, jeg heter {agent_name}.")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"text": "Hei {customer}"}, r"\{customer\} is no placeholder: use \{customer_name\}, "),
        ({"text": "Hei {customer_name!r}"}, "is no placeholder"),
        ({"text": "Hei {}"}, "is no placeholder"),
        ({"text": "Hei {customer_name"}, "A brace is not closed"),
        ({"text": " "}, "Write a text"),
        ({"title": ""}, "title"),
        ({"shortcut": "a b"}, "shortcut"),
        ({"language": "Norsk"}, "language"),
    ],
)
async def test_what_a_canned_answer_can_not_be(changes: dict[str, str], words: str) -> None:
    answers = CannedAnswers(None)  # type: ignore[arg-type]
    with pytest.raises(HandoffRefused, match=words) as refused:
        await answers.save(replace(ANSWER, **changes))
    assert refused.value.reason == "bad_answer"


def test_what_is_not_known_stays_to_be_seen() -> None:
    answers = CannedAnswers(None)  # type: ignore[arg-type]
    filled = answers.fill(
        "Hei {customer_name}, {order_number} {order_number} {{}}", {"customer_name": "Åse {x}"}
    )
    assert filled.text == "Hei Åse {x}, {order_number} {order_number} {}"
    assert filled.missing == ("order_number",)


@given(st.text(), st.dictionaries(st.sampled_from(["customer_name", "x"]), st.text()))
def test_nothing_that_staff_write_breaks_the_filling(text: str, values: dict[str, str]) -> None:
    filled = CannedAnswers(None).fill(text, values)  # type: ignore[arg-type]
    assert isinstance(filled.text, str)
