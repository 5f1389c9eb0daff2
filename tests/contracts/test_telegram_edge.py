"""Telegram's webhook over real HTTP and a real Valkey."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from bot.model.content import Attachment, Button, Buttons, QuickReplies, Shared, Text
from bot.model.people import ChannelIdentity
from tests.recording.server import Fault, in_turn, serve
from tests.recording.telegram import RecordingTelegram
from tests.telegram_gateway import KARI, TelegramGateway, answer, payload, telegram_gateway
from tests.valkey import ValkeyServer

GROUP = "telegram:-1001987654321/498712345"


@pytest.fixture
async def gateway(redis_url: str, tmp_path: Path) -> AsyncIterator[TelegramGateway]:
    platform = RecordingTelegram()
    async with serve(platform), telegram_gateway(platform, redis_url, tmp_path) as running:
        yield running


async def until(holds: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came about"
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("secret", [None, "", "another", "ä"])
async def test_without_the_secret_nothing_is_taken(
    gateway: TelegramGateway, secret: str | None
) -> None:
    encoded = secret.encode("latin-1").decode("latin-1") if secret else secret
    headers = {} if encoded is None else {b"X-Telegram-Bot-Api-Secret-Token": encoded.encode()}
    response = await gateway.http.post(
        "/webhooks/telegram/webhook", json=payload("text"), headers=headers
    )
    assert response.status_code == 401
    assert response.json()["error"]["code"] == "unauthorized"
    assert await gateway.waiting() == 0


async def test_a_message_is_in_the_inbox_before_the_answer(gateway: TelegramGateway) -> None:
    response = await gateway.post(payload("text"))
    assert response.status_code == 200
    assert await gateway.waiting() == 1
    assert await gateway.said() == [Text("Hvor er pakken min? 📦")]
    assert gateway.platform.received == []


async def test_a_retry_is_no_second_turn(gateway: TelegramGateway) -> None:
    for name in ("text", "photo", "text", "text", "photo"):
        assert (await gateway.post(payload(name))).status_code == 200
    assert await gateway.waiting() == 2


@pytest.mark.parametrize(
    "name",
    [
        "edited_message",
        "channel_post",
        "group_chatter",
        "blocked",
        "kind_to_come",
        "group_migrated",
    ],
)
async def test_what_needs_no_turn_is_acknowledged(gateway: TelegramGateway, name: str) -> None:
    assert (await gateway.post(payload(name))).status_code == 200
    assert await gateway.waiting() == 0


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"update_id": 1, "message": {}}', b"\xff"])
async def test_what_can_not_be_understood_does_not_come_again(
    gateway: TelegramGateway, body: bytes
) -> None:
    assert (await gateway.post(body)).status_code == 200
    assert await gateway.waiting() == 0


async def test_something_sent_along_is_told_of(gateway: TelegramGateway) -> None:
    await gateway.post(payload("document"))
    await gateway.post(payload("contact"))
    document, contact = await gateway.said()
    assert isinstance(document, Shared)
    assert document.attachments[0].name == "kvittering.pdf"
    assert contact == Shared("+4791234567", (Attachment("contact", "Kari Nordmann"),))


async def test_a_group_is_answered_where_the_bot_is_addressed(gateway: TelegramGateway) -> None:
    for name in ("group_mention", "group_reply", "group_chatter", "group_command_of_another_bot"):
        assert (await gateway.post(payload(name))).status_code == 200
    assert await gateway.said(GROUP) == [Text("where is order 10042?"), Text("0150")]
    # The bot's own name was asked for once.
    assert len(gateway.platform.calls("getMe")) == 1


async def test_a_groups_message_comes_again_where_the_bots_name_can_not_be_had(
    gateway: TelegramGateway,
) -> None:
    gateway.platform.faults = in_turn(Fault("error"))
    assert (await gateway.post(payload("group_mention"))).status_code == 503
    assert (await gateway.post(payload("group_mention"))).status_code == 200
    assert await gateway.said(GROUP) == [Text("where is order 10042?")]


async def test_linking_by_a_deep_link(gateway: TelegramGateway) -> None:
    web = ChannelIdentity("web", "a-session")
    code = await gateway.identities.issue_code(web, "telegram")
    update = payload("start_with_code")
    update["message"]["text"] = f"/start {code.code}"
    for _ in range(2):
        assert (await gateway.post(update)).status_code == 200
    kari = await gateway.identities.resolve(ChannelIdentity("telegram", KARI))
    assert kari.conversation_id == web.name
    assert await gateway.said(web.name) == [Text("Fortsetter på Telegram")]
    await gateway.post(payload("text"))
    assert len(await gateway.said(web.name)) == 2

    assert (await gateway.post(payload("unlink"))).status_code == 200
    kari = await gateway.identities.resolve(ChannelIdentity("telegram", KARI))
    assert kari.conversation_id == f"telegram:{KARI}"


async def test_a_wrong_code_is_told(gateway: TelegramGateway) -> None:
    assert (await gateway.post(payload("start_with_code"))).status_code == 200
    assert await gateway.said() == [Text("Prøver å fortsette på Telegram")]


def pressed(gateway: TelegramGateway, title: str, update_id: int = 7) -> dict[str, object]:
    """The update of whoever presses a button of the chat's last message."""
    message = gateway.platform.shown(int(KARI))[-1]
    data = next(
        button["callback_data"]
        for row in message["reply_markup"]["inline_keyboard"]
        for button in row
        if button["text"] == title
    )
    query = {**payload("callback_query")["callback_query"], "message": message, "data": data}
    return {"update_id": update_id, "callback_query": query}


