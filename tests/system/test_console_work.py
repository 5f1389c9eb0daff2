from __future__ import annotations

import asyncio
import re
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from bot.model.staff import Role
from tests.browser import chromium, violations
from tests.console import BACK, SUGGESTION, RunningConsole, running_console, signed_in
from tests.gateway import eventually

pytestmark = [pytest.mark.browser]

PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "has_touch": True,
    "is_mobile": True,
}


async def is_taken(console: RunningConsole, handoff_id: str) -> bool:
    return (await console.desk.find(handoff_id)).owner is not None


async def said_to(console: RunningConsole, sender: str) -> list[str]:
    """What the customer can read."""
    response = await console.gateway.client.get(
        "/webhooks/rest/messages", params={"sender": sender}
    )
    return [message["text"] for message in response.json()["messages"] if "text" in message]


async def test_from_the_queue_to_a_closed_conversation_by_the_keyboard_alone(
    redis_url: str, tmp_path: Path
) -> None:
    async with running_console(redis_url, tmp_path) as console, chromium() as browser:
        await console.add_staff("kari", name="Kari")
        await console.add_canned(
            "hi", "Greeting", "Hello, this is {agent_name} about {order_number}."
        )
        handoff_id = await console.handoff("anna", "Where is order 10042?")
        async with signed_in(browser, console, "kari", "/console/queue") as page:
            keys = page.keyboard
            await keys.press("t")
            await expect(page.locator("#reply-text")).to_be_visible()
            await expect(page.locator("body[data-connected=yes]")).to_be_attached()
            handoff = await console.desk.find(handoff_id)
            assert handoff.owner == console.staff["kari"].agent

            # The customer's words come by themselves, with what the bot makes of them.
            await console.customer("anna", "Hello? 10042 it was")
            line = page.locator(".line-customer", has_text="Hello?")
            await expect(line.locator(".understood")).to_contain_text("order_status 91%")
            await expect(page.locator(".suggestion")).to_contain_text(SUGGESTION.text)

            # A canned answer, filled in; and a shortcut typed in a field is a letter.
            await keys.press("/")
            await keys.type("greet")
            await expect(page.get_by_role("option", selected=True)).to_contain_text("Greeting")
            await keys.press("Enter")
            reply = page.locator("#reply-text")
            await expect(reply).to_have_value("Hello, this is Kari about 10042.")
            await keys.press("End")
            await keys.type(" ner?")
            await keys.press("Enter")
            await expect(page.locator(".line-staff:not(.pending)")).to_contain_text("10042. ner?")
            assert "Hello, this is Kari about 10042. ner?" in await said_to(console, "anna")

            # A note looks like none of the others, and no customer ever gets it.
            await keys.press("Escape")
            await keys.press("n")
            await keys.type("She is upset")
            await keys.press("Enter")
            await expect(page.locator(".line-note:not(.pending)")).to_contain_text("She is upset")
            assert not any("upset" in text for text in await said_to(console, "anna"))

            await keys.press("Escape")
            await keys.press("e")
            await expect(page.get_by_role("dialog")).to_be_visible()
            for _ in range(12):
                await keys.press("Tab")
                if await page.evaluate("document.activeElement.textContent") == "Resolved":
                    break
            await keys.press("Enter")
            await expect(page.locator(".flash")).to_contain_text("closed")
            assert (await console.desk.find(handoff_id)).ended == "resolved"


async def test_of_two_who_take_one_gets_it_and_the_other_is_told_who(
    redis_url: str, tmp_path: Path
) -> None:
    async with running_console(redis_url, tmp_path) as console, chromium() as browser:
        await console.add_staff("kari", name="Kari")
        await console.add_staff("per", name="Per", language="nb")
        handoff_id = await console.handoff("anna")
        async with (
            signed_in(browser, console, "kari", "/console/queue") as one,
            signed_in(browser, console, "per", "/console/queue", tolerated=["409"]) as other,
        ):
            take = [page.get_by_role("row").nth(1).get_by_role("button") for page in (one, other)]
            # Neither page may have heard of the other's press: both are sent before.
            await asyncio.gather(*(button.click(no_wait_after=True) for button in take))
            await eventually(partial(is_taken, console, handoff_id))
            owner = (await console.desk.find(handoff_id)).owner
            assert owner is not None
            loser = other if owner.name == "Kari" else one
            told = "Kari har allerede tatt" if owner.name == "Kari" else "Per has taken"
            await expect(loser.locator(".flash-refused")).to_contain_text(told)
            winner = one if owner.name == "Kari" else other
            await expect(winner.locator("#reply-text")).to_be_visible()

            # Both see who looks, and the queue is empty for both.
            conversation = "/console/conversations?c=rest%3Aanna"
            await loser.goto(f"{console.url}{conversation}")
            await expect(winner.locator("#colleagues")).to_have_text(re.compile("Per|Kari"))
            await expect(loser.locator("#compose")).to_contain_text(owner.name)
            await expect(loser.locator("#reply-text")).to_have_count(0)
            await winner.locator("#reply-text").press_sequentially("Hi", delay=20)
            await expect(loser.locator("#writing")).to_contain_text(owner.name)


