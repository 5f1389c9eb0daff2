from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import Page, Route, expect

from tests.browser import chromium
from tests.console import PASSWORD, SUGGESTION, RunningConsole, running_console, signed_in
from tests.gateway import eventually

pytestmark = [pytest.mark.browser]

CONVERSATION = "/console/conversations?c=rest%3Aanna"
REPLY = "#reply-text"
# Counts how often the page begins to ring.
RUNG = """() => {
  window.rung = 0;
  const Real = AudioContext;
  window.AudioContext = class extends Real {
    constructor() { super(); window.rung += 1; }
  };
}"""


async def claimed(console: RunningConsole) -> str:
    """Kari has Anna."""
    await console.add_staff("kari", name="Kari")
    handoff_id = await console.handoff("anna")
    await console.desk.claim(handoff_id, console.staff["kari"].agent)
    return handoff_id


async def send(page: Page, text: str) -> None:
    await page.locator(REPLY).fill(text)
    await page.locator(REPLY).press("Enter")


async def test_replies_arrive_in_the_order_in_which_they_were_written(
    redis_url: str, tmp_path: Path
) -> None:
    async with running_console(redis_url, tmp_path) as console, chromium() as browser:
        await claimed(console)
        async with signed_in(browser, console, "kari", CONVERSATION) as page:
            # The way of the first one is slow.
            ways = iter((0.6, 0.0, 0.0))

            async def travel(route: Route) -> None:
                await asyncio.sleep(next(ways))
                await route.continue_()

            await page.route("**/say", travel)
            for text in ("first", "second", "third"):
                await send(page, text)
            await expect(page.locator(".line-staff:not(.pending)")).to_have_count(3)
            said = await page.locator(".line-staff .words").all_inner_texts()
            assert said == ["first", "second", "third"]


async def test_what_was_written_outlives_an_ended_session_and_a_transfer(
    redis_url: str, tmp_path: Path
) -> None:
    async with running_console(redis_url, tmp_path) as console, chromium() as browser:
        handoff_id = await claimed(console)
        per = await console.add_staff("per", name="Per")
        kari = console.staff["kari"]
        async with signed_in(
            browser, console, "kari", CONVERSATION, tolerated=["401", "409"]
        ) as page:
            await page.locator(REPLY).fill("Written for a long time")
            await console.accounts.end_sessions(kari.id, by=None)
            await page.locator(REPLY).press("Enter")
            await page.locator("input[name=login]").fill("kari")
            await page.locator("input[name=password]").fill(PASSWORD)
            await page.locator("input[name=password]").press("Enter")
            await expect(page.locator(REPLY)).to_have_value("Written for a long time")
            assert await page.evaluate("Object.keys(localStorage).length") == 0

            # Suggestions and canned answers leave it as it is.
            await console.customer("anna", "Hello?")
            await page.locator(".suggestion").click()
            both = f"Written for a long time\n{SUGGESTION.text}"
            await expect(page.locator(REPLY)).to_have_value(both)

            # Somebody else has it by the time it is sent.
            reached, go_on = asyncio.Event(), asyncio.Event()

            async def hold(route: Route) -> None:
                reached.set()
                await go_on.wait()
                await route.continue_()

            await page.route("**/say", hold)
            await page.locator(REPLY).press("Enter")
            await reached.wait()
            await console.desk.assign(handoff_id, kari.agent, per.id)
            await expect(page.locator(REPLY)).to_have_count(0)
            go_on.set()
            await expect(page.locator(".flash-refused")).to_contain_text("Per has this")
            await expect(page.locator(".line.failed")).to_contain_text("Written for a long time")
        heard = await console.gateway.send("Still there?", "anna")
        assert "Written for" not in heard.text


async def test_who_works_is_told_of_a_lost_connection_and_hears_of_who_waits(
    redis_url: str, tmp_path: Path
) -> None:
    async with running_console(redis_url, tmp_path) as console, chromium() as browser:
        await claimed(console)
        async with signed_in(
            browser, console, "kari", "/console/queue", tolerated=["net::ERR"]
        ) as page:
            await page.evaluate(RUNG)
            await expect(page.locator("#missing")).to_be_hidden()
            # Only who knows how many wait can tell that there is one more.
            await expect(page.locator("[data-badge=queue]")).to_have_text("0")
            await console.handoff("bjorn")
            await expect(page.locator("[data-badge=queue]")).to_have_text("1")

            async def rang() -> bool:
                return int(await page.evaluate("window.rung")) > 0

            await eventually(rang)

            # The server stops.
            console.gateway.stop.set()
            await expect(page.locator("#missing")).to_be_visible(timeout=15_000)
