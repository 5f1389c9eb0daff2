from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bench.answers import AnswerBook, Step, Verdict
from bench.conversations import CONVERSATIONS, FIRST, GROWING, ORDER_CONVERSATIONS
from bench.errors import ScriptMismatch

ROOT = Path(__file__).resolve().parents[3]
NORWEGIAN = [{"type": "slot", "name": "language", "value": "nb"}]

BOOK = AnswerBook(
    {
        "utter_greet": [{"text": "Hi!"}, {"condition": NORWEGIAN, "text": "Hei!"}],
        "utter_joke": [{"text": "One."}, {"text": "Two."}],
        "utter_order": [
            {"text": "Order {order_number} arrives\non {date}. Thanks (really)."},
            {"condition": NORWEGIAN, "text": "Ordre {order_number} kommer {date}."},
        ],
    }
)
ORDER = Step("0150", ("utter_order",), {"order_number": "10042"})


def said(*texts: str) -> list[dict[str, Any]]:
    return [{"recipient_id": "s", "text": text} for text in texts]


@pytest.mark.parametrize(
    ("step", "language", "texts", "verdict"),
    [
        (Step("hi", ("utter_greet",)), "en", ["Hi!"], Verdict.RIGHT),
        (Step("hei", ("utter_greet",)), "nb", ["Hei!"], Verdict.RIGHT),
        (Step("hei", ("utter_greet",)), "nb", ["Hi!"], Verdict.OTHER_LANGUAGE),
        (Step("joke", ("utter_joke",)), "en", ["Two."], Verdict.RIGHT),
        (Step("hi", ("utter_greet",)), "en", ["One."], Verdict.WRONG),
        (Step("hi", ("utter_greet",)), "en", [], Verdict.WRONG),
        # twice the same answer is not right
        (Step("hi", ("utter_greet",)), "en", ["Hi!", "Hi!"], Verdict.WRONG),
        # something else first is not right, something after it (a card) is
        (Step("hi", ("utter_greet",)), "en", ["Sorry?", "Hi!"], Verdict.WRONG),
        (Step("hi", ("utter_greet",)), "en", ["Hi!", "A card"], Verdict.RIGHT),
        # two answers that belong together, in their order
        (Step("hi", ("utter_greet", "utter_joke")), "en", ["Hi!", "One."], Verdict.RIGHT),
        (Step("hi", ("utter_greet", "utter_joke")), "en", ["One.", "Hi!"], Verdict.WRONG),
        (Step("hi", ("utter_greet", "utter_joke")), "en", ["Hi!"], Verdict.WRONG),
        # variables: the line breaks where it likes, the value must be the one asked for
        (ORDER, "en", ["Order 10042 arrives on 27 November. Thanks (really)."], Verdict.RIGHT),
        (ORDER, "en", ["Order 10042 arrives", "on 3 May. Thanks (really)."], Verdict.RIGHT),
        (ORDER, "en", ["Order 10043 arrives on 3 May. Thanks (really)."], Verdict.WRONG),
        (ORDER, "en", ["Order 10042 arrives on . Thanks (really)."], Verdict.WRONG),
        (ORDER, "en", ["Ordre 10042 kommer 3. mai."], Verdict.OTHER_LANGUAGE),
    ],
)
def test_judges_an_answer(step: Step, language: str, texts: list[str], verdict: Verdict) -> None:
    assert BOOK.judge(step, language, said(*texts)) is verdict


def test_messages_without_text_do_not_disturb() -> None:
    answer = [*said("Hi!"), {"recipient_id": "s", "custom": {"card": {}}}, {"text": None}]
    assert BOOK.judge(Step("hi", ("utter_greet",)), "en", answer) is Verdict.RIGHT


def test_an_unknown_response_is_the_scripts_fault() -> None:
    with pytest.raises(ScriptMismatch, match="utter_nothing"):
        BOOK.judge(Step("hi", ("utter_nothing",)), "en", said("Hi!"))


def test_a_domain_without_responses_is_refused(tmp_path: Path) -> None:
    (tmp_path / "domain.yml").write_text("intents: [greet]\n", encoding="utf-8")
    with pytest.raises(ScriptMismatch, match="no responses"):
        AnswerBook.of_domain(tmp_path / "domain.yml")


@pytest.mark.parametrize("language", ["en", "nb"])
def test_the_scripts_fit_the_projects_domain_in_both_languages(language: str) -> None:
    book = AnswerBook.of_domain(ROOT / "domain.yml")
    conversations = (*CONVERSATIONS, *ORDER_CONVERSATIONS)
    steps = [step for each in conversations if each.language == language for step in each.steps]
    steps += [*GROWING, FIRST] if language == "en" else []
    assert steps
    for step in steps:
        for name in step.expects:
            assert list(book._patterns(name, step.values, language)), (name, language)


def test_a_trial_conversation_has_five_turns() -> None:
    assert [len(each.steps) for each in ORDER_CONVERSATIONS] == [5, 5, 5, 5]
