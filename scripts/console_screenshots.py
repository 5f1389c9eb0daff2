"""Takes docs/images/console-*.png of the desk's pages: the demo's real program and bot, with customers on
the website and the REST channel, and two members of staff in a real browser.

    .venv/bin/python -m scripts.console_screenshots

It starts its own Flerkanal, in a folder that is thrown away afterwards. Needs the development packages
and Chromium.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, expect

from bot.handoff.canned import CannedAnswer, CannedAnswers
from bot.model.staff import Role
from bot.record.database import Database, open_engine
from bot.staff.accounts import Accounts
from bot.staff.passwords import Passwords
from tests.browser import Chat, chat_page, chromium
from tests.running import Flerkanal, running_flerkanal

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
PASSWORD = "nordlys over fjorden"  # noqa: S105 (of accounts that live for a minute)
WIDE: dict[str, Any] = {"viewport": {"width": 1360, "height": 850}, "device_scale_factor": 1.5}
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "has_touch": True,
    "is_mobile": True,
}
WAITING = (
    ("ola", "Hei! Pakken min var skadet da den kom", "Jeg vil snakke med et menneske"),
    ("emma", "Can I return something that I opened?", "I want to talk to a person, please"),
    ("jonas", "Hvor er pakken min?", "10043", "5003", "Få snakke med en person"),
    ("mia", "Do you ship to Svalbard?", "Can I talk to a human?"),
)
CUSTOMER = ("Hvor er pakken min?", "10042", "0150", "Kan jeg snakke med et menneske?")
ANSWERS = (
    CannedAnswer("hei", "nb", "Hilsen", "Hei! Jeg heter {agent_name} og skal hjelpe deg."),
    CannedAnswer("spor", "nb", "Sporing", "Jeg sjekker ordre {recent_order} hos transportøren nå."),
    CannedAnswer("takk", "nb", "Avslutning", "Takk for tålmodigheten. Ha en fin dag!"),
)


async def people(var: Path) -> None:
    """Accounts and canned answers, written where the program keeps them."""
    database = Database(open_engine(f"sqlite:///{var / 'flerkanal.sqlite3'}"))
    passwords = Passwords(threads=1)
    accounts = Accounts(database, passwords)
    try:
        for login, name, roles, language in (
            ("kari", "Kari Nordmann", [Role.AGENT], "nb"),
            ("per", "Per Hansen", [Role.AGENT], "nb"),
            ("signe", "Signe Lund", [Role.AGENT, Role.SUPERVISOR], "en"),
        ):
            await accounts.add(login, name=name, roles=roles, password=PASSWORD, language=language)
        for answer in ANSWERS:
            await CannedAnswers(database, placeholders=["recent_order"]).save(answer)
    finally:
        passwords.close()
        database.close()


@contextlib.asynccontextmanager
async def at_the_console(
    browser: Browser, url: str, login: str, path: str, **options: Any
) -> AsyncIterator[Page]:
    """A page of somebody who has signed in."""
    context = await browser.new_context(locale="nb-NO", reduced_motion="reduce", **options)
    try:
        page = await context.new_page()
        await page.goto(f"{url}/console/sign-in")
        await page.locator("input[name=login]").fill(login)
        await page.locator("input[name=password]").fill(PASSWORD)
        await page.locator("input[name=password]").press("Enter")
        await expect(page.locator("header.shell")).to_be_attached()
        await page.goto(f"{url}{path}")
        await expect(page.locator("body[data-connected=yes]")).to_be_attached()
        yield page
    finally:
        await context.close()


async def take(page: Page, name: str) -> None:
    """One picture, with what was fetched a moment ago in it."""
    await page.wait_for_timeout(800)
    await page.screenshot(path=IMAGES / f"console-{name}.png")
    print(IMAGES / f"console-{name}.png")


async def talk(browser: Browser, flerkanal: Flerkanal, chat: Chat) -> str:
    """A customer at the website gets hold of Kari; returns the address of their conversation."""
    url = flerkanal.url
    await chat.open()
    for words in CUSTOMER:
        count = await chat.messages.count()
        await chat.say(words)
        await expect(chat.messages.nth(count + 1)).to_be_visible(timeout=60_000)
        await asyncio.sleep(1.0)
    async with at_the_console(browser, url, "kari", "/console/queue", **WIDE) as page:
        row = page.get_by_role("row").filter(has_text="Nettsted")
        await row.get_by_role("button").click()
        await expect(page.locator("#reply-text")).to_be_visible()
        await page.locator("#tab-note").click()
        await page.locator("#note-text").fill("Har spurt transportøren. Venter på svar.")
        await page.locator("#note-text").press("Enter")
        await expect(page.locator(".line-note:not(.pending)")).to_be_visible()
        await page.locator("#tag-name").fill("forsinket")
        await page.locator("#tag-name").press("Enter")
        await expect(page.locator("#tags .tag")).to_be_visible()
        await page.locator("#tab-reply").click()
        await page.locator("#reply-text").fill(
            "Hei! Jeg heter Kari. Pakken står på terminalen på Alnabru, jeg **følger med**."
        )
        await page.locator("#reply-text").press("Enter")
        await expect(page.locator(".line-staff:not(.pending)")).to_be_visible()
        await chat.say("Så fint, takk! Når kan den være her?")
        await expect(page.locator(".line-customer").last).to_contain_text("Så fint")
        return page.url.removeprefix(url)


async def take_all(flerkanal: Flerkanal) -> None:
    """All pictures."""
    url = flerkanal.url
    await people(flerkanal.var)
    for sender, *texts in WAITING:
        for text in texts:
            await asyncio.to_thread(flerkanal.ask, sender, text)
    async with chromium() as browser, chat_page(browser, url, **WIDE) as chat:
        path = await talk(browser, flerkanal, chat)
        for name, options in (
            ("conversation", {**WIDE, "color_scheme": "light"}),
            ("conversation-dark", {**WIDE, "color_scheme": "dark"}),
            ("conversation-phone", {**PHONE, "color_scheme": "light"}),
        ):
            async with at_the_console(browser, url, "kari", path, **options) as page:
                await expect(page.locator(".line-customer").last).to_be_visible()
                await take(page, name)
                if name == "conversation":
                    await page.locator("[data-open-canned]").click()
                    await expect(page.get_by_role("option").first).to_be_visible()
                    await take(page, "canned")
                if name == "conversation-phone":
                    await page.locator(".thread [data-toggle-details]").click()
                    await take(page, "details-phone")
        for name, options in (
            ("queue", {**WIDE, "color_scheme": "light"}),
            ("queue-phone-dark", {**PHONE, "color_scheme": "dark"}),
        ):
            async with at_the_console(browser, url, "per", "/console/queue", **options) as page:
                await take(page, name)
        async with at_the_console(browser, url, "signe", "/console/board", **WIDE) as page:
            await take(page, "board")
            await page.goto(f"{url}/console/search?q=pakke&author=customer")
            await take(page, "search")


def main() -> None:
    """Take them."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, running_flerkanal(Path(folder)) as flerkanal:
        asyncio.run(take_all(flerkanal))


if __name__ == "__main__":
    main()
