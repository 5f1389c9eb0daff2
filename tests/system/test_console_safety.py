from __future__ import annotations

import time
from functools import partial
from pathlib import Path

import pytest
from playwright.async_api import Page, expect
from sqlalchemy import insert

from bot.handoff.keeping import Tags
from bot.model.content import Attachment
from bot.model.messages import Inbound
from bot.model.staff import Role
from bot.pipeline.redis_streams.inbox import RedisInbox
from bot.pipeline.redis_streams.layout import Layout
from bot.record.tables import people
from bot.staff.audit import now
from tests.browser import chromium
from tests.console import RunningConsole, running_console, signed_in
from tests.gateway import eventually

pytestmark = [pytest.mark.browser]

ATTACKS = (
    '<img src="x" onerror="window.ran=1">',
    "<script>window.ran=2</script>",
    "\"><svg onload='window.ran=3'></svg>",
    "</textarea></script><script>window.ran=4</script>",
    'javascript:window.ran=5 https://evil.example/"onmouseover="window.ran=6',
    "[click](javascript:window.ran=7) **<b onclick=window.ran=8>bold</b>**",
    "{{ 7 * 191 }} %(who)s {% raw %} \u202emoc.live\u202c &lt;i&gt;",
)
WATCH = """
window.broken = [];
addEventListener('securitypolicyviolation', (event) => window.broken.push(event.violatedDirective));
"""


async def check_harmless(page: Page) -> None:
    """Nothing of it ran, nothing was tried that the policy refuses, and nothing became an element."""
    assert await page.evaluate("window.ran") is None
    assert await page.evaluate("window.broken") == []
    made = "main img, main script, main svg[onload], [onerror], [onclick], [onload], [onmouseover]"
    assert await page.locator(made).count() == 0
    assert await page.locator("a[href^='javascript']").count() == 0
    await check_fits(page)


async def check_fits(page: Page) -> None:
    """Nobody has to scroll sideways."""
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert await page.evaluate(wide) <= 0


async def attack(console: RunningConsole) -> tuple[str, str]:
    """A customer who puts scripts wherever a customer can; the conversation and its handoff."""
    conversation_id = await console.customer("<b>eve</b>", *ATTACKS, f"offer {ATTACKS[0]}")
    layout = Layout(console.gateway.settings.partitions)
    inbox = RedisInbox(console.gateway.redis, layout, dedupe_seconds=600)
    sent = (
        Attachment("file", name=ATTACKS[2], url="javascript:window.ran=9", media_type=ATTACKS[0]),
        Attachment("image", name=ATTACKS[1], url="https://cdn.example/<x>.png"),
    )
    await inbox.accept(
        Inbound(
            "rest",
            "<b>eve</b>",
            conversation_id,
            "attached",
            ATTACKS[1],
            time.time(),
            attachments=sent,
        )
    )
    handoff_id = await console.handoff("<b>eve</b>", ATTACKS[6])
    await console.database.write(
        lambda connection: connection.execute(
            insert(people).values(
                id="p",
                conversation_id=conversation_id,
                subject="eve",
                name=ATTACKS[0],
                email=ATTACKS[1],
                created_at=now(),
                seen_at=now(),
            )
        )
    )
    return conversation_id, handoff_id


async def test_nothing_that_a_customer_writes_runs(redis_url: str, tmp_path: Path) -> None:
    async with running_console(redis_url, tmp_path) as console, chromium() as browser:
        kari = await console.add_staff("kari", Role.AGENT, Role.SUPERVISOR)
        conversation_id, handoff_id = await attack(console)
        await Tags(console.database).add(handoff_id, "<script>window.ran=10</script>")
        # A picture of another host is named and never fetched, so that nothing is missing.
        async with signed_in(browser, console, "kari", "/console/queue") as page:
            await page.context.add_init_script(WATCH)
            await page.reload()
            await expect(page.get_by_role("row").nth(1)).to_contain_text("<img src=")
            await check_harmless(page)

            await page.get_by_role("row").nth(1).get_by_role("button").click()
            for words in ATTACKS:
                await expect(page.locator("#lines")).to_contain_text(words)
            await expect(page.locator("#details")).to_contain_text(ATTACKS[1])
            await expect(page.locator(".choices", has_text=ATTACKS[0]).first).to_be_visible()
            await check_harmless(page)

            # What comes in while the page is open takes another way.
            for number, words in enumerate(ATTACKS):
                await console.customer("<b>eve</b>", f"{number} {words}")
                await expect(page.locator("#lines")).to_contain_text(f"{number} {words}")
            await expect(page.locator("#details")).to_contain_text("<script>window.ran=10")
            await console.desk.add_note(handoff_id, kari.agent, ATTACKS[2])
            await expect(page.locator(".line-note")).to_contain_text(ATTACKS[2])
            await page.locator("#reply-text").fill(ATTACKS[0] + ATTACKS[5])
            await page.locator("#reply-text").press("Enter")
            said = page.locator(".line-staff:not(.pending)")
            await expect(said).to_contain_text("[click](javascript:window.ran=7)")
            await check_harmless(page)

            await page.goto(f"{console.url}/console/board")
            await expect(page.locator(".agents")).to_contain_text("<img src=")
            await check_harmless(page)
            await eventually(partial(found, page, console))
            await expect(page.locator("mark").first).to_be_visible()
            await check_harmless(page)
            await page.locator(".hit a").first.click()
            await expect(page.locator("#lines .line").first).to_be_visible()
            await check_harmless(page)
        assert conversation_id.startswith("rest:<b>")


async def found(page: Page, console: RunningConsole) -> bool:
    """The record keeps what was said a moment later."""
    await page.goto(f"{console.url}/console/search?q=window.ran&author=customer")
    return await page.locator("mark").count() > 0


async def test_texts_without_an_end_leave_the_page_as_it_is(redis_url: str, tmp_path: Path) -> None:
    async with (
        running_console(redis_url, tmp_path, max_text_chars=10_000) as console,
        chromium() as browser,
    ):
        await console.add_staff("kari", Role.AGENT, Role.SUPERVISOR)
        wall = "Å" * 10_000
        await console.handoff("long", wall, "w o r d " * 1_250, "\n" * 500 + "x", "🙂" * 5_000)
        async with signed_in(browser, console, "kari", "/console/queue") as page:
            await check_fits(page)
            await page.get_by_role("row").nth(1).get_by_role("link").click()
            first = page.locator(".line-customer").first
            await expect(first).to_contain_text(wall)
            for width in (1360, 360):
                await page.set_viewport_size({"width": width, "height": 700})
                await check_fits(page)
                # However long, a message leaves room for the others.
                box = await first.bounding_box()
                assert box is not None
                assert box["height"] < 500
                assert box["width"] <= width
            for path in ("queue", "board", "search?q=w"):
                await page.goto(f"{console.url}/console/{path}")
                await check_fits(page)
