"""A team as a form: what is typed, read into a Team, and a Team's fields as they are shown."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.datastructures import FormData

from bot.console.account import text_of
from bot.console.words import mark
from bot.handoff.hours import DAYS
from bot.handoff.team import Problem, Team

DAY_NAMES: Mapping[str, str] = {
    "mon": mark("Monday"),
    "tue": mark("Tuesday"),
    "wed": mark("Wednesday"),
    "thu": mark("Thursday"),
    "fri": mark("Friday"),
    "sat": mark("Saturday"),
    "sun": mark("Sunday"),
}
ASSIGNMENTS: Mapping[str, str] = {
    "take": mark("Agents take conversations out of the queue"),
    "auto": mark("The one that has waited longest goes to whoever has room"),
}
WHEN_CLOSED: Mapping[str, str] = {
    "case": mark("A case, which is answered later"),
    "callback": mark("A call back"),
    "email": mark("The e-mail address below"),
}
# What bot/handoff/team.py finds wrong, for the catalogues.
PROBLEMS: Sequence[str] = (
    mark("Give the team a name of at most 120 characters."),
    mark("Name at least one, or * for all."),
    mark("%(value)s is none: use short names in lower case, such as nb or order_status."),
    mark("Those are too many."),
    mark("Choose a time zone such as Europe/Oslo."),
    mark("%(value)s is no time: write it as 08:00."),
    mark("Two openings overlap: make one of them."),
    mark("%(value)s is no country with known holidays: use a code such as NO or DE-BY."),
    mark("%(value)s is no day: write 2026-12-24."),
    mark("Choose how conversations are assigned."),
    mark("Choose what customers are offered when it is closed."),
    mark("Write the address that customers are given when it is closed."),
    mark("Write an e-mail address such as help@shop.example."),
    mark("The waiting limit must be 30 seconds to 24 hours."),
    mark("Say after how long the other team takes over, or name none."),
    mark("Choose another team than this one."),
    mark("%(value)s is another team's name already."),
    mark("Choose a team that is in use."),
    mark("Make another team the default one instead."),
    mark("Make another team the default one first: one must be there"),
)

_NO_HOURS = mark("Write when it is open on one day at least, or choose around the clock.")
_NO_NUMBER = mark("The waiting limit must be a number of minutes.")
_DASHES = re.compile(r"\s*[-–—]\s*")
_SEPARATORS = re.compile(r"[\s,;]+")


@dataclass(frozen=True)
class TeamFields:
    """The form's fields as texts, as they are shown and as they came."""

    name: str
    languages: str
    topics: str
    timezone: str
    around_the_clock: bool
    hours: Mapping[str, str]
    holidays: str
    closed_days: str
    waiting_minutes: str
    escalation: str
    assignment: str
    when_closed: str
    email: str
    is_default: bool
    members: frozenset[str]


def fields_of(team: Team, members: frozenset[str]) -> TeamFields:
    """What the form shows of a team."""
    limit = team.waiting_limit
    return TeamFields(
        name=team.name,
        languages=", ".join(team.languages),
        topics=", ".join(team.topics),
        timezone=team.timezone,
        around_the_clock=not any(team.hours.values()),
        hours={
            day: ", ".join(f"{start}–{end}" for start, end in team.hours.get(day, ()))
            for day in DAYS
        },
        holidays=team.holidays or "",
        closed_days="\n".join(team.closed_days),
        waiting_minutes="" if limit is None else f"{limit / 60:g}",
        escalation=team.escalation_team_id or "",
        assignment=team.assignment,
        when_closed=team.when_closed,
        email=team.email or "",
        is_default=team.is_default,
        members=members,
    )


def read_fields(form: FormData) -> TeamFields:
    """What was sent."""
    return TeamFields(
        name=text_of(form, "name"),
        languages=text_of(form, "languages"),
        topics=text_of(form, "topics"),
        timezone=text_of(form, "timezone").strip(),
        around_the_clock=text_of(form, "open") == "always",
        hours={day: text_of(form, f"hours_{day}") for day in DAYS},
        holidays=text_of(form, "holidays").strip().upper(),
        closed_days=text_of(form, "closed_days"),
        waiting_minutes=text_of(form, "waiting_minutes").strip(),
        escalation=text_of(form, "escalation"),
        assignment=text_of(form, "assignment"),
        when_closed=text_of(form, "when_closed"),
        email=text_of(form, "email").strip(),
        is_default="is_default" in form,
        members=frozenset(str(value) for value in form.getlist("member")),
    )


def team_from(fields: TeamFields, team_id: str | None) -> tuple[Team, Sequence[Problem]]:
    """The team, and what is wrong with what was typed before it can be one."""
    found = []
    hours = {} if fields.around_the_clock else _hours(fields.hours)
    if not fields.around_the_clock and not any(hours.values()):
        found.append(Problem("hours", _NO_HOURS))
    limit = None
    if fields.waiting_minutes:
        try:
            limit = round(float(fields.waiting_minutes.replace(",", ".")) * 60)
        except (ValueError, OverflowError):
            found.append(Problem("waiting_limit", _NO_NUMBER))
    team = Team(
        id=team_id,
        name=fields.name,
        languages=_names(fields.languages),
        topics=_names(fields.topics),
        timezone=fields.timezone,
        hours=hours,
        holidays=fields.holidays or None,
        closed_days=tuple(sorted({day for day in _SEPARATORS.split(fields.closed_days) if day})),
        waiting_limit=limit,
        escalation_team_id=fields.escalation or None,
        # Checked where it is saved, with the rest.
        assignment=fields.assignment,  # type: ignore[arg-type]
        when_closed=fields.when_closed,  # type: ignore[arg-type]
        email=fields.email or None,
        is_default=fields.is_default,
    )
    return team, found


def _names(typed: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.lower() for name in _SEPARATORS.split(typed) if name))


def _hours(typed: Mapping[str, str]) -> dict[str, list[tuple[str, str]]]:
    hours: dict[str, list[tuple[str, str]]] = {}
    for day, text in typed.items():
        for part in filter(None, (part.strip() for part in text.split(","))):
            ends = _DASHES.split(part)
            # What has no two ends is named as it is by the team's own check.
            start, end = (ends[0], ends[1]) if len(ends) == 2 else (part, part)
            hours.setdefault(day, []).append((_padded(start), _padded(end)))
    return hours


def _padded(time: str) -> str:
    """8 and 8:00 are 08:00."""
    hour, _, minute = time.replace(".", ":").partition(":")
    return f"{hour.zfill(2)}:{minute or '00'}" if hour.isdecimal() and len(hour) <= 2 else time
