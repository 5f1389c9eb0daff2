"""Days of 23 and 25 hours, weeks that begin on Monday, zones that are half an hour off."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from bot.reporting.periods import MOST_BUCKETS, Grain, Period

OSLO = ZoneInfo("Europe/Oslo")


def period(first: str, last: str, grain: Grain, zone: ZoneInfo = OSLO) -> Period:
    return Period(date.fromisoformat(first), date.fromisoformat(last), grain, zone)


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-28", 24), ("2026-03-29", 23), ("2026-10-25", 25)]
)
def test_a_day_has_as_many_hours_as_the_clock_shows(day: str, hours: int) -> None:
    (whole,) = period(day, day, Grain.DAY).buckets
    parts = period(day, day, Grain.HOUR).buckets
    assert (whole.end.timestamp() - whole.start.timestamp()) / 3600 == len(parts) == hours
    assert len({part.key for part in parts}) == hours
    assert [part.start.hour for part in parts].count(2) == {23: 0, 24: 1, 25: 2}[hours]


@pytest.mark.parametrize("grain", list(Grain))
@pytest.mark.parametrize(
    "zone", ["Europe/Oslo", "UTC", "Asia/Kolkata", "Australia/Lord_Howe", "America/St_Johns"]
)
def test_parts_follow_one_another_without_a_gap(grain: Grain, zone: str) -> None:
    whole = period("2026-03-25", "2026-04-06", grain, ZoneInfo(zone))
    parts = whole.buckets
    assert parts[0].start == whole.since
    assert parts[-1].end == whole.until
    assert all(one.end == next_.start for one, next_ in pairwise(parts))
    assert [part.key for part in parts] == sorted(part.key for part in parts)


def test_weeks_begin_on_monday_and_may_be_cut_off() -> None:
    parts = period("2026-11-18", "2026-12-01", Grain.WEEK).buckets
    assert [part.start.date().isoformat() for part in parts] == [
        "2026-11-18",
        "2026-11-23",
        "2026-11-30",
    ]
    assert parts[-1].end.date() == date(2026, 12, 2)


def test_midnight_is_the_local_one() -> None:
    summer = period("2026-07-01", "2026-07-01", Grain.DAY)
    assert summer.since == datetime(2026, 6, 30, 22, tzinfo=timezone.utc)
    assert summer.until == datetime(2026, 7, 1, 22, tzinfo=timezone.utc)


def test_a_long_period_gets_a_coarser_grain() -> None:
    last = date(2026, 11, 24)

    def fitting(days: int, grain: Grain) -> Period:
        return Period.fitting(last - timedelta(days=days - 1), last, grain, OSLO)

    assert fitting(14, Grain.HOUR).grain is Grain.HOUR
    assert fitting(30, Grain.HOUR).grain is Grain.DAY
    assert fitting(800, Grain.HOUR).grain is Grain.WEEK
    assert fitting(400, Grain.DAY).grain is Grain.DAY
    endless = fitting(500_000, Grain.DAY)
    assert endless.grain is Grain.WEEK
    assert len(endless.buckets) <= MOST_BUCKETS


def test_days_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(ValueError, match="before"):
        period("2026-11-24", "2026-11-23", Grain.DAY)
