"""When a team is open: weekly hours in its own time zone, public holidays, its own closed days."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

# Monday first, as `date.weekday` counts.
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# Where nothing opens within so many days, nobody is told when.
_DAYS_AHEAD = 60


@dataclass(frozen=True)
class Interval:
    """From `start` to `end`, in minutes after the midnight that begins the day `weekday`.

    An `end` over 1,440 is on the next day; the interval belongs to the day on which it begins.
    """

    weekday: int
    start: int
    end: int


@dataclass(frozen=True)
class OpeningHours:
    """No `intervals`: open around the clock, but for the days that are closed.

    `holidays` is a country, with or without its subdivision (`NO`, `DE-BY`); its public holidays are
    closed. A day is a day of `zone`, of 23 or 25 hours where the clocks change.
    """

    zone: ZoneInfo
    intervals: tuple[Interval, ...] = ()
    holidays: str | None = None
    closed_days: frozenset[date] = frozenset()

    def is_open(self, at: datetime) -> bool:
        """At this moment (with its time zone)."""
        return any(start <= at < end for start, end in self._around(at, 1))

    def next_opening(self, at: datetime) -> datetime | None:
        """When it is open next, in the team's own time: `at` itself where it is open already.

        None where it does not open within 60 days.
        """
        for start, end in self._around(at, _DAYS_AHEAD):
            if end > at:
                return max(start, at).astimezone(self.zone)
        return None

    def _around(self, at: datetime, days: int) -> Iterator[tuple[datetime, datetime]]:
        """The openings of yesterday, today and `days` days more, each day's in order."""
        today = at.astimezone(self.zone).date()
        for number in range(-1, days + 1):
            yield from self._on(today + timedelta(days=number))

    def _on(self, day: date) -> Sequence[tuple[datetime, datetime]]:
        if day in self.closed_days or (self.holidays and day in public_holidays(self.holidays)):
            return ()
        if not self.intervals:
            return ((self._moment(day, 0), self._moment(day, 1440)),)
        return [
            (self._moment(day, item.start), self._moment(day, item.end, last=True))
            for item in sorted(self.intervals, key=lambda item: item.start)
            if item.weekday == day.weekday()
        ]

    def _moment(self, day: date, minutes: int, last: bool = False) -> datetime:
        # The local time as a clock on the wall shows it: what it shows twice, in the autumn, begins
        # the first time and ends the last; what it leaves out, in the spring, is an hour later.
        days, rest = divmod(minutes, 1440)
        at = time(rest // 60, rest % 60, fold=int(last))
        local = datetime.combine(day + timedelta(days=days), at, self.zone)
        moment = local.astimezone(timezone.utc)
        if moment.astimezone(self.zone).time() != at:
            # With a fold what is left out would be an hour earlier.
            moment = local.replace(fold=0).astimezone(timezone.utc)
        return moment


@lru_cache(maxsize=256)
def public_holidays(code: str) -> holidays.HolidayBase:
    """The public holidays of a country or a subdivision. Raises ValueError for an unknown one."""
    country, _, subdivision = code.partition("-")
    try:
        return holidays.country_holidays(country, subdiv=subdivision or None)
    except NotImplementedError:
        raise ValueError(f"no public holidays are known for {code!r}") from None
