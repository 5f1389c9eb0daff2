"""What administrators and staff keep at the desk: teams, canned answers, tags, files."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot.errors import HandoffRefused
from bot.handoff.canned import CannedAnswer, CannedAnswers
from bot.handoff.keeping import Tags, Upload, Uploads
from bot.handoff.team import Team
from bot.handoff.teams import TeamRefused, Teams
from bot.model.handoff import State
from bot.pipeline.redis_streams.client import Redis
from bot.record.database import Database
from tests.desks import DeskBench

ANSWER = CannedAnswer("hilsen", "nb", "Hilsen", "Hei {customer_name}, jeg heter {agent_name}.")


@pytest.fixture
def bench(database: Database, redis: Redis) -> DeskBench:
    return DeskBench(database, redis)


async def test_there_is_a_default_team_from_the_first_moment(database: Database) -> None:
    first, second = Teams(database), Teams(database)
    lists = await asyncio.gather(first.list(), second.list())
    assert lists[0] == lists[1]
    (team,) = lists[0]
    assert (team.is_default, team.languages, team.topics, team.timezone) == (
        True,
        ("*",),
        ("*",),
        "Europe/Oslo",
    )


async def test_a_team_is_kept_as_it_was_entered(bench: DeskBench) -> None:
    teams = bench.teams
    (default,) = await teams.list()
    made = await teams.save(
        Team(
            "Retur",
            languages=("nb", "en"),
            topics=("return_terms",),
            timezone="Europe/London",
            hours={"mon": [("08:00", "12:00"), ("13:00", "16:00")], "tue": []},
            holidays="NO",
            closed_days=("2026-12-24", "2026-12-24"),
            waiting_limit=600,
            escalation_team_id=default.id,
            assignment="auto",
            when_closed="email",
            email="retur@nordlys.example",
        )
    )
    assert made.id
    assert await teams.find(made.id) == made
    assert made.hours == {"mon": [("08:00", "12:00"), ("13:00", "16:00")]}
    assert made.closed_days == ("2026-12-24",)
    changed = await teams.save(
        replace(made, name="Returer", waiting_limit=None, escalation_team_id=None)
    )
    assert (changed.id, changed.name) == (made.id, "Returer")
    kari = await bench.agent("Kari")
    await teams.set_members(made.id, [kari.id, kari.id])
    assert [member.name for member in await teams.members(made.id)] == ["Kari"]
    with pytest.raises(HandoffRefused, match="no account nix"):
        await teams.set_members(made.id, ["nix"])
    assert len(await teams.members(made.id)) == 1


async def test_what_a_team_can_not_be(bench: DeskBench) -> None:
    teams = bench.teams
    (default,) = await teams.list()
    for team, field in (
        (Team(""), "name"),
        (Team("customer SERVICE"), "name"),
        (Team("x", waiting_limit=60, escalation_team_id="nix"), "escalation_team_id"),
        (replace(default, is_default=False), "is_default"),
    ):
        with pytest.raises(TeamRefused) as refused:
            await teams.save(team)
        assert [problem.field for problem in refused.value.problems] == [field]
    with pytest.raises(HandoffRefused, match="no such team"):
        await teams.save(Team("x", id="nix"))
    with pytest.raises(HandoffRefused, match="another team the default"):
        await teams.archive(default.id or "")
    assert await teams.list() == [default]


async def test_a_team_that_is_archived_leaves_nobody_waiting(bench: DeskBench) -> None:
    await bench.agent("Kari")
    teams = bench.teams
    (default,) = await teams.list()
    other = await teams.save(Team("Retur", topics=("return_terms",), is_default=True))
    first = await teams.save(
        Team("Norsk", languages=("nb",), waiting_limit=60, escalation_team_id=default.id)
    )
    assert [team.is_default for team in await teams.list()] == [True, False, False]
    asked = await bench.ask("web:c1", team=default.id)
    assert asked.team_id == default.id
    await teams.archive(default.id or "")
    assert (await bench.desk.find(asked.id)).team_id == other.id
    assert {team.id for team in await teams.list()} == {other.id, first.id}
    assert len(await teams.list(archived=True)) == 3
    assert (await teams.find(first.id or "")).escalation_team_id is None
    assert (await bench.desk.find(asked.id)).state is State.WAITING
    assert not (await teams.save(replace(default, is_default=False))).archived


async def test_canned_answers(database: Database) -> None:
    answers = CannedAnswers(database, placeholders=("order_number",))
    await answers.save(ANSWER)
    await answers.save(replace(ANSWER, language="en", title="Greeting", text="Hi {customer_name}"))
    await answers.save(CannedAnswer("åpent", "nb", "Åpningstider", "Vi har åpent 8–16. 100 %!"))
    await answers.save(replace(ANSWER, title="Hilsen igjen"))
    assert [(a.shortcut, a.language) for a in await answers.list()] == [
        ("hilsen", "en"),
        ("hilsen", "nb"),
        ("åpent", "nb"),
    ]
    assert [a.language for a in await answers.search("hils", "nb")] == ["nb", "en"]
    assert [a.language for a in await answers.search("", "en")] == ["en", "nb", "nb"]
    assert [a.shortcut for a in await answers.search("ÅPENT 16", "nb")] == ["åpent"]
    assert [a.shortcut for a in await answers.search("100 %", "nb")] == ["åpent"]
    assert await answers.search("nix", "nb") == []
    assert (await answers.find("hilsen", "nb")).title == "Hilsen igjen"
    await answers.delete("hilsen", "nb")
    with pytest.raises(HandoffRefused, match="no such canned answer"):
        await answers.find("hilsen", "nb")


async def test_tags(bench: DeskBench) -> None:
    tags = Tags(bench.database)
    first, second = await bench.ask("web:c1"), await bench.ask("web:c2")
    assert await tags.add(first.id, "  Sen   LEVERING ") == ["sen levering"]
    assert await tags.add(first.id, "sen levering") == ["sen levering"]
    assert await tags.add(first.id, "100%") == ["100%", "sen levering"]
    await tags.add(second.id, "sen levering")
    assert await tags.known() == ["sen levering", "100%"]
    assert await tags.known("SEN") == ["sen levering"]
    assert await tags.known("%") == []
    (row,) = (await bench.views.history("web:c1")).handoffs
    assert row.tags == ("100%", "sen levering")
    assert await tags.remove(first.id, "100%") == ["sen levering"]
    for handoff_id, tag, reason in (
        ("nix", "a", "unknown"),
        (first.id, " ", "empty"),
        (first.id, "x" * 65, "too_long"),
    ):
        with pytest.raises(HandoffRefused) as refused:
            await tags.add(handoff_id, tag)
        assert refused.value.reason == reason


async def test_files(database: Database) -> None:
    uploads = Uploads(database)
    upload = Upload("kvittering.pdf", "application/pdf", bytes(range(256)) * 100, "web:c1")
    token = await uploads.add(upload, "kari")
    assert len(token) >= 43
    assert await uploads.find(token) == upload
    assert await uploads.find(token[:-1]) is None
    assert await uploads.find("\ud800") is None


async def test_the_queue_is_read_page_by_page(bench: DeskBench) -> None:
    kari = await bench.agent("Kari")
    for number in range(5):
        bench.clock.advance(1)
        await bench.ask(f"web:{number}")
    team = (await bench.teams.list())[0].id or ""
    page = await bench.views.queue([team], limit=2, offset=1)
    assert [row.handoff.conversation_id for row in page.rows] == ["web:1", "web:2"]
    assert (page.total, page.rows[0].team) == (5, "Customer service")
    assert (await bench.views.queue([])).total == 0
    assert (await bench.views.queue()).total == 5
    await bench.desk.claim_next(kari)
    assert [row.handoff.conversation_id for row in await bench.views.mine(kari.id)] == ["web:0"]
    (line,) = await bench.views.agents_board()
    assert (line.name, line.status, len(line.conversations)) == ("Kari", "there", 1)
    bench.clock.advance(200)
    (line,) = await bench.views.agents_board()
    assert line.status == "gone"
    assert await bench.views.row("nix") is None


async def test_what_postgresql_takes_in_no_text_is_left_out(bench: DeskBench) -> None:
    kari = await bench.agent("Kari")
    tags = Tags(bench.database)
    asked = await bench.ask("web:c1", note="Asks\0 twice", topic="order\0_status")
    assert (asked.note, asked.topic) == ("Asks twice", "order_status")
    await bench.desk.claim(asked.id, kari)
    await bench.desk.add_note(asked.id, kari, "Has\0 called")
    assert await tags.add(asked.id, "ret\0ur") == ["retur"]
    assert await tags.remove(asked.id, "ret\0ur") == []
    returned = await bench.desk.return_to_bot(asked.id, kari, {}, note="Do\0ne")
    assert returned.note == "Done"
    (note,) = (await bench.views.history("web:c1")).notes
    assert note.text == "Has called"
    with pytest.raises(HandoffRefused, match="no such conversation"):
        await bench.desk.find("\0")
    assert await bench.views.row("\0") is None
    with pytest.raises(HandoffRefused, match="Write something"):
        await bench.desk.add_note(asked.id, kari, "\0")
