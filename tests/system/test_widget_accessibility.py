"""The widget and its page for everybody: WCAG 2.2 AA by axe, keyboard, phone, zoom, preferences."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from bot.model.content import Button, Buttons, Card, Content, Fact, Text
from bot.model.messages import Inbound
from tests.browser import Chat, chat_page, chromium, violations
from tests.fakes import answering
from tests.web_gateway import WebGateway, web_gateway

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

WIDE: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
PHONE: dict[str, Any] = {
    "reduced_motion": "reduce",
    "viewport": {"width": 390, "height": 844},
    "has_touch": True,
    "is_mobile": True,
}


def everything(message: Inbound) -> list[Content]:
    facts = (Fact("Sporing", "NH370042190NO"), Fact("Forventet", "fredag 27. november"))
    link = Button("Følg pakken", url="https://post.example/1")
    return [
        Text("**Se her**: [hjelp](https://x.example/) og `kode`\n\n- en\n- to"),
        Card("Ordre 10042", "Sendt", facts=facts, buttons=(link,)),
        Buttons("Mer?", (Button("Ja", "/affirm"), Button("Nei", "/deny"))),
    ]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as it:
        yield it


@pytest_asyncio.fixture(loop_scope="module")
async def gateway(redis_url: str, tmp_path: Path) -> AsyncIterator[WebGateway]:
    async with web_gateway(redis_url, tmp_path) as it, answering(it.turns, everything):
        yield it


async def talk(chat: Chat, answers: int = 1) -> None:
    """Say something and wait for the whole answer."""
    await chat.say("Hei")
    await expect(chat.messages.locator(".card")).to_have_count(answers)
    await expect(chat.messages.get_by_role("button", name="Nei").last).to_be_enabled()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device", [WIDE, PHONE], ids=["wide", "phone"])
async def test_axe_finds_nothing(
    browser: Browser, gateway: WebGateway, device: dict[str, Any], scheme: str
) -> None:
    options = {"color_scheme": scheme, "reduced_motion": "reduce", "bypass_csp": True, **device}
    async with chat_page(browser, gateway.url, **options) as chat:
        assert await violations(chat.page) == [], "closed"
        await chat.open()
        assert await violations(chat.page) == [], "open"
        await talk(chat)
        await chat.root.get_by_role("button", name="Ja").click()
        await expect(chat.messages.locator(".card")).to_have_count(2)
        assert await violations(chat.page) == [], "in a conversation"
        await chat.root.get_by_role("button", name="Flere valg").click()
        assert await violations(chat.page) == [], "menu"
        await chat.root.get_by_role("button", name="Start en ny samtale").click()
        assert await violations(chat.page) == [], "question"


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_any_accent_can_be_read(browser: Browser, gateway: WebGateway, scheme: str) -> None:
    options = {**WIDE, "color_scheme": scheme, "reduced_motion": "reduce", "bypass_csp": True}
    async with chat_page(browser, gateway.url, **options) as chat:
        await chat.open()
        await talk(chat)
        for accent in (
            "#ffd400",
            "#e4002b",
            "#767676",
            "#000000",
            "#ffffff",
            "#7fffd4",
            "nonsense",
        ):
            await chat.root.evaluate("(chat, accent) => (chat.dataset.accent = accent)", accent)
            assert await violations(chat.page, ["color-contrast"]) == [], accent


async def test_the_keyboard_alone_is_enough(browser: Browser, gateway: WebGateway) -> None:
    async with chat_page(browser, gateway.url, **WIDE) as chat:
        keys = chat.page.keyboard
        await chat.launcher.focus()
        await keys.press("Enter")
        await expect(chat.input).to_be_focused()
        await expect(chat.launcher).to_be_hidden()
        await keys.type("Hei")
        await keys.press("Enter")
        await expect(chat.messages.locator(".card")).to_be_visible()

        await keys.press("Shift+Tab")
        await expect(chat.root.get_by_role("button", name="Nei")).to_be_focused()
        await keys.press("Shift+Tab")
        await keys.press("Enter")
        await expect(chat.messages.locator(".card")).to_have_count(2)
        await expect(chat.input).to_be_focused()

        menu = chat.root.get_by_role("button", name="Flere valg")
        await menu.focus()
        await keys.press("Enter")
        await expect(menu).to_have_attribute("aria-expanded", "true")
        await expect(chat.root.get_by_role("button", name="Start en ny samtale")).to_be_focused()
        await keys.press("Escape")
        await expect(menu).to_be_focused()
        await expect(menu).to_have_attribute("aria-expanded", "false")
        await expect(chat.panel).to_be_visible()
        await keys.press("Escape")
        await expect(chat.panel).to_be_hidden()
        await expect(chat.launcher).to_be_focused()
        await keys.press("Space")
        await expect(chat.input).to_be_focused()


async def test_focus_can_be_seen_wherever_it_is(browser: Browser, gateway: WebGateway) -> None:
    async with chat_page(browser, gateway.url, **WIDE) as chat:
        await chat.launcher.focus()
        await chat.page.keyboard.press("Enter")
        await talk(chat)
        visited = set()
        for _ in range(8):
            await chat.page.keyboard.press("Shift+Tab")
            seen = await chat.root.evaluate(
                """chat => {
                    const node = chat.shadowRoot.activeElement;
                    if (!node) return null;
                    const style = getComputedStyle(node);
                    const name = node.getAttribute("aria-label") || node.textContent;
                    return [name, style.outlineStyle, parseFloat(style.outlineWidth)];
                }"""
            )
            if seen is None:
                break  # past the first one, and out on the page
            visited.add(seen[0])
            assert seen[1] != "none", seen
            assert seen[2] >= 2, seen
        assert {"Flere valg", "Lukk chatten", "Samtalen"} <= visited


async def test_screen_readers_are_told_what_is_new_and_who_says_it(
    browser: Browser, gateway: WebGateway
) -> None:
    async with chat_page(browser, gateway.url, **WIDE) as chat:
        await chat.open()
        await expect(chat.log).to_have_attribute("aria-live", "polite")
        await expect(chat.log).to_have_accessible_name("Samtalen")
        await expect(chat.panel).to_have_accessible_name("Nordlys Handel")
        await expect(chat.input).to_have_accessible_name("Skriv en melding")
        await talk(chat)
        spoken = await chat.log.inner_text()
        assert re.search(r"Du:\s*Hei", spoken)
        assert re.search(r"Chatbot:\s*Se her", spoken)
        await expect(chat.root.get_by_role("group", name="Svaralternativer").last).to_be_visible()
        # What was there before is not read out again after a reload.
        await chat.page.add_init_script(
            """new MutationObserver(() => {
                const log = document.querySelector("flerkanal-chat")?.shadowRoot?.querySelector(".log");
                if (log && window.firstLive === undefined) window.firstLive = log.ariaLive;
            }).observe(document, {childList: true, subtree: true});"""
        )
        await chat.page.reload()
        await expect(chat.messages.locator(".card")).to_be_visible()
        assert await chat.page.evaluate("window.firstLive") == "off"
        await expect(chat.log).to_have_attribute("aria-live", "polite")


async def test_the_surface_speaks_the_pages_language_and_can_be_switched(
    browser: Browser, gateway: WebGateway
) -> None:
    async with chat_page(browser, f"{gateway.url}?lang=en", **WIDE) as chat:
        await expect(chat.launcher).to_have_accessible_name("Ask us: Open the chat")
        await chat.open()
        await expect(chat.panel).to_have_attribute("lang", "en")
        await talk(chat)
        await chat.root.get_by_role("button", name="More options").click()
        await chat.root.get_by_role("button", name="Norsk").click()
        await expect(chat.input).to_have_accessible_name("Skriv en melding")
        await expect(chat.log).to_contain_text("velkommen til Nordlys")
        await expect(chat.messages.locator(".card")).to_be_visible()
        await chat.page.reload()
        await expect(chat.input).to_have_accessible_name("Skriv en melding")


async def test_on_a_phone_the_chat_is_the_whole_screen(
    browser: Browser, gateway: WebGateway
) -> None:
    async with chat_page(browser, gateway.url, **PHONE) as chat:
        await chat.open()
        box = await chat.panel.bounding_box()
        assert box == {"x": 0, "y": 0, "width": 390, "height": 844}
        # The page behind it is out of reach, and the keyboard does not jump up by itself.
        assert await chat.panel.evaluate("panel => panel.matches(':modal')")
        await expect(chat.input).not_to_be_focused()
        await talk(chat)
        size = await chat.input.evaluate("input => parseFloat(getComputedStyle(input).fontSize)")
        assert size >= 16, "Safari zooms in on smaller ones"
        assert await chat.log.evaluate("log => log.scrollWidth <= log.clientWidth")
        await chat.root.get_by_role("button", name="Lukk chatten").click()
        await expect(chat.panel).to_be_hidden()
        assert await chat.page.evaluate("document.documentElement.scrollWidth") == 390


async def test_targets_are_large_enough(browser: Browser, gateway: WebGateway) -> None:
    async with chat_page(browser, gateway.url, **PHONE) as chat:
        await chat.open()
        await talk(chat)
        await chat.root.get_by_role("button", name="Flere valg").click()
        sizes = await chat.root.evaluate(
            """chat => [...chat.shadowRoot.querySelectorAll("button, a.choice, textarea")]
                .map(node => node.getBoundingClientRect()).filter(box => box.width)
                .map(box => Math.min(box.width, box.height))"""
        )
        assert len(sizes) > 8
        assert min(sizes) >= 24


@pytest.mark.parametrize(("width", "height"), [(640, 400), (320, 256), (844, 390)])
async def test_zoomed_in_and_turned_round_everything_is_within_reach(
    browser: Browser, gateway: WebGateway, width: int, height: int
) -> None:
    viewport = {"width": width, "height": height}
    async with chat_page(browser, gateway.url, viewport=viewport) as chat:
        await chat.open()
        await talk(chat)
        log, field = await chat.log.bounding_box(), await chat.input.bounding_box()
        assert log is not None
        assert field is not None
        assert log["height"] >= 60
        assert field["y"] + field["height"] <= height
        assert await chat.log.evaluate("log => log.scrollWidth <= log.clientWidth")


async def test_who_wants_no_motion_gets_none(browser: Browser, gateway: WebGateway) -> None:
    async with chat_page(browser, gateway.url, **WIDE, reduced_motion="reduce") as chat:
        await chat.open()
        await talk(chat)
        moving = await chat.root.evaluate("chat => chat.shadowRoot.getAnimations().length")
        assert moving == 0


async def test_with_forced_colours_bubbles_and_buttons_keep_their_edges(
    browser: Browser, gateway: WebGateway
) -> None:
    async with chat_page(browser, gateway.url, **WIDE, forced_colors="active") as chat:
        await chat.open()
        await talk(chat)
        for selector in (".message.bot .bubble", ".message.customer .bubble", ".send", ".panel"):
            node = chat.root.locator(selector).first
            width = await node.evaluate("node => parseFloat(getComputedStyle(node).borderWidth)")
            assert width >= 1, selector


async def test_a_longer_answer_does_not_pull_away_who_reads_above(
    browser: Browser, gateway: WebGateway
) -> None:
    async with chat_page(browser, gateway.url, **WIDE) as chat:
        await chat.open()
        await talk(chat)
        await talk(chat, answers=2)
        await chat.log.evaluate("log => { log.scrollTop = 0; }")
        latest = chat.root.get_by_role("button", name="Nyeste melding")
        await expect(latest).to_be_visible()
        other = Chat(await chat.page.context.new_page())
        await other.page.goto(gateway.url)
        await other.open()
        await talk(other, answers=3)
        await chat.page.bring_to_front()
        await expect(chat.messages.locator(".card")).to_have_count(3)
        assert await chat.log.evaluate("log => log.scrollTop") == 0
        await latest.click()
        await expect(latest).to_be_hidden()
        await expect(chat.messages.get_by_role("button", name="Nei").last).to_be_in_viewport()
