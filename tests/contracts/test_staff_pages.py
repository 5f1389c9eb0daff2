"""The pages of accounts and administration, over real HTTP."""

from __future__ import annotations

import ast
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from starlette.datastructures import FormData

from bot.console.canned_admin import PROBLEMS as CANNED_PROBLEMS
from bot.console.team_form import PROBLEMS as TEAM_PROBLEMS
from bot.console.team_form import fields_of, read_fields, team_from
from bot.handoff.canned import CannedAnswers
from bot.handoff.team import Team
from bot.handoff.teams import Teams
from bot.model.staff import Role
from bot.record.database import Database
from tests.staff import PASSWORD, Staff, database, migrated_dsn, staff_of
from tests.staff_console import StaffBrowser, StaffConsole, staff_console

__all__ = ["database", "migrated_dsn"]

pytestmark = pytest.mark.parametrize("migrated_dsn", ["sqlite"], indirect=True)
HANDOFF = Path(__file__).resolve().parents[2] / "bot" / "handoff"
NEW = "tre hester på månen"

TEAM = {
    "name": "Klager",
    "languages": "nb, EN",
    "topics": "complaint return_order",
    "timezone": "Europe/Oslo",
    "open": "hours",
    "hours_mon": "8-16, 17:30 – 20",
    "hours_fri": "22:00-02:00",
    "holidays": "no",
    "closed_days": "2026-12-24\r\n2026-12-31",
    "waiting_minutes": "2,5",
    "escalation": "default",
    "assignment": "auto",
    "when_closed": "email",
    "email": "help@shop.example",
}


@pytest.fixture
def staff(database: Database) -> Iterator[Staff]:
    with staff_of(database) as made:
        yield made


@pytest.fixture
async def console(staff: Staff) -> AsyncIterator[StaffConsole]:
    await staff.add("boss", Role.ADMINISTRATOR, name="Berit Boss")
    async with staff_console(staff) as served:
        yield served


@pytest.fixture
async def boss(console: StaffConsole) -> AsyncIterator[StaffBrowser]:
    async with console.browser() as browser:
        await browser.sign_in("boss")
        yield browser


async def test_an_account_is_made_used_and_taken_away(
    console: StaffConsole, boss: StaffBrowser
) -> None:
    made = await boss.post(
        "/console/admin/accounts",
        {
            "login": "Kari@shop.example",
            "name": "Kari <b>",
            "role": ["agent", "supervisor"],
            "capacity": "3",
            "language": "nb",
        },
    )
    assert made.status_code == 200
    found = re.search(r"<code>([^<]+)</code>", made.text)
    assert found is not None
    password = found[1]
    assert "Kari &lt;b&gt;" in made.text
    kari = await console.staff.accounts.find_login("kari@shop.example")
    assert kari is not None
    assert (kari.member.capacity, kari.member.language) == (3, "nb")
    one = f"/console/admin/accounts/{kari.member.id}"
    assert password not in (await boss.get(one)).text
    assert "kari@shop.example" in (await boss.get("/console/admin/accounts")).text

    async with console.browser() as browser:
        await browser.sign_in("kari@shop.example", password)
        assert "Kontoen din" in (await browser.get("/console/account")).text
        reset = await boss.post(f"{one}/password")
        again = re.search(r"<code>([^<]+)</code>", reset.text)
        assert again is not None
        assert (await browser.get("/console/account")).status_code == 303
        assert (await browser.sign_in("kari@shop.example", password)).status_code == 401
        assert (await browser.sign_in("kari@shop.example", again[1])).status_code == 303
        ended = await boss.post(f"{one}/sessions")
        assert "1 session is ended." in (await boss.get(ended.headers["location"])).text
        await browser.sign_in("kari@shop.example", again[1])
        await boss.post(one, {"name": "Kari", "role": "nlu_developer", "capacity": "9"})
        assert (await browser.get("/console/admin/accounts")).status_code == 403
        await boss.post(f"{one}/disable")
        assert (await browser.get("/console/account")).status_code == 303
        assert (await browser.sign_in("kari@shop.example", again[1])).status_code == 401
        await boss.post(f"{one}/enable")
        assert (await browser.sign_in("kari@shop.example", again[1])).status_code == 303
    log = (await boss.get("/console/admin/audit?kind=account.")).text
    for said in ("added", "disabled", "enabled", "changed"):
        assert f"Account {said}" in log
    assert "New password" in log
    assert "Sessions ended" in log
    assert password not in log
    assert again[1] not in log
    assert "Sign-in failed" not in log


