"""Times and durations as staff read them, in their language and the company's time zone."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time
from babel.numbers import format_decimal, format_percent
from markupsafe import Markup

from bot.console.words import Words

# Norwegian in babel is `nb`; English is British, with the day before the month and 24 hours.
_LOCALES: Mapping[str, str] = {"en": "en_GB"}


class Dates:
    """Template filters for one language. Times are in seconds since the epoch, or aware datetimes.

    `clock` 14:05; `day` Today, Yesterday, 3 March 2026; `moment` 3 Mar 2026, 14:05, without the day
    where that is today; `lasting` seconds as 2 min, 1 h 5 min, 3 d; `timed` a `time` element; `number`
    and `percent` in the language's way.
    """

    def __init__(
        self, language: str, time_zone: str, words: Words, now: Callable[[], float] = time.time
    ) -> None:
        self._locale = _LOCALES.get(language, language)
        self._zone = ZoneInfo(time_zone)
        self._words = words
        self._now = now

    @property
    def filters(self) -> Mapping[str, Callable[..., Any]]:
        """By the names that templates use."""
        return {
            "clock": self.clock,
            "day": self.day,
            "moment": self.moment,
            "timed": self.timed,
            "lasting": self.lasting,
            "since": self.since,
            "number": lambda value: format_decimal(value, locale=self._locale),
            "percent": lambda value: format_percent(value, locale=self._locale),
        }

    def clock(self, at: float | datetime) -> str:
        """14:05."""
        return format_time(self._local(at).timetz(), "HH:mm", locale=self._locale)

    def day(self, at: float | datetime) -> str:
        """Today, Yesterday, or the date."""
        local = self._local(at)
        ago = (self._local(self._now()).date() - local.date()).days
        if ago == 0:
            return self._words.gettext("Today")
        if ago == 1:
            return self._words.gettext("Yesterday")
        return format_date(local.date(), "long", locale=self._locale)

    def moment(self, at: float | datetime) -> str:
        """14:05 where that is today, else the date as well."""
        local = self._local(at)
        if local.date() == self._local(self._now()).date():
            return self.clock(at)
        return f"{format_date(local.date(), 'medium', locale=self._locale)}, {self.clock(at)}"

    def timed(self, at: float | datetime, form: str = "moment") -> Markup:
        """A `time` element: readable for people and programs, the whole date on hovering."""
        local = self._local(at)
        words = {"moment": self.moment, "clock": self.clock, "day": self.day}[form](at)
        whole = f"{format_date(local.date(), 'full', locale=self._locale)}, {local:%H:%M:%S}"
        return Markup('<time datetime="{}" title="{}">{}</time>').format(
            local.isoformat(timespec="seconds"), whole, words
        )

    def lasting(self, seconds: float) -> str:
        """A duration in at most two units."""
        minutes = int(max(seconds, 0) // 60)
        if minutes < 1:
            return self._words.gettext("under 1 min")
        if minutes < 60:
            return self._words.gettext("%(minutes)d min") % {"minutes": minutes}
        hours, rest = divmod(minutes, 60)
        if hours < 24:
            told = {"hours": hours, "minutes": rest}
            return self._words.gettext("%(hours)d h %(minutes)d min") % told
        days, hours = divmod(hours, 24)
        return self._words.gettext("%(days)d d %(hours)d h") % {"days": days, "hours": hours}

    def since(self, at: float) -> Markup:
        """How long ago; scripts keep it up to date by its `data-since`."""
        return Markup('<span data-since="{}">{}</span>').format(
            round(at, 3), self.lasting(self._now() - at)
        )

    def _local(self, at: float | datetime) -> datetime:
        if isinstance(at, datetime):
            return at.astimezone(self._zone)
        return datetime.fromtimestamp(at, self._zone)
