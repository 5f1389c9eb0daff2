"""What can be chosen, and what an answer chooses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model.choices import choice_named, choice_numbered, choice_with, choices_of, day_chosen
from bot.model.content import (
    Button,
    Buttons,
    Card,
    Carousel,
    Content,
    DateChoice,
    ListChoice,
    Option,
    QuickReplies,
    Rating,
    Text,
)

WAYS = (
    Button("Pick-up point", "/pick_up"),
    Button("To my door", "/door"),
    Button("Terms", url="https://shop.example/terms"),
)
DAYS = DateChoice("Which day?", '/day{"day": "$date"}', "2026-11-24", "2026-12-24")


@pytest.mark.parametrize(
    "content",
    [
        Buttons("How?", WAYS),
        QuickReplies("How?", WAYS),
        Card("How?", buttons=WAYS),
        Carousel((Card("A", buttons=WAYS[:1]), Card("B", buttons=WAYS[1:]))),
        ListChoice("How?", (Option("Pick-up point", "/pick_up"), Option("To my door", "/door"))),
    ],
)
def test_links_are_no_choices(content: Content) -> None:
    assert choices_of(content) == WAYS[:2]


def test_a_rating_offers_its_points() -> None:
    rating = Rating("How was it?", '/rate{"rating": "$rating"}', scale=3)
    assert choices_of(rating) == tuple(
        Button(str(n), f'/rate{{"rating": "{n}"}}') for n in (1, 2, 3)
    )


@pytest.mark.parametrize("words", ["To my door", "to  MY door ", "TO MY DOOR"])
def test_a_title_may_be_written_in_any_way(words: str) -> None:
    assert choice_named(Buttons("How?", WAYS), words) == WAYS[1]


@pytest.mark.parametrize("words", ["", " ", "door", "Terms", "2"])
def test_other_words_are_no_title(words: str) -> None:
    assert choice_named(Buttons("How?", WAYS), words) is None
    assert choice_named(Text("How?"), words) is None


@pytest.mark.parametrize("words", ["2", " 2 ", "2.", "#2", "(2)", "02"])
def test_a_number_may_be_written_in_any_way(words: str) -> None:
    assert choice_numbered(Buttons("How?", WAYS), words) == WAYS[1]


@pytest.mark.parametrize("words", ["0", "3", "-1", "2 parcels", "10042", "²", "", "two"])
def test_other_words_are_no_number(words: str) -> None:
    assert choice_numbered(Buttons("How?", WAYS), words) is None


@given(st.text())
def test_no_words_break_it(words: str) -> None:
    for content in (Buttons("How?", WAYS), DAYS, Rating("How was it?", "/rate", 5)):
        assert choice_named(content, words) in (None, *choices_of(content))
        assert choice_numbered(content, words) in (None, *choices_of(content))
        assert choice_with(content, words) in (None, *choices_of(content))


def test_a_day_within_its_bounds_is_a_choice() -> None:
    chosen = Button("2026-12-01", '/day{"day": "2026-12-01"}')
    assert day_chosen(DAYS, "2026-12-01") == chosen
    assert choice_with(DAYS, '/day{"day": "2026-12-01"}') == chosen


@pytest.mark.parametrize(
    "day", ["2026-11-23", "2026-12-25", "2026-02-30", "tomorrow", "", '1"}/restart{"a": "']
)
def test_other_days_are_none(day: str) -> None:
    assert day_chosen(DAYS, day) is None
    assert choice_with(DAYS, DAYS.payload.replace("$date", day)) is None


def test_only_what_was_offered_can_be_pressed() -> None:
    assert choice_with(Buttons("How?", WAYS), "/door") == WAYS[1]
    assert choice_with(Buttons("How?", WAYS), "/restart") is None
    assert choice_with(Rating("How?", "/rate$rating", 3), "/rate4") is None


def test_a_button_of_words_says_its_title() -> None:
    assert choices_of(Buttons("How?", (Button("Something else"),))) == (
        Button("Something else", "Something else"),
    )


@pytest.mark.parametrize("words", ["is it open", "Is it open?", "IS IT OPEN?!"])
def test_a_title_may_be_written_without_its_question_mark(words: str) -> None:
    open_now = Button("Is it open?", "/opening_hours")
    assert choice_named(Buttons("What?", (open_now,)), words) == open_now


def test_on_a_carousel_a_card_is_named_too() -> None:
    carousel = Carousel(
        (
            Card("Lamp", buttons=(Button("Choose", "/lamp"),)),
            Card("Chair", buttons=(Button("Choose", "/chair"), Button("More", "/more"))),
        )
    )
    assert choice_named(carousel, "choose") is None
    assert choice_named(carousel, "chair: choose") == Button("Choose", "/chair")
    assert choice_named(carousel, "lamp") == Button("Choose", "/lamp")
    assert choice_named(carousel, "chair") is None
    assert choice_named(carousel, "More") == Button("More", "/more")


def test_few_days_are_choices_and_many_are_not() -> None:
    few = DateChoice("Which day?", '/day{"day": "$date"}', "2026-02-28", "2026-03-01")
    assert choices_of(few) == (
        Button("2026-02-28", '/day{"day": "2026-02-28"}'),
        Button("2026-03-01", '/day{"day": "2026-03-01"}'),
    )
    assert choices_of(DAYS) == ()
    assert choices_of(DateChoice("Which day?", "/day$date", "2026-03-02", "2026-03-01")) == ()
    assert choices_of(DateChoice("Which day?", "/day$date", latest="2026-03-01")) == ()
