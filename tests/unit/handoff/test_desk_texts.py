"""What the desk says: files that are complete, and sentences that people would say."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import pytest
import yaml

from bot.errors import SettingsError
from bot.handoff.sayings import Sayings
from bot.handoff.team import Team
from bot.handoff.texts import KEYS, load_texts
from bot.model.content import QuickReplies, Rating, Text
from bot.model.handoff import Agent
from tests.desks import TEXTS

NOW = datetime(2026, 3, 3, 17, 0, tzinfo=timezone.utc)
OFFICE = {day: [("08:00", "16:00")] for day in ("mon", "tue", "wed", "thu", "fri")}
TEAM = Team("Kundeservice", hours=OFFICE)


@pytest.fixture(scope="module")
def sayings() -> Sayings:
    return Sayings(load_texts(TEXTS))


def folder(path: Path, **changes: object) -> Path:
    """The English texts, changed."""
    texts = yaml.safe_load((TEXTS / "en.yml").read_text())
    for key, value in changes.items():
        if value is None:
            del texts[key]
        else:
            texts[key] = value
    (path / "en.yml").write_text(yaml.safe_dump(texts))
    return path


def test_a_language_without_a_file_gets_english() -> None:
    texts = load_texts(TEXTS)
    assert texts.languages == ("en", "nb")
    assert texts.get("nb_NO", "taken", agent="Kari") == "Nå snakker du med Kari."
    assert texts.get("de", "taken", agent="Kari") == "You are talking to Kari now."
    assert texts.get("en-US", "taken", agent="{agent}") == "You are talking to {agent} now."


def test_a_company_adds_a_file(tmp_path: Path) -> None:
    folder(tmp_path)
    german = yaml.safe_load((TEXTS / "en.yml").read_text()) | {"taken": "Sie sprechen mit {agent}."}
    (tmp_path / "de.yml").write_text(yaml.safe_dump(german))
    sayings = Sayings(load_texts(tmp_path))
    assert sayings.taken("de-AT", Agent("1", "Kari")) == Text("Sie sprechen mit Kari.")
    closed = sayings.closed("de", replace(TEAM, hours={"sun": [("08:00", "09:00")]}), NOW)
    assert isinstance(closed, QuickReplies)
    assert "on Sonntag at 08:00" in closed.text


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"taken": None}, "taken is missing"),
        ({"takn": "x"}, "takn is no text of the desk"),
        ({"taken": "Hi {name}, {agent}"}, "taken: unknown placeholder {name}"),
        ({"taken": "Hi"}, "taken: the placeholder {agent} is left out"),
        ({"taken": "Hi {agent!r}"}, "taken: a placeholder is a name in braces and nothing else"),
        ({"taken": "Hi {agent.name}"}, "unknown placeholder {agent.name}"),
        ({"taken": "Hi {agent"}, "taken: its braces do not fit"),
        ({"taken": 7}, "taken: must be a text"),
        ({"rating": " "}, "rating: must be a text"),
    ],
)
def test_faults_are_named(tmp_path: Path, changes: dict[str, object], problem: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load_texts(folder(tmp_path, **changes))
    assert any(problem in found for found in refused.value.problems)


def test_all_faults_at_once(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"en\.yml is missing"):
        load_texts(tmp_path)
    folder(tmp_path, taken=None, rating=None)
    (tmp_path / "nb.yml").write_text("- a list")
    (tmp_path / "sv.yml").write_bytes(b"\xff\xfe: [")
    with pytest.raises(SettingsError) as refused:
        load_texts(tmp_path)
    assert len(refused.value.problems) == 4


@pytest.mark.parametrize("language", ["en", "nb"])
def test_every_text_is_used(language: str) -> None:
    """A text that nothing says would only look as if it could be changed."""
    source = "".join(
        path.read_text() for path in (TEXTS.parents[1] / "bot" / "handoff").glob("*.py")
    )
    unused = [
        key
        for key in KEYS
        if source.count(f'"{key}"') < 2 and f"offer_{key.removeprefix('offer_')}" != key
    ]
    assert unused == []
    assert set(yaml.safe_load((TEXTS / f"{language}.yml").read_text())) == set(KEYS)


@pytest.mark.parametrize(
    ("opens", "english", "norwegian"),
    [
        ("2026-03-03 19:30", "today at 19:30", "i dag klokken 19:30"),
        ("2026-03-04 08:00", "tomorrow at 08:00", "i morgen klokken 08:00"),
        ("2026-03-09 08:00", "on Monday at 08:00", "mandag klokken 08:00"),
        ("2026-03-17 08:00", "on Tuesday 17 March at 08:00", "tirsdag 17. mars klokken 08:00"),
    ],
)
def test_when_it_opens(sayings: Sayings, opens: str, english: str, norwegian: str) -> None:
    day, time = opens.split()
    weekday = datetime.fromisoformat(day).strftime("%a").lower()
    closed = [(date(2026, 3, 1) + timedelta(days=number)).isoformat() for number in range(30)]
    closed.remove(day)
    team = replace(TEAM, hours={weekday: [(time, "23:00")]}, closed_days=tuple(closed))
    for language, words in (("en", english), ("nb", norwegian)):
        content = sayings.closed(language, team, NOW)
        assert isinstance(content, QuickReplies)
        assert f" {words}. " in content.text


def test_a_team_that_never_opens_promises_nothing(sayings: Sayings) -> None:
    days = [(NOW + timedelta(days=number)).date().isoformat() for number in range(-2, 90)]
    content = sayings.closed("en", replace(TEAM, closed_days=tuple(days)), NOW)
    assert isinstance(content, QuickReplies)
    assert content.text.startswith("My colleagues are not at work now. I can open a case")


@pytest.mark.parametrize(
    ("seconds", "english", "norwegian"),
    [
        (0, "1 minute", "1 minutt"),
        (61, "2 minutes", "2 minutter"),
        (11 * 60, "15 minutes", "15 minutter"),
        (75 * 60, "75 minutes", "75 minutter"),
        (120 * 60, "120 minutes", "120 minutter"),
        (121 * 60, "3 hours", "3 timer"),
    ],
)
def test_how_long_it_takes(sayings: Sayings, seconds: int, english: str, norwegian: str) -> None:
    wait = timedelta(seconds=seconds)
    english_text = sayings.in_queue("en", 2, wait)
    norwegian_text = sayings.in_queue("nb", 1, wait)
    assert isinstance(english_text, QuickReplies)
    assert isinstance(norwegian_text, QuickReplies)
    assert f"You are number 2 in the queue. The wait is about {english} " in english_text.text
    assert f"Du er nestemann i køen. Ventetiden er omtrent {norwegian} " in norwegian_text.text


def test_without_data_there_is_no_promise(sayings: Sayings) -> None:
    content = sayings.in_queue("en", 3, None)
    assert isinstance(content, QuickReplies)
    assert "wait is about" not in content.text
    assert [reply.payload for reply in content.replies] == ["/back_to_bot"]


def test_the_rating_comes_back_as_a_command(sayings: Sayings) -> None:
    assert sayings.rating("nb") == Rating(
        "Hvor fornøyd er du med hjelpen du fikk?", '/rate{"rating": "$rating"}'
    )
