"""Days as people say them."""

from __future__ import annotations

from datetime import date, timedelta

from babel.dates import format_date

_LOCALES = {"en": "en_GB", "nb": "nb_NO"}
_NEAR_PATTERNS = {"en": "EEEE d MMMM", "nb": "EEEE d. MMMM"}
_NEAR = timedelta(days=180)


def format_day(day: date, language: str, today: date) -> str:
    """`Friday 27 November`, `fredag 27. november`; with the year and no weekday when far off.

    `language` is `en` or `nb`.
    """
    locale = _LOCALES[language]
    pattern = _NEAR_PATTERNS[language] if abs(day - today) <= _NEAR else "long"
    return format_date(day, pattern, locale=locale)
