"""The page of figures and its files, over real HTTP and in a real browser."""

from __future__ import annotations

import csv
from collections.abc import AsyncIterator, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Page, expect
from sqlalchemy import text

from bot.model.staff import Role
from bot.record.database import Database, open_engine, transaction
from bot.record.migrate import migrate
from tests import figures_data
from tests.browser import chromium, violations
from tests.figures_console import NOW, figures_console
from tests.staff import PASSWORD, Staff, staff_of
from tests.staff_console import StaffBrowser

FILES = ("times", "parts", "handoffs")


@pytest.fixture(scope="module")
def dsn(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Three weeks of an invented company."""
    path: Path = tmp_path_factory.mktemp("figures") / "record.sqlite3"
    address = f"sqlite:///{path}"
    migrate(address)
    engine = open_engine(address)
    with transaction(engine, write=True) as connection:
        figures_data.fill(connection, NOW.date(), 21, 60)
        # What customers and staff can bring in is text, wherever it shows up.
        connection.execute(
            text("UPDATE episodes SET intent = '<img src=x onerror=hurt()>' WHERE id % 40 = 0")
        )
        connection.execute(
            text("UPDATE handoffs SET owner_name = '=HYPERLINK(0)' WHERE owner_id = 's4'")
        )
    engine.dispose()
    return address


@pytest.fixture
def staff(dsn: str) -> Iterator[Staff]:
    database = Database(open_engine(dsn))
    with staff_of(database) as staff:
        yield staff
    database.close()


@pytest.fixture
async def console(staff: Staff) -> AsyncIterator[str]:
    known = {account.member.login for account in await staff.accounts.all()}
    for login, role in (
        ("sigrid", Role.SUPERVISOR),
        ("anders", Role.ADMINISTRATOR),
        ("kari", Role.AGENT),
        ("nils", Role.NLU_DEVELOPER),
    ):
        if login not in known:
            await staff.add(login, role)
    async with figures_console(staff) as url:
        yield url


async def test_who_may_see_them(console: str) -> None:
    async with httpx.AsyncClient(base_url=console, trust_env=False) as client:
        assert (await client.get("/console/figures")).status_code == 303
    expected = {"sigrid": 200, "anders": 200, "kari": 403, "nils": 403}
    for login, status in expected.items():
        async with httpx.AsyncClient(base_url=console, trust_env=False) as client:
            await StaffBrowser(client).sign_in(login)
            for path in ("", *(f"/{name}.csv" for name in FILES)):
                answer = await client.get(f"/console/figures{path}")
                assert answer.status_code == status, (login, path)
            if login == "anders":
                page = await client.get("/console/figures?split=agent")
                assert 'name="agent"' not in page.text
                file = await client.get("/console/figures/handoffs.csv")
                assert "Kari Nordmann" not in file.text
                assert "agent" not in file.text.splitlines()[0].split(",")


async def test_files_for_a_spreadsheet(console: str) -> None:
    async with httpx.AsyncClient(base_url=console, trust_env=False) as client:
        await StaffBrowser(client).sign_in("sigrid")
        read: dict[str, list[dict[str, Any]]] = {}
        for name in FILES:
            answer = await client.get(
                f"/console/figures/{name}.csv?from=2026-11-10&to=2026-11-23&split=topic"
            )
            assert answer.headers["content-type"] == "text/csv; charset=utf-8"
            assert answer.content.startswith(b"\xef\xbb\xbf")
            assert b"\r\n" in answer.content
            body = answer.content.decode("utf-8-sig")
            read[name] = list(csv.DictReader(StringIO(body, newline="")))
            what = {"times": "day", "parts": "topic", "handoffs": "handoffs"}[name]
            assert answer.headers["content-disposition"] == (
                f'attachment; filename="flerkanal-{what}-2026-11-10-2026-11-23.csv"'
            )
    assert len(read["times"]) == 14
    total = read["parts"].pop()
    for column in ("visits", "visits_resolved_alone", "handoffs", "messages"):
        by_time = sum(int(row[column]) for row in read["times"])
        assert by_time == sum(int(row[column]) for row in read["parts"]) == int(total[column]) > 0
    assert len(read["handoffs"]) == int(total["handoffs"])
    assert {row["agent"] for row in read["handoffs"]} >= {"Kari Nordmann", "'=HYPERLINK(0)"}
    assert not any(row["agent"].startswith("=") for row in read["handoffs"])


@pytest.mark.browser
async def test_the_page_in_a_browser(console: str, staff: Staff) -> None:
    async with chromium() as browser:
        for scheme, width, language in (("light", 1280, "en"), ("dark", 390, "nb")):
            await staff.database.write(
                lambda c, spoken=language: c.execute(  # type: ignore[misc]
                    text("UPDATE staff SET language = :language"), {"language": spoken}
                )
            )
            context = await browser.new_context(
                viewport={"width": width, "height": 900},
                color_scheme=scheme,  # type: ignore[arg-type]
                reduced_motion="reduce",
            )
            await _look_at_it(await context.new_page(), console)
            await context.close()


async def _look_at_it(page: Page, console: str) -> None:
    broken: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    page.on(
        "console",
        lambda message: broken.append(message.text) if "Policy" in message.text else None,
    )
    await page.goto(f"{console}/console/sign-in")
    await page.locator("[name=login]").fill("sigrid")
    await page.locator("[name=password]").fill(PASSWORD)
    await page.locator("[name=password]").press("Enter")
    await page.wait_for_url("**/console/figures")
    await expect(page.locator(".tile")).to_have_count(8)
    await expect(page.locator(".picture")).to_have_count(6)
    await page.locator(".presets a").first.click()
    await page.wait_for_url("**from=2026-11-18**")
    await _choose(page)
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.locator(".plot summary").first.click()
    await expect(page.locator(".plot tbody tr").first).to_be_visible()
    assert "<img" in await page.locator(".parts").inner_text()
    assert broken == []
    assert await violations(page) == []


async def _choose(page: Page) -> None:
    """By the form, as somebody would."""
    before = await page.locator(".tile .value").first.inner_text()
    await page.locator("#channel").select_option("web")
    await page.locator("#split").select_option("topic")
    await page.locator(".figures-form .primary").click()
    await page.wait_for_url("**channel=web**")
    await expect(page.locator("#channel")).to_have_value("web")
    assert await page.locator(".tile .value").first.inner_text() != before
