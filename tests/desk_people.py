"""Members of staff at the console in a real browser, and customers on platforms that are recorded."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
from playwright.async_api import Browser, BrowserContext, Locator, Page, expect

from bot.model.staff import Role
from bot.record.database import Database, open_engine
from bot.staff.accounts import Accounts
from bot.staff.passwords import Passwords
from tests.channels.base import Choice, PlatformUnderTest, Shown

PASSWORD = "a lamp in the polar night"
PATIENCE = 30.0


async def until(check: Callable[[], Awaitable[bool]], what: str, seconds: float = PATIENCE) -> None:
    """Returns once `check` says yes. Raises AssertionError with `what` where it does not in time."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not await check():
        assert asyncio.get_running_loop().time() < deadline, f"it did not come in time: {what}"
        await asyncio.sleep(0.1)


async def add_staff(dsn: str, **names: str) -> None:
    """An account for each login, with that name; all have PASSWORD and are agents."""
    database = Database(open_engine(dsn))
    try:
        accounts = Accounts(database, Passwords())
        for login, name in names.items():
            await accounts.add(login, name=name, roles=[Role.AGENT], password=PASSWORD)
    finally:
        database.close()


class AgentAtConsole:
    """One agent in a browser context of their own."""

    def __init__(self, name: str, context: BrowserContext, page: Page, url: str) -> None:
        self.name = name
        self.context = context
        self.page = page
        self._url = url

    async def sign_in(self, login: str) -> None:
        """By password; then the queue is open."""
        await self.page.goto(f"{self._url}/console/sign-in")
        await self.page.get_by_label("Login").fill(login)
        await self.page.get_by_label("Password").fill(PASSWORD)
        await self.page.get_by_role("button", name="Sign in", exact=True).click()
        await self.open_queue()

    async def open_queue(self) -> None:
        """Until the page hears of news by itself."""
        await self.page.goto(f"{self._url}/console/queue")
        await expect(self.page.locator("body[data-connected=yes]")).to_be_attached()

    def waiting(self, channel: str) -> Locator:
        """The rows of customers who wait on that channel."""
        return self.page.locator("#rows tr[data-handoff]", has_text=channel)

    async def take(self, channel: str) -> None:
        """Press Take in the first such row."""
        row = self.waiting(channel).first
        await row.get_by_role("button", name="Take").click()

    async def has_open(self, channel: str) -> None:
        """The conversation on that channel is theirs, and on the screen, which hears of news."""
        await expect(self.page.locator("body[data-connected=yes]")).to_be_attached()
        await expect(self.page.locator("#standing")).to_contain_text("With you")
        line = self.page.locator(f"#lines .channel-{channel.lower()}").first
        await expect(line).to_be_attached()

    async def open_mine(self, channel: str) -> None:
        """Choose the conversation on that channel from the list of their own."""
        await self.page.goto(f"{self._url}/console/conversations")
        await self.page.locator("#mine a[data-conversation]", has_text=channel).first.click()
        await self.has_open(channel)

    async def say(self, text: str) -> None:
        """Write to the customer and press Enter."""
        box = self.page.get_by_label("Reply to the customer", exact=True).last
        await box.fill(text)
        await box.press("Enter")
        await expect(self.line(text)).to_be_visible()

    async def note(self, text: str) -> None:
        """Keep a private note."""
        await self.page.get_by_role("tab", name="Private note").click()
        await self.page.locator("#note-text").fill(text)
        await self.page.get_by_role("button", name="Keep the note").click()
        await expect(self.page.locator(".line-note", has_text=text)).to_be_visible()
        await self.page.get_by_role("tab", name="Reply to the customer").click()

    def line(self, text: str) -> Locator:
        """A line of the history, kept by the server."""
        return self.page.locator("#lines .line:not(.pending)", has_text=text)

    async def step(self, button: str, dialog: str) -> Locator:
        """Open a step's dialog by its button in the details."""
        await self.page.locator(".steps").get_by_role("button", name=button).click()
        opened = self.page.locator(f"dialog#{dialog}")
        await expect(opened).to_be_visible()
        return opened


@contextlib.asynccontextmanager
async def agent_at(
    browser: Browser, url: str, name: str, login: str, shots: Path
) -> AsyncIterator[AgentAtConsole]:
    """Signed in, with the queue open. A picture of the page stays where the block fails."""
    context = await browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 820})
    context.set_default_timeout(20_000)
    page = await context.new_page()
    faults: list[str] = []
    context.on("weberror", lambda fault: faults.append(str(fault.error)))
    agent = AgentAtConsole(name, context, page, url)
    try:
        await agent.sign_in(login)
        yield agent
    except BaseException:
        if not page.is_closed():
            await page.screenshot(path=shots / f"{login}.png")
        raise
    finally:
        await context.close()
    assert not faults, faults


class PlatformCustomer:
    """A customer on a platform that is recorded, over its real webhook."""

    def __init__(self, url: str, channel: PlatformUnderTest[Any], chat: str) -> None:
        self.channel = channel
        self.chat = chat
        self._url = f"{url}{channel.path}"
        self._count = 0

    async def says(self, text: str) -> None:
        """A message, as the platform posts it."""
        self._count += 1
        await self._post(self.channel.written(self.chat, text, f"event {self._count}"))

    async def presses(self, choice: Choice) -> None:
        """A choice that was shown."""
        self._count += 1
        await self._post(self.channel.pressed(self.chat, choice, f"event {self._count}", None))

    async def shown(self) -> list[Shown]:
        """All that the customer was sent."""
        return list(await self.channel.shown(self.chat))

    async def hears(self, pattern: str) -> Shown:
        """The newest message that matches, once there is one."""
        found: list[Shown] = []

        async def heard() -> bool:
            found[:] = [one for one in await self.shown() if re.search(pattern, one.words)]
            return bool(found)

        try:
            await until(heard, f"{pattern!r} on {self.channel.name}")
        except AssertionError as late:
            words = [one.words for one in await self.shown()]
            raise AssertionError(f"{late}; shown was {words}") from None
        return found[-1]

    async def _post(self, event: Any) -> None:
        async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
            response = await client.post(self._url, content=event.body, headers=dict(event.headers))
            assert response.status_code == 200, response.text