async def test_what_is_wrong_is_said_and_what_was_typed_is_kept(boss: StaffBrowser) -> None:
    typed = {"login": "Kari Nordmann", "name": "Kari", "role": "agent", "capacity": "7"}
    for changed, said in [
        ({}, "an e-mail address or a short name"),
        ({"login": "boss"}, "with this login already"),
        ({"login": "kari", "role": "king"}, "at least one role"),
        ({"login": "kari", "capacity": "many"}, "a number from 1 to 100"),
        ({"login": "kari", "capacity": "9" * 5_000}, "a number from 1 to 100"),
        ({"login": "kari", "name": " "}, "readable characters"),
    ]:
        answer = await boss.post("/console/admin/accounts", {**typed, **changed})
        assert answer.status_code == 422
        assert said in answer.text
        assert f'value="{changed.get("login", typed["login"])}"' in answer.text
    for path in ("/console/admin/accounts/nobody", "/console/admin/teams/none"):
        missing = await boss.get(path)
        assert missing.status_code == 404
        assert "There is no such" in missing.text
        assert "To the start" in missing.text
        as_data = await boss.get(path, accept="application/json")
        assert as_data.json()["error"]["code"] == "not_found"
        assert (await boss.post(path, typed)).status_code == 404


async def test_the_last_administrator_is_told_why(
    console: StaffConsole, boss: StaffBrowser
) -> None:
    account = await console.staff.accounts.find_login("boss")
    assert account is not None
    one = f"/console/admin/accounts/{account.member.id}"
    for path, fields in [(f"{one}/disable", {}), (one, {"name": "Berit", "role": "agent"})]:
        answer = await boss.post(path, fields)
        assert answer.status_code == 422
        assert "This is the last administrator." in answer.text
    assert (await boss.get(one)).status_code == 200


async def test_ones_own_account(console: StaffConsole) -> None:
    staff = console.staff
    kari = await staff.add("kari")
    async with (
        console.browser(**{"User-Agent": "Laptop"}) as laptop,
        console.browser(**{"User-Agent": "Phone"}) as phone,
        console.browser(**{"User-Agent": "Tablet"}) as tablet,
    ):
        for browser in (laptop, phone, tablet):
            await browser.sign_in("kari")
        saved = await laptop.post("/console/account", {"name": "Kari N.", "language": "nb"})
        shown = (await laptop.get(saved.headers["location"])).text
        assert "Lagret." in shown
        assert "Lagret." not in (await laptop.get("/console/account")).text
        account = await staff.accounts.find(kari.id)
        assert account is not None
        assert (account.member.name, account.member.sound) == ("Kari N.", False)
        bad = await laptop.post("/console/account", {"name": "", "language": "nb"})
        assert bad.status_code == 422
        assert "1 til 255 lesbare tegn" in bad.text

        (session,) = [one for one in await staff.sessions.of(kari.id) if one.client == "Tablet"]
        assert f"/console/account/sessions/{session.id}" in shown
        await laptop.post(f"/console/account/sessions/{session.id}")
        assert (await tablet.get("/console/account")).status_code == 303

        wrong = {"old": "no", "new": NEW, "again": NEW}
        for fields, said in [
            (wrong, "Det gamle passordet er feil."),
            ({**wrong, "old": PASSWORD, "again": "x"}, "er ikke like"),
            ({**wrong, "old": PASSWORD, "new": "short", "again": "short"}, "minst 12 tegn"),
        ]:
            answer = await laptop.post("/console/account/password", fields)
            assert answer.status_code == 422
            assert said in answer.text
        assert (await phone.get("/console/account")).status_code == 200
        changed = {"old": PASSWORD, "new": NEW, "again": NEW}
        assert (await laptop.post("/console/account/password", changed)).status_code == 303
        assert (await laptop.get("/console/account")).status_code == 200
        assert (await phone.get("/console/account")).status_code == 303
        assert (await phone.sign_in("kari", NEW)).status_code == 303
        await laptop.post("/console/account/sessions")
        assert (await phone.get("/console/account")).status_code == 303

        for _ in range(5):
            await laptop.post("/console/account/password", wrong)
        tired = await laptop.post("/console/account/password", {**wrong, "old": NEW})
        assert "For mange forsøk." in tired.text
        assert (await phone.sign_in("kari", NEW)).status_code == 303, "signing in is another limit"


