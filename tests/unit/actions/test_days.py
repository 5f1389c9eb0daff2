from __future__ import annotations

from datetime import date

import pytest

from actions.days import format_day

TODAY = date(2025, 11, 24)


@pytest.mark.parametrize(
    ("day", "language", "said"),
    [
        (date(2025, 11, 27), "en", "Thursday 27 November"),
        (date(2025, 11, 27), "nb", "torsdag 27. november"),
        (date(2026, 1, 2), "en", "Friday 2 January"),
        (date(2026, 1, 2), "nb", "fredag 2. januar"),
        (date(2024, 3, 1), "en", "1 March 2024"),
        (date(2024, 3, 1), "nb", "1. mars 2024"),
    ],
)
def test_days_are_said_in_the_customer_s_language(day: date, language: str, said: str) -> None:
    assert format_day(day, language, TODAY) == said
