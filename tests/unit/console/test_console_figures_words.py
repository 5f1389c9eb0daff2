"""Figures as people read them."""

from __future__ import annotations

from datetime import date, timezone
from zoneinfo import ZoneInfo

import pytest

from bot.console.figures_words import FigureWords
from bot.console.words import load_words
from bot.reporting.figures import Dimension
from bot.reporting.periods import Grain, Period
from bot.reporting.reports import Choice


def words(language: str) -> FigureWords:
    return FigureWords(load_words()[language], language)


@pytest.mark.parametrize(
    ("seconds", "en", "nb"),
    [
        (None, "–", "–"),
        (0, "0 s", "0 s"),
        (0.0671, "0.07 s", "0,07 s"),
        (4.25, "4.2 s", "4,2 s"),
        (59.6, "1 min", "1 min"),
        (84, "1 min 24 s", "1 min 24 s"),
        (3600, "1 h", "1 t"),
        (4830, "1 h 20 min", "1 t 20 min"),
        (200_000, "55 h 33 min", "55 t 33 min"),
    ],
)
def test_durations(seconds: float | None, en: str, nb: str) -> None:
    told = [words(language).lasting(seconds).replace("\xa0", " ") for language in ("en", "nb")]
    assert told == [en, nb]


def test_numbers_follow_the_language() -> None:
    assert words("en").count(12_345) == "12,345"
    assert words("nb").count(12_345) == "12\xa0345"
    assert words("en").share(0.834) == "83%"
    assert words("nb").share(0.834) == "83\xa0%"
    assert (words("en").points(4.56), words("nb").points(None)) == ("4.6", "–")


def test_the_hour_that_comes_twice_is_told_apart() -> None:
    day = date(2026, 10, 25)
    period = Period(day, day, Grain.HOUR, ZoneInfo("Europe/Oslo"))
    names = [words("en").time(bucket, Grain.HOUR) for bucket in period.buckets]
    assert names[2:4] == ["Sun, 25 Oct 2026 02:00 CEST", "Sun, 25 Oct 2026 02:00 CET"]
    assert len(set(names)) == 25
    assert words("nb").time(period.buckets[0], Grain.WEEK) == "Uken fra søn. 25. okt. 2026"
    assert words("en").short_time(period.buckets[3].start.astimezone(timezone.utc), Grain.DAY) == (
        "25 Oct"
    )


@pytest.mark.parametrize(
    ("dimension", "choice", "en", "nb"),
    [
        (Dimension.CHANNEL, Choice("web"), "Website", "Nettsted"),
        (Dimension.CHANNEL, Choice("sms"), "sms", "sms"),
        (Dimension.LANGUAGE, Choice("nb"), "Norwegian Bokmål", "Norsk bokmål"),
        (Dimension.TOPIC, Choice("order_status"), "Order status", "Order status"),
        (Dimension.TOPIC, None, "No topic", "Uten tema"),
        (Dimension.TEAM, Choice("t1", "Orders"), "Orders", "Orders"),
        (Dimension.AGENT, None, "Nobody", "Ingen"),
    ],
)
def test_what_a_part_is_called(
    dimension: Dimension, choice: Choice | None, en: str, nb: str
) -> None:
    assert [words(language).part(dimension, choice) for language in ("en", "nb")] == [en, nb]
