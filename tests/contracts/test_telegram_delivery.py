"""Answers to Telegram's Bot API over real HTTP; it says no as the platform does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from telegram.constants import FloodLimit

from bot.errors import DeliveryDelayed, DeliveryRefused, DeliveryUnknown, RecipientGone
from bot.model.content import (
    Button,
    Buttons,
    Card,
    Carousel,
    Content,
    Custom,
    Fact,
    File,
    Image,
    Rating,
    Request,
    Text,
    Typing,
)
from bot.model.people import LinkCode
from channels.telegram.client import Client
from channels.telegram.links import TelegramLinks
from tests.recording.server import Fault, in_turn, serve
from tests.recording.telegram import TOKEN, RecordingTelegram
from tests.telegram_gateway import KARI, TelegramGateway, answer, telegram_gateway
from tests.valkey import ValkeyServer


@pytest.fixture
async def gateway(redis_url: str, tmp_path: Path) -> AsyncIterator[TelegramGateway]:
    platform = RecordingTelegram()
    async with serve(platform), telegram_gateway(platform, redis_url, tmp_path) as running:
        yield running


async def deliver(gateway: TelegramGateway, content: Content, to: str = KARI) -> list[str | None]:
    """Every call of a message, as fast as the rate in a chat allows."""
    message = answer(content, to)
    ids = []
    for number, call in enumerate(gateway.delivery.calls(message)):
        if number:
            await asyncio.sleep(1.0)
        ids.append(await gateway.delivery.make(message, number, call))
    return ids


async def test_words_with_marks_arrive_as_entities(gateway: TelegramGateway) -> None:
    assert await deliver(gateway, Text("📦 **Ordre** [10042](https://nordlys.example/1)")) == ["1"]
    (call,) = gateway.platform.taken
    assert call.arguments == {
        "chat_id": int(KARI),
        "text": "📦 Ordre 10042",
        "entities": [
            {"type": "bold", "offset": 3, "length": 5},
            {"type": "text_link", "offset": 9, "length": 5, "url": "https://nordlys.example/1"},
        ],
        "link_preview_options": {"is_disabled": True},
        "reply_markup": {"remove_keyboard": True},
    }


@pytest.mark.parametrize(
    "text",
    [
        "Hva betyr *dette_? <b>& [her](ikke) `a` \\n",
        "__init__ and **not closed",
        "1 < 2 && 3 > 2; <script>",
        "مرحبا **بك** 10042",
        "👩‍👩‍👧‍👦 **👩‍👩‍👧‍👦** _x_",
    ],
)
async def test_no_text_breaks_the_platforms_marks(gateway: TelegramGateway, text: str) -> None:
    assert await deliver(gateway, Text(text)) == ["1"]
    assert gateway.platform.received[0].status == 200
    assert "parse_mode" not in gateway.platform.received[0].arguments


async def test_a_topic_of_a_forum_is_answered_there(gateway: TelegramGateway) -> None:
    await deliver(gateway, Text("Hei"), "-1002222333344/498712345/77")
    (call,) = gateway.platform.taken
    assert call.arguments["message_thread_id"] == 77
    assert "reply_markup" not in call.arguments


async def test_a_typing_sign(gateway: TelegramGateway) -> None:
    assert await deliver(gateway, Typing()) == [None]
    assert gateway.platform.calls("sendChatAction")[0].arguments["action"] == "typing"


async def test_a_custom_payload_and_an_empty_text_are_nothing(gateway: TelegramGateway) -> None:
    assert await deliver(gateway, Custom({"handoff": {}})) == []
    assert await deliver(gateway, Text(" \n")) == []


async def test_a_card_is_a_picture_with_a_caption_and_buttons(gateway: TelegramGateway) -> None:
    card = Card(
        "Ordre 10042",
        "På vei",
        "https://nordlys.example/lampe.png",
        facts=(Fact("Ventet", "fredag"),),
        buttons=(Button("Spor", url="https://nordlys.example/spor"), Button("Hjelp", "/help")),
    )
    await deliver(gateway, card)
    (call,) = gateway.platform.calls("sendPhoto")
    assert call.arguments["caption"] == "Ordre 10042\nPå vei\nVentet: fredag"
    (row,) = call.arguments["reply_markup"]["inline_keyboard"]
    assert row[0] == {"text": "Spor", "url": "https://nordlys.example/spor"}
    assert row[1]["text"] == "Hjelp"


async def test_a_carousel_is_a_card_after_the_other(gateway: TelegramGateway) -> None:
    cards = tuple(Card(title, buttons=(Button("Kjøp", f"/{title}"),)) for title in ("A", "B"))
    assert await deliver(gateway, Carousel(cards)) == ["1", "2"]
    data = [
        message["reply_markup"]["inline_keyboard"][0][0]["callback_data"]
        for message in gateway.platform.shown(int(KARI))
    ]
    assert len(set(data)) == 2
    assert gateway.platform.rates.broken == []


async def test_a_request_is_a_button_that_shares_it(gateway: TelegramGateway) -> None:
    await deliver(gateway, Request("Hvor er du?", "location"))
    markup = gateway.platform.taken[0].arguments["reply_markup"]
    assert markup["keyboard"] == [[{"text": "Share my location", "request_location": True}]]
    assert markup["one_time_keyboard"] is True


async def test_a_group_is_asked_in_words(gateway: TelegramGateway) -> None:
    await deliver(gateway, Request("Where are you?", "location"), "-100/5")
    assert "reply_markup" not in gateway.platform.taken[0].arguments
    assert "address" in gateway.platform.taken[0].arguments["text"]


async def test_a_file_that_telegram_takes_and_one_that_it_does_not(
    gateway: TelegramGateway,
) -> None:
    await deliver(gateway, File("https://nordlys.example/faktura.pdf", "faktura.pdf", "Fakturaen"))
    await asyncio.sleep(1.0)
    await deliver(gateway, File("https://nordlys.example/f.docx", "f.docx", "Fakturaen"))
    document, words = gateway.platform.taken
    assert (document.method, document.arguments["caption"]) == ("sendDocument", "Fakturaen")
    assert words.arguments["text"] == "Fakturaen\n\nf.docx"
    assert words.arguments["entities"][0]["url"] == "https://nordlys.example/f.docx"
    assert all(call.status == 200 for call in gateway.platform.received)


async def test_a_file_keeps_its_name(gateway: TelegramGateway) -> None:
    file = File("https://nordlys.example/download?id=7", "faktura.pdf", "**Fakturaen**")
    (call,) = gateway.delivery.calls(answer(file))
    assert call.method == "sendDocument"
    assert call.arguments["caption"] == "Fakturaen\n\nfaktura.pdf"


async def test_a_picture_that_can_not_be_fetched_becomes_words(gateway: TelegramGateway) -> None:
    url = "https://nordlys.example/away.png"
    gateway.platform.unreachable.add(url)
    card = Card("Lampe", image=url, buttons=(Button("Kjøp", "/buy"),))
    assert await deliver(gateway, card) == ["1"]
    (shown,) = gateway.platform.shown(int(KARI))
    assert url in shown["text"]
    assert shown["reply_markup"]["inline_keyboard"][0][0]["text"] == "Kjøp"


async def test_a_link_that_telegram_does_not_open_becomes_words(gateway: TelegramGateway) -> None:
    content = Buttons("See", (Button("Page", url="http://localhost/x"), Button("No", "/deny")))
    assert await deliver(gateway, content) == ["1"]
    (shown,) = gateway.platform.shown(int(KARI))
    assert shown["text"] == "See\n\nPage: http://localhost/x"
    assert [button["text"] for button in shown["reply_markup"]["inline_keyboard"][0]] == ["No"]


async def test_no_file_of_this_machine_is_sent(gateway: TelegramGateway, tmp_path: Path) -> None:
    secret = tmp_path / "secret.pdf"
    secret.write_text("secret", encoding="utf-8")
    for content in (
        Image(str(secret), "alt"),
        File(str(secret), "x.pdf"),
        Image(f"file://{secret}"),
    ):
        for call in gateway.delivery.calls(answer(content)):
            assert call.method == "sendMessage"


async def test_what_the_platform_refuses_for_good(gateway: TelegramGateway) -> None:
    gateway.platform.unknown.add(404)
    gateway.platform.blocked.add(403)
    for to in ("404", "403"):
        with pytest.raises(RecipientGone):
            await deliver(gateway, Text("Hei"), to)
    with pytest.raises(DeliveryRefused):
        gateway.delivery.calls(answer(Text("Hei"), "no-address"))


async def test_a_group_that_became_a_supergroup_is_followed(gateway: TelegramGateway) -> None:
    gateway.platform.migrated[-77] = -1000077
    assert await deliver(gateway, Text("Hei"), "-77/5") == ["1"]
    assert gateway.platform.shown(-1000077)[0]["text"] == "Hei"


async def test_the_platforms_waiting_time(gateway: TelegramGateway) -> None:
    gateway.platform.faults = in_turn(Fault("busy", 17))
    with pytest.raises(DeliveryDelayed) as raised:
        await deliver(gateway, Text("Hei"))
    assert raised.value.retry_after == 17.0


async def test_what_is_known_after_a_fault(gateway: TelegramGateway) -> None:
    gateway.platform.faults = in_turn(Fault("error"), Fault("cut"), Fault("refused"))
    with pytest.raises(DeliveryDelayed):
        await deliver(gateway, Text("Hei"))
    for _ in range(2):
        with pytest.raises(DeliveryUnknown):
            await deliver(gateway, Text("Hei"))
    message = answer(Text("Hei"))
    (call,) = gateway.delivery.calls(message)
    assert await gateway.delivery.was_made(message, 0, call) is None
    assert len(gateway.platform.taken) == 1


async def test_a_server_that_is_not_there_delays() -> None:
    client = Client(TOKEN, "http://127.0.0.1:9/bot")
    try:
        with pytest.raises(DeliveryDelayed):
            await TelegramLinks(client).offer(LinkCode("K7QXM2", 0.0))
    finally:
        await client.close()


async def test_a_wrong_token_is_the_operators_to_mend(gateway: TelegramGateway) -> None:
    gateway.platform.token = "1:another"
    with pytest.raises(DeliveryDelayed):
        await deliver(gateway, Text("Hei"))


async def test_choices_that_can_not_be_kept_delay_their_message(
    own_valkey: ValkeyServer, tmp_path: Path
) -> None:
    platform = RecordingTelegram()
    async with serve(platform), telegram_gateway(platform, own_valkey.url, tmp_path) as gateway:
        own_valkey.kill()
        with pytest.raises(DeliveryDelayed):
            await deliver(gateway, Buttons("?", (Button("Yes", "/affirm"),)))
        own_valkey.start()
    assert platform.received == []


async def test_the_way_into_telegram(gateway: TelegramGateway) -> None:
    links = TelegramLinks(gateway.client)
    for code in ("K7QXM2RPD9TW", "A2"):
        offer = await links.offer(LinkCode(code, 0.0))
        assert offer.url == f"https://t.me/nordlys_bot?start={code}"
    assert len(gateway.platform.calls("getMe")) == 1


async def test_the_rates_of_a_chat_and_of_a_group(gateway: TelegramGateway) -> None:
    def keys(content: Content, to: str) -> dict[str, int]:
        message = answer(content, to)
        (call,) = gateway.delivery.calls(message)
        return {rate.key: rate.count for rate in gateway.delivery.rates(message, call)}

    assert keys(Text("Hei"), KARI) == {
        f"telegram:chat:{KARI}": FloodLimit.MESSAGES_PER_SECOND_PER_CHAT,
        "telegram:messages": FloodLimit.MESSAGES_PER_SECOND,
    }
    # All members of a group, and all its topics, share the group's rates.
    assert (
        keys(Text("Hei"), "-7/1/2")
        == keys(Text("Hei"), "-7/3")
        == {
            "telegram:chat:-7": 1,
            "telegram:group:-7": FloodLimit.MESSAGES_PER_MINUTE_PER_GROUP,
            "telegram:messages": FloodLimit.MESSAGES_PER_SECOND,
        }
    )
    assert "telegram:messages" not in keys(Typing(), KARI)


async def test_a_rate_that_is_not_kept_is_measured(gateway: TelegramGateway) -> None:
    await deliver(gateway, Text("one"))
    with pytest.raises(DeliveryDelayed):
        await deliver(gateway, Text("two"))
    (broken,) = gateway.platform.rates.broken
    assert (broken.rule.count, broken.chat_id) == (1, int(KARI))


async def test_a_rating_fits_a_row(gateway: TelegramGateway) -> None:
    await deliver(gateway, Rating("Hvordan gikk det?", '/rate{"stars": $rating}'))
    (row,) = gateway.platform.taken[0].arguments["reply_markup"]["inline_keyboard"]
    assert [button["text"] for button in row] == ["1", "2", "3", "4", "5"]