async def test_passing_on_returning_and_what_the_pages_show_of_it(
    redis_url: str, tmp_path: Path
) -> None:
    async with running_console(redis_url, tmp_path) as console, chromium() as browser:
        await console.add_staff("kari", name="Kari")
        per = await console.add_staff("per", name="Per")
        handoff_id = await console.handoff("anna", "order 10042")
        await console.desk.claim(handoff_id, console.staff["kari"].agent)
        conversation = "/console/conversations?c=rest%3Aanna"
        async with (
            signed_in(browser, console, "kari", conversation) as kari_page,
            signed_in(browser, console, "per", "/console/search") as per_page,
        ):
            await kari_page.locator("#reply-text").fill("a draft")
            await kari_page.reload()
            await expect(kari_page.locator("#reply-text")).to_have_value("a draft")
            await kari_page.get_by_role("button", name="Transfer").click()
            await expect(kari_page.locator("#transfer-to")).to_be_focused()
            await kari_page.locator("#transfer-to").select_option(f"staff:{per.id}")
            await kari_page.locator("#transfer-note").fill("Knows the carrier")
            await kari_page.get_by_role("dialog").get_by_role("button", name="Transfer").click()
            await expect(kari_page.locator(".flash")).to_contain_text("Transferred")
            await expect(per_page.locator(".flash")).to_contain_text("is yours now")

            # A mark for what nobody has read, wherever one is.
            await console.customer("anna", "Anybody?")
            await expect(per_page.locator("[data-badge=conversations]")).to_have_text("1")
            assert (await per_page.title()).startswith("(1) ")
            await per_page.keyboard.press("g")
            await per_page.keyboard.press("c")
            row = per_page.locator(".mine-list a")
            await expect(row).to_contain_text("Anybody?")
            await row.click()
            await expect(per_page.locator(".line-note")).to_contain_text("Knows the carrier")
            await expect(per_page.locator(".line-event").last).to_contain_text(
                "Kari transferred it to Per"
            )
            await expect(per_page.locator("[data-badge=conversations]")).to_be_hidden()

            await per_page.get_by_role("button", name="Return to the bot").click()
            await per_page.locator("#slot-1").fill("10043")
            dialog = per_page.get_by_role("dialog")
            await dialog.get_by_role("button", name="Return to the bot").click()
            await expect(per_page.locator(".flash")).to_contain_text("The bot has the customer")

        async def is_back() -> bool:
            return BACK.text in await said_to(console, "anna")

        await eventually(is_back)
        state = await console.desk.find(handoff_id)
        assert state.ended == "returned"


async def test_no_message_is_lost_or_doubled_where_the_answer_does_not_come(
    redis_url: str, tmp_path: Path
) -> None:
    async with running_console(redis_url, tmp_path) as console, chromium() as browser:
        await console.add_staff("kari", name="Kari")
        handoff_id = await console.handoff("anna")
        await console.desk.claim(handoff_id, console.staff["kari"].agent)
        conversation = "/console/conversations?c=rest%3Aanna"
        async with signed_in(
            browser, console, "kari", conversation, tolerated=["net::ERR", "Failed to load"]
        ) as page:
            # The server takes it, and its answer is lost on the way.
            taken: list[int] = []

            async def lose(route: object) -> None:
                response = await route.fetch()  # type: ignore[attr-defined]
                taken.append(response.status)
                await route.abort()  # type: ignore[attr-defined]

            await page.route("**/say", lose)
            await page.locator("#reply-text").fill("Exactly once")
            await page.locator("#reply-text").press("Enter")
            again = page.get_by_role("button", name="Try again")
            await expect(again.or_(page.locator(".line-staff:not(.pending)")).first).to_be_visible()
            await page.unroute("**/say")
            if await again.count():
                await again.click()
            await expect(page.locator(".line-staff:not(.pending)")).to_have_count(1)
            assert taken == [200]

        async def texts() -> list[str]:
            return [text for text in await said_to(console, "anna") if text == "Exactly once"]

        assert await texts() == ["Exactly once"]


PAGES = (
    "/console/queue",
    "/console/conversations",
    "/console/conversations?c=rest%3Aanna",
    "/console/conversations?c=rest%3Abjorn",
    "/console/board",
    "/console/search?q=person",
)


async def test_every_page_is_accessible(redis_url: str, tmp_path: Path) -> None:
    async with running_console(redis_url, tmp_path) as console, chromium() as browser:
        await console.add_staff("kari", Role.AGENT, Role.SUPERVISOR)
        handoff_id = await console.handoff("anna", "order 10042")
        await console.desk.claim(handoff_id, console.staff["kari"].agent)
        await console.desk.add_note(handoff_id, console.staff["kari"].agent, "a note")
        await console.handoff("bjorn")
        async with signed_in(browser, console, "kari") as page:
            for path in PAGES:
                await page.goto(f"{console.url}{path}")
                assert await violations(page) == [], path
            await page.goto(f"{console.url}{PAGES[2]}")
            for name in ("transfer", "return", "close-dialog", "keys"):
                await page.locator(f"#{name}").evaluate("dialog => dialog.showModal()")
                assert await violations(page, ["color-contrast", "label"]) == [], name
                await page.locator(f"#{name}").evaluate("dialog => dialog.close()")
        async with signed_in(browser, console, "kari", color_scheme="dark", **PHONE) as page:
            for path in PAGES[:4]:
                await page.goto(f"{console.url}{path}")
                assert await violations(page, ["color-contrast", "target-size"]) == [], path
