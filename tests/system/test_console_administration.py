"""Signing in and administration in a real browser: without scripts, against the policy, for everybody."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, ConsoleMessage, Page, expect

from bot.handoff.canned import CannedAnswer, CannedAnswers
from bot.model.staff import Role
from bot.record.database import Database, open_engine
from bot.record.migrate import migrate
from tests.browser import chromium, violations
from tests.staff import PASSWORD, staff_of
from tests.staff_console import StaffConsole, staff_console

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

WIDE: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}, "color_scheme": "light"}
PHONE: dict[str, Any] = {
    "viewport": {"width": 360, "height": 740},
    "has_touch": True,
    "is_mobile": True,
    "color_scheme": "dark",
}
LONG = "Wolfeschlegelsteinhausenbergerdorff" * 4


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def console(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[StaffConsole]:
    dsn = f"sqlite:///{tmp_path_factory.mktemp('console') / 'record.sqlite3'}"
    migrate(dsn)
    database = Database(open_engine(dsn))
    try:
        with staff_of(database) as staff:
            await staff.add("boss", Role.ADMINISTRATOR, name="Berit <i>Boss</i>")
            await staff.add("kari", name=LONG)
            answer = CannedAnswer("hello", "en", "Hello <b>", f"<script>alert(1)</script>{LONG}")
            await CannedAnswers(database).save(answer)
            async with staff_console(staff) as served:
                yield served
    finally:
        database.close()


async def enter(page: Page, console: StaffConsole, login: str = "boss") -> None:
    await page.goto(f"{console.url}/console/sign-in")
    await page.get_by_label("Login").fill(login)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in", exact=True).click()


async def test_an_account_is_made_and_used_without_scripts(
    browser: Browser, console: StaffConsole
) -> None:
    context = await browser.new_context(java_script_enabled=False, locale="en-GB")
    page = await context.new_page()
    await page.goto(f"{console.url}/console/admin/teams")
    await expect(page).to_have_url(f"{console.url}/console/sign-in?next=%2Fconsole%2Fadmin%2Fteams")
    await page.get_by_label("Login").fill("boss")
    await page.get_by_label("Password").fill("not the password")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_have_text("Login or password is not right.")
    await expect(page.get_by_label("Login")).to_have_value("boss")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(f"{console.url}/console/admin/teams")

    await page.get_by_role("link", name="Accounts").click()
    await page.get_by_label("Login").fill("ola@shop.example")
    await page.get_by_label("Name").fill("Ola")
    await page.get_by_label("Agent").check()
    await page.get_by_role("button", name="Add", exact=True).click()
    password = await page.locator(".secret code").inner_text()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page).to_have_url(f"{console.url}/console/sign-in")

    await page.get_by_label("Login").fill("ola@shop.example")
    await page.get_by_label("Password").fill(password)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Your account")).to_be_visible()
    await page.goto(f"{console.url}/console/admin/accounts")
    await expect(page.get_by_role("heading", name="Not allowed")).to_be_visible()
    await context.close()


async def look(
    browser: Browser, console: StaffConsole, *, with_axe: bool, **device: Any
) -> list[str]:
    """What is wrong with the pages: the browser's complaints, what does not fit, what axe finds.

    Only axe itself has to be let past the policy.
    """
    kari = await console.staff.accounts.find_login("kari")
    assert kari is not None
    found: list[str] = []

    def heard(said: ConsoleMessage) -> None:
        # These pages are served without the part that has the event stream.
        if said.type == "error" and not said.location["url"].endswith("/console/stream"):
            found.append(said.text)

    context = await browser.new_context(
        bypass_csp=with_axe, locale="en-GB", reduced_motion="reduce", **device
    )
    page = await context.new_page()
    page.on("console", heard)
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on("dialog", lambda dialog: found.append(dialog.message))
    await page.goto(f"{console.url}/console/sign-in")
    if with_axe:
        found += await violations(page)
    await enter(page, console)
    await expect(page.get_by_role("heading", name="Accounts")).to_be_visible()
    for path in [
        "/account",
        "/admin/accounts",
        f"/admin/accounts/{kari.member.id}",
        "/admin/teams",
        "/admin/teams/default",
        "/admin/canned",
        "/admin/canned/en/hello",
        "/admin/audit",
    ]:
        await page.goto(f"{console.url}/console{path}")
        await expect(page.get_by_role("heading", level=1)).to_be_visible()
        if with_axe:
            found += [f"{path}: {violation}" for violation in await violations(page)]
        wider = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if wider > 0:
            found.append(f"{path}: {wider} px wider than the window")
    await context.close()
    return found


async def test_every_page_keeps_to_the_policy_on_a_desk(
    browser: Browser, console: StaffConsole
) -> None:
    assert await look(browser, console, with_axe=False, **WIDE) == []


async def test_every_page_is_accessible_and_fits_a_phone(
    browser: Browser, console: StaffConsole
) -> None:
    assert await look(browser, console, with_axe=True, **PHONE) == []