async def test_nobody_ends_another_persons_session(console: StaffConsole) -> None:
    staff = console.staff
    await staff.add("kari")
    ola = await staff.add("ola")
    async with console.browser() as karis, console.browser() as olas:
        await karis.sign_in("kari")
        await olas.sign_in("ola")
        (session,) = await staff.sessions.of(ola.id)
        await karis.post(f"/console/account/sessions/{session.id}")
        assert (await olas.get("/console/account")).status_code == 200


async def test_a_team_is_made_changed_and_put_out_of_use(
    console: StaffConsole, boss: StaffBrowser
) -> None:
    staff = console.staff
    teams = Teams(staff.database)
    kari = await staff.add("kari")
    assert "Customer service" in (await boss.get("/console/admin/teams")).text
    assert "Europe/Oslo" in (await boss.get("/console/admin/teams/new")).text
    made = await boss.post("/console/admin/teams", {**TEAM, "member": kari.id})
    assert made.status_code == 303, made.text
    (team,) = [team for team in await teams.list() if not team.is_default]
    assert team.id is not None
    assert team.languages == ("nb", "en")
    assert team.topics == ("complaint", "return_order")
    assert team.hours == {
        "mon": [("08:00", "16:00"), ("17:30", "20:00")],
        "fri": [("22:00", "02:00")],
    }
    assert (team.holidays, team.waiting_limit, team.assignment) == ("NO", 150, "auto")
    assert team.closed_days == ("2026-12-24", "2026-12-31")
    assert [member.id for member in await teams.members(team.id)] == [kari.id]

    one = f"/console/admin/teams/{team.id}"
    form = (await boss.get(one)).text
    assert "08:00–16:00, 17:30–20:00" in form
    assert 'value="2.5"' in form
    await boss.post(one, {**TEAM, "name": "Klager og retur", "open": "always"})
    changed = await teams.find(team.id)
    assert (changed.name, changed.hours) == ("Klager og retur", {})
    assert await teams.members(team.id) == []
    await boss.post(f"{one}/archive")
    assert (await teams.find(team.id)).archived
    assert "out of use" in (await boss.get("/console/admin/teams")).text
    await boss.post(one, TEAM)
    assert not (await teams.find(team.id)).archived
    refused = await boss.post("/console/admin/teams/default/archive")
    assert (
        "Make another team the default one first"
        in (await boss.get(refused.headers["location"])).text
    )
    log = (await boss.get("/console/admin/audit?kind=team.")).text
    assert "Team added" in log
    assert "Klager → Klager og retur" in log
    assert "Team taken out of use" in log


async def test_what_is_wrong_with_a_team_stands_at_its_field(boss: StaffBrowser) -> None:
    await boss.get("/console/admin/teams")
    for changed, said in [
        ({"name": ""}, "Give the team a name"),
        ({"name": "customer SERVICE"}, "customer SERVICE is another team"),
        ({"languages": " "}, "Name at least one"),
        ({"languages": "nb, <i>"}, "&lt;i&gt; is none"),
        ({"timezone": "Mars/Olympus"}, "Choose a time zone"),
        ({"hours_mon": "8-25"}, "25:00 is no time"),
        ({"hours_mon": "eight"}, "eight is no time"),
        ({"hours_mon": "08-12, 11-14"}, "overlap"),
        ({"hours_mon": "", "hours_fri": " "}, "Write when it is open"),
        ({"holidays": "XX"}, "XX is no country"),
        ({"closed_days": "24.12.2026"}, "24.12.2026 is no day"),
        ({"waiting_minutes": "soon"}, "must be a number of minutes"),
        ({"waiting_minutes": "inf"}, "must be a number of minutes"),
        ({"waiting_minutes": "0.1"}, "30 seconds to 24 hours"),
        ({"waiting_minutes": ""}, "after how long"),
        ({"escalation": "none"}, "Choose a team that is in use."),
        ({"assignment": "x"}, "how conversations are assigned"),
        ({"when_closed": "x"}, "what customers are offered"),
        ({"email": ""}, "Write the address"),
        ({"email": "nobody"}, "Write an e-mail address"),
    ]:
        answer = await boss.post("/console/admin/teams", {**TEAM, **changed})
        assert answer.status_code == 422, changed
        assert said in answer.text, changed
        assert 'aria-invalid="true"' in answer.text
        assert "help@shop.example" in answer.text or "email" in changed


