"""Which of the offered choices a customer means by typing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model.content import Buttons, Content
from bot.model.turns import TrackerWindow
from bot.pipeline.rasa_choices import chosen_payload, language_of

BUTTONS: dict[str, Any] = {
    "buttons": [
        {"title": "Returns", "payload": "/return_terms"},
        {"title": "Opening hours", "payload": "/opening_hours"},
        {"title": "Terms", "url": "https://a.no"},
    ]
}
DAYS: dict[str, Any] = {
    "custom": {"date": {"payload": "/day$date", "earliest": "2026-11-27", "latest": "2026-12-24"}}
}
FEW_DAYS: dict[str, Any] = {
    "custom": {"date": {"payload": "/day$date", "earliest": "2026-11-27", "latest": "2026-11-29"}}
}
RATING: dict[str, Any] = {"custom": {"rating": {"payload": "/rate$rating"}}}


def bot(text: str | None = "Choose", **data: Any) -> dict[str, Any]:
    return {"event": "bot", "text": text, "data": data, "metadata": {"utter_action": "utter_x"}}


def slot(name: str, value: object) -> dict[str, Any]:
    return {"event": "slot", "name": name, "value": value}


USER: dict[str, Any] = {"event": "user", "text": "hello"}


def numbered(channel: str, content: Content) -> bool:
    return channel == "sms"


def chosen(
    words: str, *events: dict[str, Any], channel: str = "sms", language: str | None = None
) -> str | None:
    window = TrackerWindow(tail=(USER, *events))
    return chosen_payload(channel, words, window, language, numbered)


@pytest.mark.parametrize(
    ("words", "channel", "payload"),
    [
        ("opening hours", "web", "/opening_hours"),
        ("2", "sms", "/opening_hours"),
        ("#1", "sms", "/return_terms"),
        ("2", "web", None),
        ("3", "sms", None),
        ("Terms", "web", None),
        ("when do you open", "sms", None),
        ("", "sms", None),
    ],
)
def test_titles_count_and_numbers_where_they_are_shown(
    words: str, channel: str, payload: str | None
) -> None:
    assert chosen(words, bot(**BUTTONS), channel=channel) == payload


def test_only_what_was_said_last_is_offered() -> None:
    assert chosen("2", bot(**BUTTONS), USER, bot("What else?")) is None
    assert chosen("returns", bot(**BUTTONS), USER) is None
    assert chosen("returns") is None


def test_a_number_is_the_last_lists() -> None:
    rest = {"quick_replies": [{"title": "Yes", "payload": "/affirm"}]}
    assert chosen("1", bot(**BUTTONS), bot("Sure?", **rest)) == "/affirm"
    assert chosen("2", bot(**BUTTONS), bot("Sure?", **rest)) is None
    assert chosen("returns", bot(**BUTTONS), bot("Sure?", **rest)) == "/return_terms"


def test_words_after_the_choices_leave_them_open() -> None:
    assert chosen("2", bot(**BUTTONS), bot("Take your time.")) == "/opening_hours"
    assert chosen("2", bot(**BUTTONS), bot(None, image="https://a.no/b.png")) == "/opening_hours"


@pytest.mark.parametrize("words", ["2", "returns", "Returns"])
def test_the_free_answer_to_a_form_is_no_choice_offered_before(words: str) -> None:
    asked = (slot("requested_slot", "amount"), bot("How many?"))
    assert chosen(words, bot(**BUTTONS), *asked) is None
    # The form is over, and they are choices again.
    assert chosen(words, bot(**BUTTONS), *asked, slot("requested_slot", None)) is not None


def test_the_choices_of_a_forms_own_question_count() -> None:
    asked = (slot("requested_slot", "topic"), bot(**BUTTONS))
    assert chosen("2", *asked) == "/opening_hours"


def test_a_form_that_began_before_the_window_still_waits() -> None:
    window = TrackerWindow(
        base=(slot("requested_slot", "amount"),), tail=(USER, bot(**BUTTONS), bot("How many?"))
    )
    assert chosen_payload("sms", "2", window, None, numbered) is None
    ended = TrackerWindow(window.base, 0, (*window.tail, {"event": "restart"}))
    assert chosen_payload("sms", "2", ended, None, numbered) == "/opening_hours"


@pytest.mark.parametrize(
    ("words", "language", "payload"),
    [
        ("2026-12-01", None, "/day2026-12-01"),
        ("01/12/2026", "en", "/day2026-12-01"),
        ("1.12.2026", "nb", "/day2026-12-01"),
        ("1.12.26", "nb", "/day2026-12-01"),
        (" 1. 12. 2026 ", "nb", "/day2026-12-01"),
        ("1.12.2026", "xx", "/day2026-12-01"),
        ("31.12.2026", "nb", None),
        ("26.11.2026", "nb", None),
        ("30.2.2026", "nb", None),
        ("10042", "nb", None),
        ("1.2.3", "nb", None),
        ("den 1.12.2026 eller 2.12.2026", "nb", None),
        ("i morgen", "nb", None),
    ],
)
def test_a_day_may_be_written(words: str, language: str | None, payload: str | None) -> None:
    assert chosen(words, bot(**DAYS), channel="web", language=language) == payload


@pytest.mark.parametrize(
    ("words", "language", "channel", "payload"),
    [
        ("lørdag 28. november", "nb", "web", "/day2026-11-28"),
        ("Saturday 28 November", "en", "web", "/day2026-11-28"),
        ("2", "nb", "sms", "/day2026-11-28"),
        ("2", "nb", "web", None),
        ("28.11.2026", "nb", "web", "/day2026-11-28"),
        ("30.11.2026", "nb", "web", None),
    ],
)
def test_a_few_days_are_choices(
    words: str, language: str, channel: str, payload: str | None
) -> None:
    assert chosen(words, bot(**FEW_DAYS), channel=channel, language=language) == payload


def test_a_day_is_read_only_right_after_it_was_asked_for() -> None:
    assert chosen("1.12.2026", bot(**DAYS), bot("And your name?"), language="nb") is None


def test_points_are_typed() -> None:
    assert chosen("4", bot("How was it?", **RATING), channel="web") == "/rate4"
    assert chosen("6", bot("How was it?", **RATING), channel="web") is None


def test_the_language_is_the_slots() -> None:
    assert language_of(TrackerWindow()) is None
    window = TrackerWindow((slot("language", "en"),), 1, (slot("language", "nb"),))
    assert language_of(window) == "nb"


@given(words=st.text(), data=st.sampled_from([BUTTONS, DAYS, FEW_DAYS, RATING]))
def test_no_words_break_it(words: str, data: dict[str, Any]) -> None:
    payload = chosen(words, bot(**data), language="nb")
    assert payload is None or payload.startswith("/")


def test_contents_are_what_numbered_is_asked_about() -> None:
    asked: list[Content] = []

    def remember(channel: str, content: Content) -> bool:
        asked.append(content)
        return False

    window = TrackerWindow(tail=(bot(**BUTTONS),))
    assert chosen_payload("sms", "2", window, None, remember) is None
    (content,) = asked
    assert isinstance(content, Buttons)