async def test_a_pressed_button_is_its_payload(gateway: TelegramGateway) -> None:
    payload_of_yes = '/cancel_order{"order_number": "10043"}' + " " * 100
    content = Buttons("Sikker?", (Button("Ja", payload_of_yes), Button("Nei", "/deny")))
    message = answer(content)
    (call,) = gateway.delivery.calls(message)
    await gateway.delivery.make(message, 0, call)

    assert (await gateway.post(pressed(gateway, "Ja"))).status_code == 200
    assert (await gateway.post(pressed(gateway, "Ja"))).status_code == 200
    assert await gateway.said() == [Text("Ja")]
    (raw,) = await gateway.entries()
    assert b"cancel_order" in raw

    platform = gateway.platform
    await until(lambda: len(platform.calls("editMessageReplyMarkup")) == 1)
    (shown,) = platform.shown(int(KARI))
    titles = [button["text"] for row in shown["reply_markup"]["inline_keyboard"] for button in row]
    assert titles == ["✓ Ja", "Nei"]
    assert platform.calls("answerCallbackQuery")[0].arguments == {
        "callback_query_id": "4382bfdwdsb323b2d9"
    }


async def test_a_single_choice_can_be_made_once(gateway: TelegramGateway) -> None:
    message = answer(QuickReplies("Hvor?", (Button("Oslo", "/oslo"), Button("Bergen", "/bergen"))))
    (call,) = gateway.delivery.calls(message)
    await gateway.delivery.make(message, 0, call)
    await gateway.post(pressed(gateway, "Bergen"))
    await until(lambda: len(gateway.platform.calls("editMessageReplyMarkup")) == 1)
    await gateway.post(pressed(gateway, "✓ Bergen", update_id=8))
    await until(lambda: len(gateway.platform.calls("answerCallbackQuery")) == 2)
    assert await gateway.said() == [Text("Bergen")]


async def test_anothers_choice_is_none(gateway: TelegramGateway) -> None:
    message = answer(Buttons("Sure?", (Button("Yes", "/affirm"),)))
    (call,) = gateway.delivery.calls(message)
    await gateway.delivery.make(message, 0, call)
    update = pressed(gateway, "Yes")
    query = update["callback_query"]
    assert isinstance(query, dict)
    query["from"] = {**query["from"], "id": 666, "language_code": "en"}
    query["message"] = {**query["message"], "chat": {"id": 666, "type": "private"}}
    assert (await gateway.post(update)).status_code == 200
    await until(lambda: bool(gateway.platform.calls("answerCallbackQuery")))
    assert "no longer works" in gateway.platform.calls("answerCallbackQuery")[0].arguments["text"]
    assert await gateway.waiting() == 0


async def test_an_unknown_choice_is_answered_in_words_and_makes_no_turn(
    gateway: TelegramGateway,
) -> None:
    assert (await gateway.post(payload("callback_query"))).status_code == 200
    await until(lambda: bool(gateway.platform.calls("answerCallbackQuery")))
    (told,) = gateway.platform.calls("answerCallbackQuery")
    assert told.arguments["text"] == (
        "Dette valget gjelder ikke lenger. Skriv heller hva du trenger hjelp til."
    )
    assert await gateway.waiting() == 0


async def test_a_platform_that_is_away_delays_no_webhook(gateway: TelegramGateway) -> None:
    message = answer(Buttons("?", (Button("Yes", "/affirm"),)))
    gateway.platform.faults = in_turn(None, Fault("refused"), Fault("refused"))
    await gateway.delivery.make(message, 0, gateway.delivery.calls(message)[0])
    assert (await gateway.post(pressed(gateway, "Yes"))).status_code == 200
    assert await gateway.said() == [Text("Yes")]


async def test_a_store_that_is_away_lets_telegram_come_again(
    own_valkey: ValkeyServer, tmp_path: Path
) -> None:
    platform = RecordingTelegram()
    async with serve(platform), telegram_gateway(platform, own_valkey.url, tmp_path) as gateway:
        own_valkey.kill()
        assert (await gateway.post(payload("text"))).status_code == 503
        assert (await gateway.post(payload("callback_query"))).status_code == 503
        own_valkey.start()
        assert (await gateway.post(payload("text"))).status_code == 200
        assert await gateway.waiting() == 1


async def test_updates_are_taken_in_while_nobody_works(gateway: TelegramGateway) -> None:
    update = payload("text")
    times = []
    for number in range(60):
        began = time.perf_counter()
        response = await gateway.post({**update, "update_id": number + 1})
        times.append(time.perf_counter() - began)
        assert response.status_code == 200
    assert await gateway.waiting() == 60
    # The usual one, not the slowest: tests run on machines that are busy with other things.
    assert sorted(times)[30] < 0.1
