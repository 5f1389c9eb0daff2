"""What an administrator is told about a team that can't be saved so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.handoff.team import Team, problems

GOOD = Team(
    "Returns",
    id="r",
    languages=("nb", "en"),
    topics=("return_terms",),
    hours={"mon": [("08:00", "12:00"), ("12:30", "16:00")], "sun": [("22:00", "06:00")]},
    holidays="NO",
    closed_days=("2026-12-24",),
    waiting_limit=300,
    escalation_team_id="x",
    when_closed="email",
    email="help@nordlys.example",
)


def test_a_good_one() -> None:
    assert problems(GOOD) == []
    assert problems(Team("x")) == []
    assert problems(replace(GOOD, hours={"mon": [("00:00", "24:00")]})) == []
    assert problems(replace(GOOD, hours={"sun": [("22:00", "08:00")], "mon": [("08:00", "9:00")]}))


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"name": "  "}, "name", "Give the team a name"),
        ({"name": "x" * 121}, "name", "120"),
        ({"languages": ()}, "languages", "at least one"),
        ({"languages": ("Norsk bokmål",)}, "languages", "Norsk bokmål is none"),
        ({"topics": ("a b",)}, "topics", "a b is none"),
        ({"languages": tuple(f"l{n}" for n in range(40))}, "languages", "too many"),
        ({"timezone": "Oslo"}, "timezone", "Europe/Oslo"),
        ({"timezone": "../etc/passwd"}, "timezone", "Europe/Oslo"),
        ({"hours": {"mon": [("8", "16:00")]}}, "hours", "8 is no time"),
        ({"hours": {"mon": [("08:00", "25:00")]}}, "hours", "25:00 is no time"),
        ({"hours": {"mon": [("24:00", "08:00")]}}, "hours", "24:00 is no time"),
        ({"hours": {"monday": [("08:00", "16:00")]}}, "hours", "monday is no time"),
        ({"hours": {"mon": [("08:00", "12:00"), ("11:00", "16:00")]}}, "hours", "overlap"),
        ({"hours": {"sun": [("22:00", "09:00")], "mon": [("08:00", "10:00")]}}, "hours", "overlap"),
        ({"holidays": "XX"}, "holidays", "XX is no country"),
        ({"closed_days": ("24.12.2026",)}, "closed_days", "24.12.2026 is no day"),
        ({"waiting_limit": 5}, "waiting_limit", "30 seconds"),
        ({"waiting_limit": None}, "waiting_limit", "after how long"),
        ({"escalation_team_id": "r"}, "escalation_team_id", "another team"),
        ({"assignment": "coin"}, "assignment", "Choose how"),
        ({"when_closed": "fax"}, "when_closed", "Choose what"),
        ({"email": None}, "email", "Write the address"),
        ({"email": "help"}, "email", "help@shop.example"),
    ],
)
def test_what_is_wrong_is_named(changes: dict[str, object], field: str, words: str) -> None:
    found = problems(replace(GOOD, **changes))  # type: ignore[arg-type]
    assert [problem.field for problem in found] == [field]
    assert words in str(found[0])
