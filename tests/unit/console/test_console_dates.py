from __future__ import annotations

from datetime import datetime, timezone

import pytest

from bot.console.dates import Dates
from bot.console.words import load_words

# A quarter past one at night in Oslo, when it is still yesterday in UTC.
NOW = datetime(2026, 7, 1, 23, 15, tzinfo=timezone.utc).timestamp()


def dates(language: str) -> Dates:
    return Dates(language, "Europe/Oslo", load_words()[language], lambda: NOW)


def test_days_are_those_of_the_company() -> None:
    shown = dates("nb")
    assert shown.clock(NOW) == "01:15"
    assert shown.day(NOW) == "I dag"
    assert shown.day(NOW - 2 * 3600) == "I går"
    assert shown.moment(NOW - 600) == "01:05"
    assert shown.moment(NOW - 26 * 3600) == "30. juni 2026, 23:15"
    assert dates("en").moment(NOW - 26 * 3600) == "30 Jun 2026, 23:15"


@pytest.mark.parametrize(
    ("seconds", "english", "norwegian"),
    [
        (-5, "under 1 min", "under 1 min"),
        (59, "under 1 min", "under 1 min"),
        (60, "1 min", "1 min"),
        (3_900, "1 h 5 min", "1 t 5 min"),
        (90_000, "1 d 1 h", "1 d 1 t"),
    ],
)
def test_a_duration_has_at_most_two_units(seconds: float, english: str, norwegian: str) -> None:
    assert dates("en").lasting(seconds) == english
    assert dates("nb").lasting(seconds) == norwegian


def test_a_time_is_readable_for_programs_too() -> None:
    element = dates("en").timed(NOW)
    assert 'datetime="2026-07-02T01:15:00+02:00"' in element
    assert "Thursday, 2 July 2026, 01:15:00" in element