async def test_a_canned_answer_is_kept(console: StaffConsole, boss: StaffBrowser) -> None:
    answers = CannedAnswers(console.staff.database)
    typed = {
        "shortcut": "/Levering",
        "language": "nb",
        "title": "Leveringstid",
        "text": "Hei {customer_name},\r\npakken kommer snart.",
    }
    assert "no canned answers yet" in (await boss.get("/console/admin/canned")).text
    made = await boss.post("/console/admin/canned", typed)
    assert made.status_code == 303
    found = await answers.find("levering", "nb")
    assert found.text == "Hei {customer_name},\npakken kommer snart."
    for changed, said in [
        ({}, "There is one with this shortcut"),
        ({"shortcut": "a b"}, "A shortcut has 1 to 64"),
        ({"shortcut": "x", "language": "norsk!"}, "The language must be a code"),
        ({"shortcut": "x", "title": " "}, "Give it a title"),
        ({"shortcut": "x", "text": "{king}"}, "{king} is no placeholder"),
        ({"shortcut": "x", "text": "{"}, "A brace is not closed"),
        ({"shortcut": "x", "text": "x" * 4_001}, "at most 4000"),
    ]:
        answer = await boss.post("/console/admin/canned", {**typed, **changed})
        assert answer.status_code == 422, changed
        assert said in answer.text, changed
    one = "/console/admin/canned/nb/levering"
    assert "pakken kommer snart" in (await boss.get(one)).text
    await boss.post(one, {**typed, "shortcut": "frakt"})
    assert [answer.shortcut for answer in await answers.list()] == ["frakt"]
    assert (await boss.get(one)).status_code == 404
    await boss.post("/console/admin/canned/nb/frakt/delete")
    assert await answers.list() == []
    log = (await boss.get("/console/admin/audit?kind=canned.")).text
    for said in ("added", "changed", "deleted"):
        assert f"Canned answer {said}" in log


async def test_the_audit_log_is_read_page_by_page(
    console: StaffConsole, boss: StaffBrowser
) -> None:
    for number in range(60):
        await console.staff.audit.record(None, "conversation.read", f"web:{number:03}")
    first = (await boss.get("/console/admin/audit?kind=conversation.")).text
    assert "web:059" in first
    assert "web:009" not in first
    older = re.search(r'href="(/console/admin/audit\?before=[^"]+)"', first)
    assert older is not None
    rest = (await boss.get(older[1].replace("&amp;", "&"))).text
    assert "web:009" in rest
    assert "web:010" not in rest
    for odd in ("before=x", "before=" + "9" * 30, "kind=%25", "who=%00", "before=-1"):
        assert (await boss.get(f"/console/admin/audit?{odd}")).status_code == 200


@pytest.mark.parametrize(
    ("module", "known"),
    [("team.py", TEAM_PROBLEMS), ("teams.py", TEAM_PROBLEMS), ("canned.py", CANNED_PROBLEMS)],
)
def test_every_problem_has_its_words(module: str, known: list[str], migrated_dsn: str) -> None:
    tree = ast.parse((HANDOFF / module).read_text(encoding="utf-8"))
    said = set()
    for node in ast.walk(tree):
        is_problem = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Problem"
        for part in [*(node.args[1:2] if is_problem else []), *_returned(node)]:  # type: ignore[attr-defined]
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                said.add(part.value)
    assert said
    assert {text for text in said if text.endswith(".")} <= set(known)


def _returned(node: ast.AST) -> list[ast.expr]:
    return [node.value] if isinstance(node, ast.Return) and node.value is not None else []


def test_a_form_shows_what_it_reads(migrated_dsn: str) -> None:
    form = FormData([*TEAM.items(), ("member", "a"), ("member", "b"), ("is_default", "on")])
    fields = read_fields(form)
    team, found = team_from(fields, "x")
    assert found == []
    shown = fields_of(team, fields.members)
    assert team_from(shown, "x") == (team, [])
    assert shown.members == {"a", "b"}
    around = fields_of(Team(name="x"), frozenset())
    assert around.around_the_clock
    assert team_from(around, None)[0] == Team(name="x")
