"""Which of the offered choices a customer means by typing. Pure functions.

Where the bot has just offered choices, a title that is typed counts as pressed, and so does a
number where the customer's channel shows the choices as a numbered list. A day is read where the
bot has just asked for one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, parse_date

from bot.model.choices import choice_named, choice_numbered, choices_of, day_chosen, days_of
from bot.model.content import Content, Custom, DateChoice, File, Image, Typing
from bot.model.turns import TrackerWindow
from bot.pipeline.rasa_answers import contents_of

# Whether a channel shows a content's choices as a numbered list.
Numbered = Callable[[str, Content], bool]

_LOCALES = {"en": "en_GB", "nb": "nb_NO"}
_DAY_TITLES = {"en_GB": "EEEE d MMMM", "nb_NO": "EEEE d. MMMM"}
_WRITTEN_DAY = re.compile(r"\d{1,4}[./-]\s?\d{1,2}[./-]\s?\d{2,4}", re.ASCII)
# Babel reads 1.2.3 as a day of the year 3.
_FIRST_YEAR = 1900
# They say nothing that could be answered.
_SILENT = (Image, File, Typing, Custom)


def chosen_payload(
    channel: str, words: str, window: TrackerWindow, language: str | None, numbered: Numbered
) -> str | None:
    """The payload that the words stand for, or None where they have to be understood.

    `window` is the conversation's past, `language` the customer's.
    """
    offered = [content for content in _last_said(window.tail) if not isinstance(content, _SILENT)]
    if not offered:
        return None
    if _slot(window, "requested_slot") is not None:
        # A form's question comes last. Where that one is open, so is the answer to it.
        offered = offered[-1:]
    for content in reversed(offered):
        chosen = choice_named(content, words)
        if chosen is None and isinstance(content, DateChoice) and content is offered[-1]:
            chosen = _day_written(content, words, language)
        if chosen is not None:
            return chosen.payload
    # Of several lists, the number is the last one's.
    for content in reversed(offered):
        if choices_of(content):
            chosen = choice_numbered(content, words) if numbered(channel, content) else None
            return chosen.payload if chosen is not None else None
    return None


def language_of(window: TrackerWindow) -> str | None:
    """The slot `language`, where there is one."""
    value = _slot(window, "language")
    return value if isinstance(value, str) else None


def _last_said(events: Sequence[dict[str, Any]]) -> Iterator[Content]:
    """What the bot has said since the customer's last message, in order."""
    said = []
    for event in reversed(events):
        if event["event"] == "user":
            break
        if event["event"] == "bot":
            said.append(event)
    for event in reversed(said):
        message = {**(event.get("data") or {}), **(event.get("metadata") or {})}
        yield from contents_of({**message, "text": event.get("text")})


def _slot(window: TrackerWindow, name: str) -> Any:
    for events in (window.tail, window.base):
        for event in reversed(events):
            if event["event"] == "slot" and event["name"] == name:
                return event["value"]
            if event["event"] in ("restart", "reset_slots"):
                return None
    return None


def _day_written(content: DateChoice, words: str, language: str | None) -> Any:
    locale = _locale(language)
    wanted = " ".join(words.casefold().split())
    for day in days_of(content):
        pattern = _DAY_TITLES.get(str(locale), "full")
        if format_date(day, pattern, locale=locale).casefold() == wanted:
            return day_chosen(content, day.isoformat())
    if not _WRITTEN_DAY.fullmatch(wanted):
        return None
    try:
        day = date.fromisoformat(wanted)
    except ValueError:
        try:
            day = parse_date(wanted, locale=locale)
        except (ValueError, IndexError):
            return None
    return day_chosen(content, day.isoformat()) if day.year >= _FIRST_YEAR else None


def _locale(language: str | None) -> Locale:
    try:
        return Locale.parse(_LOCALES.get(language or "en", language))
    except (ValueError, UnknownLocaleError):
        return Locale.parse(_LOCALES["en"])
