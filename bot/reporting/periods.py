"""Periods of time in a time zone, cut into hours, days or weeks as a clock on the wall shows them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from enum import Enum
from zoneinfo import ZoneInfo

from sqlalchemy import case, literal_column
from sqlalchemy.sql.elements import ColumnElement

from bot.record.moments import whole_epoch

# What a plot and a table beside it can still show.
MOST_BUCKETS = 400

_HOUR = 3600
_DAY = 24 * _HOUR
_EPOCH = date(1970, 1, 1)
# The first of January 1970 was a Thursday.
_MONDAY = 3


class Grain(str, Enum):
    """How long a part of a period is."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"

    @property
    def coarser(self) -> Grain:
        """The next longer one; a week stays a week."""
        return Grain.DAY if self is Grain.HOUR else Grain.WEEK


@dataclass(frozen=True)
class Bucket:
    """A part of a period: from `start` (included) to `end` (not included), both in its zone.

    `key` is the number by which the database knows it.
    """

    key: int
    start: datetime
    end: datetime


@dataclass(frozen=True)
class Period:
    """Whole days in a time zone, the first and the last one included.

    A day has 23 or 25 hours where the clocks change, and its hours are told apart. A week begins on
    Monday; the first and the last one may be cut off. Raises ValueError where the last day is before
    the first one.
    """

    first: date
    last: date
    grain: Grain
    zone: ZoneInfo

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError("the last day is before the first one")

    @classmethod
    def fitting(cls, first: date, last: date, grain: Grain, zone: ZoneInfo) -> Period:
        """With a coarser grain where there would be more than MOST_BUCKETS parts.

        A first day that is too early even for weeks is moved.
        """
        period = cls(first, last, grain, zone)
        while period._count > MOST_BUCKETS and period.grain is not Grain.WEEK:
            period = cls(first, last, period.grain.coarser, zone)
        if period._count > MOST_BUCKETS:
            period = cls(last - timedelta(weeks=MOST_BUCKETS - 1), last, Grain.WEEK, zone)
        return period

    @property
    def since(self) -> datetime:
        """The first moment."""
        return _midnight(self.first, self.zone)

    @property
    def until(self) -> datetime:
        """The first moment after it."""
        return _midnight(self.last + timedelta(days=1), self.zone)

    @property
    def buckets(self) -> Sequence[Bucket]:
        """Its parts, in order, without a gap."""
        starts = list(self._starts())
        ends = [*starts[1:], self.until]
        return [
            Bucket(self._key(start), start.astimezone(self.zone), end.astimezone(self.zone))
            for start, end in zip(starts, ends, strict=True)
        ]

    def key_of(self, moment: ColumnElement) -> ColumnElement:  # type: ignore[type-arg]
        """In SQL: the key of the bucket that a moment of this period is in."""
        seconds = whole_epoch(moment)
        local = seconds + self._shift_of(seconds)
        if self.grain is Grain.HOUR:
            return local / _HOUR
        days = local / _DAY
        return days if self.grain is Grain.DAY else (days + _MONDAY) / 7

    @property
    def _count(self) -> int:
        days = (self.last - self.first).days + 1
        return {Grain.HOUR: days * 24, Grain.DAY: days, Grain.WEEK: days // 7 + 1}[self.grain]

    def _starts(self) -> Iterator[datetime]:
        if self.grain is Grain.HOUR:
            start = self.since
            while start < self.until:
                yield start
                start += timedelta(hours=1)
            return
        day = self.first
        while day <= self.last:
            yield _midnight(day, self.zone)
            step = 1 if self.grain is Grain.DAY else 7 - day.weekday()
            day += timedelta(days=step)

    def _key(self, moment: datetime) -> int:
        if self.grain is Grain.HOUR:
            offset = int(moment.astimezone(self.zone).utcoffset().total_seconds())  # type: ignore[union-attr]
            return (int(moment.timestamp()) + offset % _HOUR) // _HOUR
        days = (moment.astimezone(self.zone).date() - _EPOCH).days
        return days if self.grain is Grain.DAY else (days + _MONDAY) // 7

    def _shift_of(self, seconds: ColumnElement) -> ColumnElement:  # type: ignore[type-arg]
        # An hour is one wherever the clock stands; only zones that are half an hour off shift it.
        within = _HOUR if self.grain is Grain.HOUR else None
        changes = [
            (moment, offset if within is None else offset % within)
            for moment, offset in _offsets(self.since, self.until, self.zone)
        ]
        shift = literal_column(str(changes[0][1]))
        if len(changes) == 1:
            return shift
        earlier = [
            (seconds < changes[index + 1][0], literal_column(str(offset)))
            for index, (_, offset) in enumerate(changes[:-1])
        ]
        return case(*earlier, else_=literal_column(str(changes[-1][1])))


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, zone).astimezone(timezone.utc)


def _offsets(since: datetime, until: datetime, zone: ZoneInfo) -> list[tuple[int, int]]:
    """From which second on the zone is how many seconds ahead of UTC, the first one at `since`."""

    def offset(second: int) -> int:
        ahead = datetime.fromtimestamp(second, zone).utcoffset()
        return 0 if ahead is None else int(ahead.total_seconds())

    start, end = int(since.timestamp()), int(until.timestamp())
    found = [(start, offset(start))]
    for second in range(start, end, _DAY):
        after = min(second + _DAY, end)
        before, changed = offset(second), offset(after)
        if before != changed:
            moments = range(second, after)
            step = bisect_left(moments, True, key=lambda moment: offset(moment) != before)
            found.append((moments[step] if step < len(moments) else after, changed))
    return found
