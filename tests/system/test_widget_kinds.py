"""All that a message can hold, shown and answered in a real browser; only the server is scripted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, expect

from bot.model.content import (
    Attachment,
    Button,
    Buttons,
    Content,
    Custom,
    Rating,
    Shared,
    Text,
    Typing,
)
from bot.model.messages import Author
from tests.browser import Chat, chat_page, chromium, violations
from tests.kinds import every_kind
from tests.scripted_chat import ScriptedChat, scripted_chat

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

WIDE: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}, "locale": "en-GB"}
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "has_touch": True,
    "is_mobile": True,
}
OSLO = {"latitude": 59.912731, "longitude": 10.746092}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as it:
        yield it


@pytest_asyncio.fixture(loop_scope="module")
async def server() -> AsyncIterator[ScriptedChat]:
    """Answers with the kind that the customer names, `all` of them, or else an echo."""

    def answer(said: dict[str, Any]) -> Sequence[Content]:
        kinds = every_kind(language(chat), chat.url)
        if said["text"] == "all":
            return list(kinds.values())
        return [kinds.get(said["text"], Text(f"You said: {said.get('payload', said['text'])}"))]

    chat = ScriptedChat(answer)
    async with scripted_chat(chat):
        yield chat


def language(server: ScriptedChat) -> str:
    """The one that the page was last greeted in."""
    return str(server.hellos[-1]["locale"])


async def ask(chat: Chat, server: ScriptedChat, kind: str) -> Locator:
    """Let the bot say that kind; the line that it comes in."""
    count = len(server.lines)
    await chat.say(kind)
    await expect(chat.messages).to_have_count(count + 2)
    return chat.messages.nth(count + 1)


async def test_choices_are_pressed_and_then_settle(browser: Browser, server: ScriptedChat) -> None:
    async with chat_page(browser, f"{server.url}?lang=en", **WIDE) as chat:
        await chat.open()
        await ask(chat, server, "quick_replies")
        chips = chat.messages.locator(".quick")
        await chips.get_by_role("button", name="No, thank you").click()
        await expect(chat.line("You said: /deny")).to_be_visible()
        await expect(chips).to_be_hidden()
        await expect(chat.input).to_be_focused()

        await ask(chat, server, "file")
        receipt = chat.messages.get_by_role("link", name="Download: receipt-10042.pdf")
        await expect(receipt).to_have_attribute("href", f"{server.url}pictures/parcel.svg")
        await expect(receipt).to_have_attribute("download", "receipt-10042.pdf")

        line = await ask(chat, server, "list_choice")
        form = line.locator("form")
        choose = form.get_by_role("button", name="Choose")
        await choose.click()
        first = form.get_by_role("radio", name="Nordlys Torggata")
        reason = await first.evaluate("input => input.validationMessage")
        assert reason == "Choose one of these."
        await first.focus()
        await chat.page.keyboard.press("ArrowDown")
        await chat.page.keyboard.press("Enter")
        await expect(chat.line("You said: /shop_2")).to_be_visible()
        await expect(chat.line("Nordlys Løren")).to_be_visible()
        await expect(form.get_by_role("radio", name="Nordlys Løren")).to_be_checked()
        await expect(first).to_be_disabled()
        await expect(choose).to_be_hidden()

        line = await ask(chat, server, "long_list")
        form = line.locator("form")
        await form.get_by_role("combobox", name="Choose a size").select_option("Size 42")
        await form.get_by_role("button", name="Choose").click()
        await expect(chat.line("You said: /size_42")).to_be_visible()
        await expect(form.get_by_role("combobox")).to_be_disabled()

        # After a reload all of it is as settled as before.
        await chat.page.reload()
        await expect(chat.line("You said: /size_42")).to_be_visible()
        await expect(chips).to_be_hidden()
        await expect(chat.messages.get_by_role("radio", name="Nordlys Løren")).to_be_checked()
        combobox = chat.messages.get_by_role("combobox")
        await expect(combobox).to_be_disabled()
        assert await combobox.evaluate("box => box.selectedOptions[0].text") == "Size 42"


async def test_days_points_and_addresses_are_checked_and_said(
    browser: Browser, server: ScriptedChat
) -> None:
    async with chat_page(browser, f"{server.url}?lang=nb", **WIDE) as chat:
        await chat.open()
        line = await ask(chat, server, "date_choice")
        form = line.locator("form")
        day = form.get_by_label("Dato")
        bounds = "Fra onsdag 25. november til fredag 4. desember"
        await expect(day).to_have_accessible_description(f"Når passer det at vi leverer? {bounds}")
        await day.fill("2026-12-05")
        await form.get_by_role("button", name="Velg").click()
        reason = await day.evaluate("input => input.validationMessage")
        assert reason == f"Velg en dag. {bounds}."
        await day.fill("2026-11-27")
        await form.get_by_role("button", name="Velg").click()
        await expect(chat.line("fredag 27. november 2026")).to_be_visible()
        assert server.said[-1]["payload"] == '/choose_day{"day": "2026-11-27"}'
        await expect(form).to_be_hidden()

        line = await ask(chat, server, "request_email")
        email = line.get_by_label("E-postadresse")
        await expect(email).to_have_attribute("autocomplete", "email")
        await email.fill("kari@")
        await email.press("Enter")
        reason = await email.evaluate("input => input.validationMessage")
        assert reason == "Skriv en e-postadresse, for eksempel kari@eksempel.no."
        assert server.said[-1]["text"] == "request_email"
        await email.fill("kari@eksempel.no")
        await email.press("Enter")
        await expect(chat.line("You said: kari@eksempel.no")).to_be_visible()
        assert "payload" not in server.said[-1]
        await expect(email).to_be_hidden()

        line = await ask(chat, server, "request_phone")
        phone = line.get_by_label("Telefonnummer")
        await expect(phone).to_have_attribute("type", "tel")
        for wrong in ("", "ring meg", "12"):
            await phone.fill(wrong)
            await phone.press("Enter")
            assert await phone.evaluate("input => input.validationMessage")
        await phone.fill("+47 (412) 34-567")
        await phone.press("Enter")
        await expect(chat.line("You said: +47 (412) 34-567")).to_be_visible()

        line = await ask(chat, server, "rating")
        form = line.locator("form")
        await form.get_by_role("radio", name="1 av 5").focus()
        for _ in range(3):
            await chat.page.keyboard.press("ArrowRight")
        await expect(form.locator(".on")).to_have_count(4)
        await chat.page.keyboard.press("Enter")
        await expect(chat.line('You said: /rate{"points": "4"}')).to_be_visible()
        await expect(form.get_by_role("radio", name="4 av 5")).to_be_checked()
        await expect(form.get_by_role("radio", name="5 av 5")).to_be_disabled()
        await expect(form.get_by_role("button")).to_be_hidden()


async def test_cards_side_by_side_are_gone_through_with_buttons_and_keys(
    browser: Browser, server: ScriptedChat
) -> None:
    async with chat_page(browser, f"{server.url}?lang=en", **WIDE) as chat:
        await chat.open()
        line = await ask(chat, server, "carousel")
        cards = line.get_by_role("list", name="3 cards")
        where = line.get_by_role("status")
        back = line.get_by_role("button", name="Previous card")
        forth = line.get_by_role("button", name="Next card")
        await expect(where).to_have_text("Card 1 of 3")
        await expect(back).to_be_disabled()
        await forth.click()
        await expect(where).to_have_text("Card 2 of 3")
        rucksack = cards.get_by_role("listitem", name="Card 2 of 3")
        await expect(rucksack).to_be_in_viewport(ratio=0.9)
        await cards.focus()
        await chat.page.keyboard.press("End")
        await expect(where).to_have_text("Card 3 of 3")
        await expect(forth).to_be_disabled()
        await expect(cards.get_by_role("heading", name="Vacuum flask")).to_be_in_viewport()
        await chat.page.keyboard.press("ArrowLeft")
        await expect(where).to_have_text("Card 2 of 3")
        # A finger moves them too.
        await cards.evaluate("list => list.scrollTo({left: 0, behavior: 'instant'})")
        await expect(where).to_have_text("Card 1 of 3")
        choice = rucksack.get_by_role("button", name="Choose this")
        await expect(choice).to_have_accessible_description("Rucksack, 30 litres")
        await choice.click()
        await expect(chat.line("You said: /choose_rucksack")).to_be_visible()
        # All three offer the same words; the one that was pressed is marked.
        await expect(rucksack.locator(".chosen .check")).to_be_visible()
        await expect(cards.locator(".chosen")).to_have_count(1)
        await expect(cards.get_by_role("button", name="Choose this").first).to_be_disabled()


async def test_a_place_is_shared_if_the_customer_lets_the_browser_and_typed_if_not(
    browser: Browser, server: ScriptedChat
) -> None:
    async with chat_page(browser, f"{server.url}?lang=en", **WIDE) as chat:
        await chat.open()
        line = await ask(chat, server, "request_location")
        share = line.get_by_role("button", name="Share my location")
        await share.click()
        status = line.get_by_role("status")
        await expect(status).to_contain_text("Type where you are instead")
        await expect(chat.input).to_be_focused()
        await line.get_by_role("button", name="Type it instead").click()
        await expect(chat.input).to_be_focused()

        await chat.page.context.grant_permissions(["geolocation"])
        await chat.page.context.set_geolocation(OSLO)  # type: ignore[arg-type]
        await share.click()
        place = chat.messages.get_by_role("link", name="Show on a map")
        await expect(place).to_have_attribute(
            "href",
            "https://www.openstreetmap.org/?mlat=59.91273&mlon=10.74609#map=16/59.91273/10.74609",
        )
        await expect(share).to_be_hidden()
        assert server.said[-1]["text"] == "59.91273,10.74609"
        assert server.said[-1]["location"] == {"latitude": 59.91273, "longitude": 10.74609}
        # The place is told once.
        await expect(chat.line("You said: 59.91273,10.74609")).to_be_visible()
        await expect(chat.line("59.91273,10.74609")).to_have_count(0)


async def test_what_comes_from_elsewhere_says_so_and_what_is_not_for_people_is_not_shown(
    browser: Browser, server: ScriptedChat
) -> None:
    async with chat_page(browser, f"{server.url}?lang=nb", **WIDE) as chat:
        await chat.open()
        await ask(chat, server, "buttons")
        photo = Attachment("image", "esken.jpg", f"{server.url}pictures/parcel.svg")
        other = (Attachment("audio", ref="A1"), Attachment("file", "x.pdf", "javascript:alert(1)"))
        shared = Shared("Retur", (photo, *other))
        await server.utter(shared, Author.CUSTOMER, "telegram")
        line = chat.messages.last
        await expect(line.get_by_role("img", name="esken.jpg")).to_be_visible()
        await expect(line.locator(".sent")).to_have_text(["Lydopptak", "x.pdf"])
        await expect(line.get_by_role("link")).to_have_count(0)
        await expect(line.locator(".meta")).to_contain_text("på Telegram")
        # An answer that was given there settles the question here.
        await expect(chat.messages.locator(".chosen")).to_have_text("Retur")
        count = await chat.messages.count()
        await server.utter(Custom({"handoff": {}}))
        await server.utter(Typing())
        await server.utter(Text("Hei fra oss"), Author.STAFF, "slack")
        await expect(chat.messages).to_have_count(count + 1)
        await expect(chat.messages.last.locator(".meta")).to_contain_text("Kundebehandler på Slack")


async def test_every_kind_can_be_taken_home_in_plain_words(
    browser: Browser, server: ScriptedChat
) -> None:
    async with chat_page(browser, f"{server.url}?lang=en", **WIDE) as chat:
        await chat.open()
        await chat.say("all")
        await expect(chat.messages.locator(".quick")).to_be_visible()
        await chat.menu.click()
        async with chat.page.expect_download() as download:
            await chat.root.get_by_role("button", name="Download the conversation").click()
        text = (await (await download.value).path()).read_text("utf-8")
        for words in (
            "[Picture: A parcel on a doorstep]",
            f"Here is the receipt:\n  [File: receipt-10042.pdf {server.url}pictures/parcel.svg]",
            "Tracking: NH370042190NO",
            "Rucksack, 30 litres\n  NOK 1,249",
            "Where would you like to collect it?\n  - Nordlys Torggata",
            "It looked like this\n  [Picture box.jpg",
            "[Location: 59.91273,10.74609]",
            "Which day shall we deliver it?",
        ):
            assert words in text, words


async def test_hostile_words_and_odd_kinds_do_no_harm(browser: Browser) -> None:
    bad = '"><img src=x onerror=alert(1)>'
    contents = [
        content
        for name, content in every_kind("en", "javascript:alert(1)//").items()
        if name in ("file", "image", "carousel", "shared")
    ]
    rating = Rating(bad, "/rate", 1)
    buttons = Buttons(bad, (Button(bad, "/a"), Button(bad, url="javascript:alert(1)")))
    server = ScriptedChat(lambda _: [*contents, rating, buttons, Text("Done")])
    async with (
        scripted_chat(server),
        chat_page(browser, f"{server.url}?lang=en", **WIDE) as chat,
    ):
        alarms: list[str] = []
        chat.page.on("dialog", lambda dialog: alarms.append(dialog.message))
        await chat.open()
        await chat.say("Go")
        await expect(chat.line("Done")).to_be_visible()
        for address in await chat.messages.locator("a").evaluate_all("all => all.map(a => a.href)"):
            assert address.startswith("https://"), address
        assert await chat.messages.locator("img[onerror], script").count() == 0
        assert alarms == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("device", "lang"), [(WIDE, "en"), (PHONE, "nb")], ids=["wide", "phone"])
async def test_axe_finds_nothing_in_any_kind(
    browser: Browser, server: ScriptedChat, device: dict[str, Any], lang: str, scheme: str
) -> None:
    options = {"color_scheme": scheme, "reduced_motion": "reduce", "bypass_csp": True, **device}
    async with chat_page(browser, f"{server.url}?lang={lang}", **options) as chat:
        await chat.open()
        await chat.say("all")
        chips = chat.messages.locator(".quick button")
        await expect(chips).to_have_count(2)
        assert await violations(chat.page) == [], "open"
        assert await chat.log.evaluate("log => log.scrollWidth <= log.clientWidth")
        sizes = await chat.messages.evaluate_all(
            """all => all.flatMap(one => [...one.querySelectorAll(
                "button, select, a.choice, a.document, input:not([type=radio]), .ask label")])
                .map(node => node.getBoundingClientRect()).filter(box => box.width)
                .map(box => Math.min(box.width, box.height))"""
        )
        assert len(sizes) > 40
        # The label over a field is no target of its own.
        assert min(size for size in sizes) >= 20
        await chips.first.click()
        await expect(chips.first).to_be_hidden()
        assert await violations(chat.page) == [], "settled"
