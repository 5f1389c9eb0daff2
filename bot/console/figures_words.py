"""How figures are written, in a reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from babel.dates import format_skeleton
from babel.numbers import format_decimal, format_percent

from bot.console.titles import channel_title, language_title
from bot.console.words import Words, mark
from bot.reporting.figures import Dimension
from bot.reporting.periods import Bucket, Grain
from bot.reporting.reports import Choice

NONE = "–"

# A number and its unit stay on one line.
_NBSP = "\N{NO-BREAK SPACE}"

DIMENSIONS: Mapping[Dimension, str] = {
    Dimension.CHANNEL: mark("Channel"),
    Dimension.LANGUAGE: mark("Language"),
    Dimension.TOPIC: mark("Topic"),
    Dimension.TEAM: mark("Team"),
    Dimension.AGENT: mark("Agent"),
}
GRAINS: Mapping[Grain, str] = {
    Grain.HOUR: mark("Hour"),
    Grain.DAY: mark("Day"),
    Grain.WEEK: mark("Week"),
}
_NOT_KNOWN: Mapping[Dimension, str] = {
    Dimension.CHANNEL: mark("Not known"),
    Dimension.LANGUAGE: mark("Not known"),
    Dimension.TOPIC: mark("No topic"),
    Dimension.TEAM: mark("No team"),
    Dimension.AGENT: mark("Nobody"),
}


class FigureWords:
    """Writes counts, shares, durations, points and times. None is a dash."""

    def __init__(self, words: Words, language: str) -> None:
        self._words = words
        self._language = language
        # English is British, as everywhere in the console.
        self._locale = {"en": "en_GB"}.get(language, language)

    def count(self, value: float | None) -> str:
        """12,345."""
        return NONE if value is None else str(format_decimal(round(value), locale=self._locale))

    def share(self, value: float | None) -> str:
        """83%."""
        return NONE if value is None else str(format_percent(value, locale=self._locale))

    def points(self, value: float | None) -> str:
        """4.6."""
        return NONE if value is None else str(format_decimal(value, "0.0", locale=self._locale))

    def lasting(self, seconds: float | None) -> str:
        """45 s, 2 min 5 s, 1 h 20 min; parts of a second where there are no more."""
        if seconds is None:
            return NONE
        if 0 < seconds < 10 and round(seconds) != seconds:
            number = format_decimal(seconds, "0.0#" if seconds < 1 else "0.0", locale=self._locale)
            return f"{number}{_NBSP}s"
        minutes, rest = divmod(round(seconds), 60)
        if not minutes:
            return f"{rest}{_NBSP}s"
        hours, left = divmod(minutes, 60)
        if not hours:
            whole = f"{minutes}{_NBSP}min"
            return f"{whole} {rest}{_NBSP}s" if rest else whole
        hour = self._words.gettext("h")
        whole = f"{hours}{_NBSP}{hour}"
        return f"{whole} {left}{_NBSP}min" if left else whole

    def dimension(self, dimension: Dimension) -> str:
        """What it is called."""
        return str(self._words.gettext(DIMENSIONS[dimension]))

    def part(self, dimension: Dimension, choice: Choice | None) -> str:
        """What a value of a dimension is called."""
        if choice is None:
            return str(self._words.gettext(_NOT_KNOWN[dimension]))
        if dimension is Dimension.CHANNEL:
            return str(self._words.gettext(channel_title(choice.value)))
        if dimension is Dimension.LANGUAGE:
            return language_title(choice.value, self._language)
        if dimension is Dimension.TOPIC:
            name = choice.value.replace("_", " ").strip()
            return name[:1].upper() + name[1:]
        return choice.name or choice.value

    def time(self, bucket: Bucket, grain: Grain) -> str:
        """A part of a period, so that it can't be taken for another."""
        start = bucket.start
        day = str(format_skeleton("yMMMEd", start, locale=self._locale))
        if grain is Grain.HOUR:
            # The hour that comes twice in autumn is told apart by its zone.
            return f"{day} {start:%H:%M} {start.tzname()}"
        if grain is Grain.WEEK:
            return str(self._words.gettext("Week from %(day)s")) % {"day": day}
        return day

    def short_time(self, moment: datetime, grain: Grain) -> str:
        """The same for an axis, where there is little room."""
        day = str(format_skeleton("MMMd", moment, locale=self._locale, fuzzy=True))
        return f"{day} {moment:%H}" if grain is Grain.HOUR else day

    def text(self, text: str, **fields: object) -> str:
        """A marked text."""
        told = str(self._words.gettext(text))
        return told % fields if fields else told
