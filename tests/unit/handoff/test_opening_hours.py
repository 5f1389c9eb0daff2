"""When a team is open, in its own time zone: holidays, nights, and days of 23 and 25 hours."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.handoff.hours import OpeningHours, public_holidays
from bot.handoff.team import Team

OSLO = ZoneInfo("Europe/Oslo")
NEW_YEAR = datetime(2026, 1, 1, tzinfo=timezone.utc)
OFFICE = {day: [("08:00", "16:00")] for day in ("mon", "tue", "wed", "thu", "fri")}


def hours(**fields: object) -> OpeningHours:
    return Team("t", **fields).opening_hours  # type: ignore[arg-type]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


def oslo(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=OSLO)


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        ("2026-03-03 07:59", False),
        ("2026-03-03 08:00", True),
        ("2026-03-03 15:59", True),
        ("2026-03-03 16:00", False),
        ("2026-03-07 12:00", False),  # a Saturday
    ],
)
def test_office_hours(at: str, is_open: bool) -> None:
    assert hours(hours=OFFICE).is_open(oslo(at)) is is_open


def test_it_is_the_teams_clock_that_counts() -> None:
    at = utc("2026-03-03 15:30")  # 16:30 in Oslo, 15:30 in London
    assert not hours(hours=OFFICE).is_open(at)
    assert hours(hours=OFFICE, timezone="Europe/London").is_open(at)


def test_eight_in_the_morning_is_another_moment_in_summer() -> None:
    office = hours(hours=OFFICE | {"sun": [("08:00", "16:00")]})
    for day, opens in (
        ("2026-03-28", "2026-03-29 06:00"),  # the clocks go forward in the night before
        ("2026-10-24", "2026-10-25 07:00"),  # and back
        ("2026-10-23", "2026-10-25 07:00"),
    ):
        found = office.next_opening(utc(f"{day} 18:00"))
        assert found is not None
        assert found.astimezone(timezone.utc) == utc(opens)
        assert (found.hour, found.utcoffset()) == (8, OSLO.utcoffset(found))


def test_a_night_is_as_long_as_it_is() -> None:
    night = hours(hours={"sat": [("22:00", "06:00")]})

    def open_minutes(start: str) -> int:
        first = utc(start)
        moments = (first + timedelta(minutes=number) for number in range(24 * 60))
        return sum(night.is_open(at) for at in moments)

    assert open_minutes("2026-03-28 12:00") == 7 * 60
    assert open_minutes("2026-03-21 12:00") == 8 * 60
    assert open_minutes("2026-10-24 12:00") == 9 * 60


def test_a_time_that_is_left_out_and_one_that_comes_twice() -> None:
    spring = hours(hours={"sun": [("02:30", "04:00")]})
    assert not spring.is_open(utc("2026-03-29 01:29"))
    assert spring.is_open(utc("2026-03-29 01:30"))  # 03:30, for want of a 02:30
    assert not spring.is_open(utc("2026-03-29 02:00"))
    late = hours(hours={"sat": [("22:00", "02:30")]})
    assert late.is_open(utc("2026-03-29 01:29"))
    assert not late.is_open(utc("2026-03-29 01:30"))
    autumn = hours(hours={"sun": [("02:15", "02:45")]})
    assert autumn.is_open(utc("2026-10-25 00:15"))
    assert autumn.is_open(utc("2026-10-25 01:44"))
    assert not autumn.is_open(utc("2026-10-25 01:45"))


def test_a_night_belongs_to_the_day_on_which_it_begins() -> None:
    night = hours(hours={"sat": [("22:00", "02:00")]}, holidays="NO")
    assert night.is_open(oslo("2026-05-17 01:00")), "the 17th is a holiday, the 16th is none"
    assert not hours(hours={"sun": [("22:00", "02:00")]}, holidays="NO").is_open(
        oslo("2026-05-18 01:00")
    )


def test_holidays_and_own_days_are_closed() -> None:
    office = hours(hours=OFFICE, holidays="NO", closed_days=("2026-05-15",))
    assert not office.is_open(oslo("2026-05-14 12:00")), "Ascension Day"
    assert not office.is_open(oslo("2026-05-15 12:00")), "a day of its own"
    found = office.next_opening(oslo("2026-05-13 17:00"))
    assert found == oslo("2026-05-18 08:00")
    assert date(2026, 5, 17) in public_holidays("NO")
    assert not hours(holidays="NO").is_open(oslo("2026-05-17 12:00")), "around the clock, but"
    assert hours(holidays="NO").next_opening(oslo("2026-05-17 12:00")) == oslo("2026-05-18 00:00")
    assert date(2026, 1, 6) in public_holidays("DE-BY")
    assert date(2026, 1, 6) not in public_holidays("DE")


def test_what_never_opens() -> None:
    closed = tuple((date(2026, 3, 1) + timedelta(days=number)).isoformat() for number in range(90))
    assert hours(closed_days=closed).next_opening(oslo("2026-03-05 12:00")) is None


@given(
    st.integers(0, 365 * 24 * 60).map(lambda minutes: NEW_YEAR + timedelta(minutes=minutes)),
    st.sampled_from(["Europe/Oslo", "America/New_York", "Asia/Kolkata", "Pacific/Auckland"]),
)
def test_it_is_open_when_it_opens(at: datetime, zone: str) -> None:
    office = hours(
        hours=OFFICE | {"sat": [("22:00", "03:00")], "sun": [("02:00", "02:30")]},
        timezone=zone,
        holidays="NO",
    )
    found = office.next_opening(at)
    assert found is not None
    assert found >= at
    assert office.is_open(found)
    assert office.is_open(at) == (found == at)
    if found > at:
        assert not office.is_open(found - timedelta(seconds=1))
