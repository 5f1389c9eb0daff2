"""A team: who it is for, when it is open, and how it works; as a row, and as somebody enters it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as field_of
from datetime import date
from itertools import pairwise
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy.engine import Row

from bot.handoff.hours import DAYS, Interval, OpeningHours, public_holidays

ALL = "*"
Assignment = Literal["take", "auto"]
WhenClosed = Literal["case", "callback", "email"]

_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|24:00")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


@dataclass(frozen=True)
class Team:
    """`languages` and `topics` are those that it takes, `*` is all. `hours` maps `mon` to `sun` to
    openings such as ("08:00", "16:00"); an end before its start is on the next day, and with no
    hours at all it is open around the clock. `holidays`: see OpeningHours. `waiting_limit` is in
    seconds; who has waited for so long goes to `escalation_team_id`, where there is one.
    `assignment`: agents take conversations, or get them by themselves. `when_closed` is what
    customers are offered then; `email` is for that.
    """

    name: str
    id: str | None = None
    languages: tuple[str, ...] = (ALL,)
    topics: tuple[str, ...] = (ALL,)
    timezone: str = "Europe/Oslo"
    hours: Mapping[str, Sequence[tuple[str, str]]] = field_of(default_factory=dict)
    holidays: str | None = None
    closed_days: tuple[str, ...] = ()
    waiting_limit: int | None = None
    escalation_team_id: str | None = None
    assignment: Assignment = "take"
    when_closed: WhenClosed = "case"
    email: str | None = None
    is_default: bool = False
    archived: bool = False

    def speaks(self, language: str) -> bool:
        """Whether it takes customers who write in that language."""
        return ALL in self.languages or language.partition("-")[0] in self.languages

    @property
    def opening_hours(self) -> OpeningHours:
        """Raises ValueError where `problems` names some."""
        return OpeningHours(
            zone=ZoneInfo(self.timezone),
            intervals=tuple(_intervals(self.hours)),
            holidays=self.holidays,
            closed_days=frozenset(map(date.fromisoformat, self.closed_days)),
        )


@dataclass(frozen=True)
class Problem:
    """What is wrong with a field. `message` is a sentence with `%(name)s` for its `values`."""

    field: str
    message: str
    values: Mapping[str, str] = field_of(default_factory=dict)

    def __str__(self) -> str:
        return self.message % self.values


def problems(team: Team) -> Sequence[Problem]:
    """Everything that is wrong with a team by itself; nothing where it can be saved."""
    found = [*_problems_of_names(team), *_problems_of_time(team)]
    if team.assignment not in get_args(Assignment):
        found.append(Problem("assignment", "Choose how conversations are assigned."))
    if team.when_closed not in get_args(WhenClosed):
        found.append(Problem("when_closed", "Choose what customers are offered when it is closed."))
    if team.when_closed == "email" and not team.email:
        found.append(
            Problem("email", "Write the address that customers are given when it is closed.")
        )
    if team.email and (len(team.email) > 320 or not _EMAIL.fullmatch(team.email)):
        found.append(Problem("email", "Write an e-mail address such as help@shop.example."))
    if team.waiting_limit is not None and not 30 <= team.waiting_limit <= 86_400:
        found.append(Problem("waiting_limit", "The waiting limit must be 30 seconds to 24 hours."))
    if team.escalation_team_id and team.waiting_limit is None:
        found.append(
            Problem("waiting_limit", "Say after how long the other team takes over, or name none.")
        )
    if team.escalation_team_id and team.escalation_team_id == team.id:
        found.append(Problem("escalation_team_id", "Choose another team than this one."))
    return found


def team_of(row: Row) -> Team:
    """A row of `teams`."""
    hours = json.loads(row.hours)
    return Team(
        id=row.id,
        name=row.name,
        languages=tuple(row.languages.split(",")),
        topics=tuple(row.topics.split(",")),
        timezone=row.timezone,
        hours={day: [(start, end) for start, end in items] for day, items in hours.items()},
        holidays=row.holidays,
        closed_days=tuple(json.loads(row.closed_days)),
        waiting_limit=row.waiting_limit,
        escalation_team_id=row.escalation_team_id,
        assignment=row.assignment,
        when_closed=row.when_closed,
        email=row.email,
        is_default=row.is_default,
        archived=row.archived_at is not None,
    )


def columns_of(team: Team) -> dict[str, Any]:
    """A checked team as columns, but for its id and its times."""
    return {
        "name": team.name.strip(),
        "languages": ",".join(team.languages),
        "topics": ",".join(team.topics),
        "timezone": team.timezone,
        "hours": json.dumps({day: list(items) for day, items in team.hours.items() if items}),
        "holidays": team.holidays or None,
        "closed_days": json.dumps(sorted(set(team.closed_days))),
        "waiting_limit": team.waiting_limit,
        "escalation_team_id": team.escalation_team_id or None,
        "assignment": team.assignment,
        "when_closed": team.when_closed,
        "email": team.email or None,
        "is_default": team.is_default,
    }


def _problems_of_names(team: Team) -> Sequence[Problem]:
    found = []
    if not 0 < len(team.name.strip()) <= 120:
        found.append(Problem("name", "Give the team a name of at most 120 characters."))
    for name, values, longest in (
        ("languages", team.languages, 100),
        ("topics", team.topics, 4_000),
    ):
        wrong = [value for value in values if value != ALL and not _NAME.fullmatch(value)]
        if not values:
            found.append(Problem(name, "Name at least one, or * for all."))
        elif wrong:
            found.append(
                Problem(
                    name,
                    "%(value)s is none: use short names in lower case, such as nb or order_status.",
                    {"value": wrong[0]},
                )
            )
        elif len(",".join(values)) > longest:
            found.append(Problem(name, "Those are too many."))
    return found


def _problems_of_time(team: Team) -> Sequence[Problem]:
    found = []
    try:
        ZoneInfo(team.timezone)
    except (ValueError, ZoneInfoNotFoundError, OSError):
        found.append(Problem("timezone", "Choose a time zone such as Europe/Oslo."))
    try:
        intervals = list(_intervals(team.hours))
    except ValueError as error:
        found.append(
            Problem("hours", "%(value)s is no time: write it as 08:00.", {"value": str(error)})
        )
    else:
        if _overlap(intervals):
            found.append(Problem("hours", "Two openings overlap: make one of them."))
    if team.holidays:
        try:
            public_holidays(team.holidays)
        except ValueError:
            found.append(
                Problem(
                    "holidays",
                    "%(value)s is no country with known holidays: use a code such as NO or DE-BY.",
                    {"value": team.holidays},
                )
            )
    for day in team.closed_days:
        try:
            date.fromisoformat(day)
        except ValueError:
            found.append(
                Problem("closed_days", "%(value)s is no day: write 2026-12-24.", {"value": day})
            )
            break
    return found


def _intervals(hours: Mapping[str, Sequence[tuple[str, str]]]) -> Sequence[Interval]:
    found = []
    for name, openings in hours.items():
        if name not in DAYS:
            raise ValueError(name)
        for start, end in openings:
            begins, ends = _minutes(start), _minutes(end)
            if begins == 1440:
                raise ValueError(start)
            # What ends when it begins is open for a whole day.
            found.append(Interval(DAYS.index(name), begins, ends if ends > begins else ends + 1440))
    return found


def _minutes(written: str) -> int:
    if not _TIME.fullmatch(written):
        raise ValueError(written)
    hours, minutes = written.split(":")
    return int(hours) * 60 + int(minutes)


def _overlap(intervals: Sequence[Interval]) -> bool:
    week = sorted(
        (item.weekday * 1440 + item.start, item.weekday * 1440 + item.end) for item in intervals
    )
    # Sunday night reaches into Monday.
    around = [*week, *((start + 7 * 1440, end + 7 * 1440) for start, end in week[:1])]
    return any(later[0] < earlier[1] for earlier, later in pairwise(around))
