"""Answers to Messenger's Graph API over real HTTP; it says no as the platform does."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.errors import (
    DeliveryDelayed,
    DeliveryUnknown,
    RecipientGone,
    WindowClosed,
)
from bot.model.content import Button, Buttons, Content, File, Image, QuickReplies, Text, Typing
from bot.model.messages import Author, Outbound
from bot.model.people import LinkCode
from bot.ports import Rate
from channels.messenger.delivery import MessengerDelivery
from channels.messenger.graph import GraphApi
from channels.messenger.page import MessengerLinks, OwnPage
from tests.messenger_gateway import (
    KARI,
    OLA,
    SENT_AT,
    MessengerGateway,
    graph_api,
    messenger_gateway,
)
from tests.recording import messenger_events
from tests.recording.messenger import RecordingMessenger
from tests.recording.server import Fault, in_turn, serve
from tests.valkey import ValkeyServer

HOUR = 3_600.0
DAY = 24 * HOUR


@pytest.fixture
async def gateway(redis_url: str, tmp_path: Path) -> AsyncIterator[MessengerGateway]:
    platform = RecordingMessenger()
    async with serve(platform), messenger_gateway(platform, redis_url, tmp_path) as running:
        platform.says(KARI, "Hei", at=SENT_AT)
        yield running


@pytest.fixture
def delivery(gateway: MessengerGateway) -> MessengerDelivery:
    return MessengerDelivery(gateway.api, contacts=gateway.contacts, clock=gateway.clock)


def answer(content: Content | str, to: str = KARI, **fields: Any) -> Outbound:
    shown = Text(content) if isinstance(content, str) else content
    message = Outbound(
        "messenger", to, f"messenger:{to}", "3-1764000000000-0", 0, shown, asked_at=SENT_AT
    )
    return replace(message, **fields)


async def deliver(delivery: MessengerDelivery, message: Outbound) -> list[str | None]:
    return [
        await delivery.make(message, number, call)
        for number, call in enumerate(delivery.calls(message))
    ]


async def was_made(delivery: MessengerDelivery, message: Outbound, number: int = 0) -> bool | None:
    return await delivery.was_made(message, number, delivery.calls(message)[number])


async def test_words_arrive_with_the_name_of_their_call(
    gateway: MessengerGateway, delivery: MessengerDelivery
) -> None:
    (mid,) = await deliver(delivery, answer("**Hei** <b>&"))
    assert mid is not None
    (call,) = gateway.platform.taken
    assert call.arguments == {
        "recipient": {"id": KARI},
        "messaging_type": "RESPONSE",
        "message": {"text": "Hei <b>&", "metadata": "3-1764000000000-0/0#0"},
    }
    assert gateway.platform.threads[KARI][-1].mid == mid


async def test_what_is_shown_can_be_pressed_and_comes_back(
    gateway: MessengerGateway, delivery: MessengerDelivery
) -> None:
    await deliver(delivery, answer(QuickReplies("Sikker?", (Button("Ja", "/affirm"),))))
    await deliver(delivery, answer(Buttons("Hva nå?", (Button("Hjelp", "/help"),))))
    replies, template = [call.arguments["message"] for call in gateway.platform.taken]
    (reply,) = replies["quick_replies"]
    (button,) = template["attachment"]["payload"]["buttons"]
    page, at = gateway.platform.page_id, SENT_AT + 1
    await gateway.events(
        messenger_events.pressed(page, KARI, reply["title"], reply["payload"], mid="m_1", at=at),
        messenger_events.postback(page, KARI, button["title"], button["payload"], at=at),
    )
    found = [(message.text, message.payload) for message in await gateway.inbox()]
    assert found == [("Ja", "/affirm"), ("Hjelp", "/help")]


async def test_a_sign_of_typing(gateway: MessengerGateway, delivery: MessengerDelivery) -> None:
    assert await deliver(delivery, answer(Typing())) == [None]
    (call,) = gateway.platform.taken
    assert call.arguments == {"recipient": {"id": KARI}, "sender_action": "typing_on"}
    assert await was_made(delivery, answer(Typing())) is True


@pytest.mark.parametrize(
    ("author", "age", "kind"),
    [
        (Author.BOT, DAY, {"messaging_type": "RESPONSE"}),
        (Author.BOT, DAY + 1, None),
        (Author.STAFF, DAY, {"messaging_type": "RESPONSE"}),
        (Author.STAFF, DAY + 1, {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}),
        (Author.STAFF, 7 * DAY, {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}),
        (Author.STAFF, 7 * DAY + 1, None),
    ],
)
async def test_the_time_for_answering(
    gateway: MessengerGateway,
    delivery: MessengerDelivery,
    author: Author,
    age: float,
    kind: dict[str, str] | None,
) -> None:
    gateway.clock.now = SENT_AT + age
    message = answer("Hei", author=author)
    if kind is None:
        with pytest.raises(WindowClosed, match="hours old"):
            await deliver(delivery, message)
        assert gateway.platform.received == []
        return
    assert len(await deliver(delivery, message)) == 1
    arguments = gateway.platform.taken[0].arguments
    assert {name: arguments[name] for name in ("messaging_type", "tag") if name in arguments} == (
        kind
    )


async def test_a_later_word_of_the_customers_opens_it_again(
    gateway: MessengerGateway, delivery: MessengerDelivery
) -> None:
    gateway.clock.now = SENT_AT + 2 * DAY
    await gateway.post(
        messenger_events.batch(
            gateway.platform.page_id,
            gateway.platform.says(KARI, "Er du der?", at=SENT_AT + 30 * HOUR),
            gateway.platform.says(OLA, "Hei", at=SENT_AT + 30 * HOUR),
        )
    )
    assert len(await deliver(delivery, answer("Ja"))) == 1
    # What somebody else wrote in the same conversation opens nothing for this customer.
    with pytest.raises(WindowClosed):
        await deliver(delivery, answer("Ja", "404", conversation_id=f"messenger:{OLA}"))


async def test_the_platforms_own_clock_has_the_last_word(
    gateway: MessengerGateway, delivery: MessengerDelivery
) -> None:
    gateway.platform.clock = lambda: SENT_AT + DAY + 120
    with pytest.raises(WindowClosed, match="10/2018278"):
        await deliver(delivery, answer("Hei"))


async def test_who_can_not_be_reached(
    gateway: MessengerGateway, delivery: MessengerDelivery
) -> None:
    gateway.platform.gone.add(OLA)
    for to in (OLA, "404"):
        with pytest.raises(RecipientGone):
            await deliver(delivery, answer("Hei", to))


async def test_the_platforms_waiting_time(
    gateway: MessengerGateway, delivery: MessengerDelivery
) -> None:
    gateway.platform.faults = in_turn(Fault("busy", 17))
    with pytest.raises(DeliveryDelayed) as raised:
        await deliver(delivery, answer("Hei"))
    assert raised.value.retry_after == 17.0


async def test_what_is_known_after_a_fault(
    gateway: MessengerGateway, delivery: MessengerDelivery
) -> None:
    gateway.platform.faults = in_turn(Fault("error"), Fault("cut"), Fault("refused"))
    with pytest.raises(DeliveryDelayed):
        await deliver(delivery, answer("Hei"))
    for _ in range(2):
        with pytest.raises(DeliveryUnknown):
            await deliver(delivery, answer("Hei"))
    assert gateway.platform.texts(KARI) == ["Hei"]


@pytest.mark.parametrize(
    ("version", "token", "secret"),
    [
        ("v25.0", "another", "app-secret"),
        ("v25.0", "page-token", "another"),
        ("no/version/at/all", "page-token", "app-secret"),
    ],
)
async def test_what_the_operator_has_to_mend_costs_no_message(
    gateway: MessengerGateway, version: str, token: str, secret: str
) -> None:
    platform = gateway.platform
    api = GraphApi(api_url=f"{platform.url}/{version}", page_token=token, app_secret=secret)
    delivery = MessengerDelivery(api, contacts=gateway.contacts, clock=gateway.clock)
    try:
        with pytest.raises(DeliveryDelayed) as raised:
            await deliver(delivery, answer("Hei"))
        assert token not in str(raised.value)
    finally:
        await delivery.close()
    assert platform.taken == []


async def test_a_server_that_is_not_there_delays(gateway: MessengerGateway) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for address in (f"http://127.0.0.1:{port}/v25.0", "nonsense"):
        api = GraphApi(api_url=address, page_token="t", app_secret="s")
        delivery = MessengerDelivery(api, contacts=gateway.contacts, clock=gateway.clock)
        try:
            with pytest.raises(DeliveryDelayed):
                await deliver(delivery, answer("Hei"))
            with pytest.raises(DeliveryDelayed):
                await MessengerLinks(OwnPage(api)).offer(LinkCode("K7QX", 0.0))
        finally:
            await delivery.close()


async def test_what_the_platform_can_not_fetch_is_shown_as_its_address(
    gateway: MessengerGateway, delivery: MessengerDelivery
) -> None:
    url = "https://nordlys.example/away.pdf"
    gateway.platform.unreachable.add(url)
    assert len(await deliver(delivery, answer(File(url, "away.pdf", "Fakturaen")))) == 2
    assert gateway.platform.texts(KARI) == ["Fakturaen", url]
    keys = [call.arguments["message"]["metadata"] for call in gateway.platform.taken]
    assert keys == ["3-1764000000000-0/0#0", "3-1764000000000-0/0#1"]


async def test_no_file_of_this_machine_is_sent(
    gateway: MessengerGateway, delivery: MessengerDelivery, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("a secret", encoding="utf-8")
    await deliver(delivery, answer(Image(f"file://{secret}", "alt")))
    assert "a secret" not in str([call.arguments for call in gateway.platform.received])
    assert gateway.platform.texts(KARI) == [f"alt: file://{secret}"]


async def test_a_store_that_is_away_delays_what_it_is_asked_for(
    own_valkey: ValkeyServer, tmp_path: Path
) -> None:
    platform = RecordingMessenger()
    async with serve(platform), messenger_gateway(platform, own_valkey.url, tmp_path) as gateway:
        delivery = MessengerDelivery(gateway.api, contacts=gateway.contacts, clock=gateway.clock)
        gateway.clock.now = SENT_AT + 2 * DAY
        own_valkey.kill()
        with pytest.raises(DeliveryDelayed):
            await deliver(delivery, answer("Hei"))
        own_valkey.start()
    assert platform.received == []


async def test_a_call_that_was_cut_off_is_found_in_the_thread(
    gateway: MessengerGateway, delivery: MessengerDelivery
) -> None:
    assert await was_made(delivery, answer("Hei")) is False
    gateway.platform.faults = in_turn(Fault("cut"))
    with pytest.raises(DeliveryUnknown):
        await deliver(delivery, answer("Hei"))
    assert await was_made(delivery, answer("Hei")) is True


async def test_another_answer_is_not_the_one_in_question(
    gateway: MessengerGateway, delivery: MessengerDelivery
) -> None:
    await deliver(delivery, answer("Hei"))
    assert await was_made(delivery, answer("Hei igjen")) is False


async def test_a_text_in_parts_is_found_part_by_part(
    gateway: MessengerGateway, delivery: MessengerDelivery
) -> None:
    message = answer("En setning til, og enda en. " * 150)
    calls = delivery.calls(message)
    assert len(calls) == 3
    assert calls == delivery.calls(message)
    await delivery.make(message, 0, calls[0])
    await delivery.make(message, 1, calls[1])
    assert await delivery.was_made(message, 2, calls[2]) is False
    await delivery.make(message, 2, calls[2])
    # The last that was said is the one in question; the sender never asks about others.
    assert await delivery.was_made(message, 2, calls[2]) in (True, None)


async def test_where_the_thread_leaves_it_open_nobody_knows(
    gateway: MessengerGateway, delivery: MessengerDelivery
) -> None:
    await deliver(delivery, answer("Hei"))
    await deliver(delivery, answer("Hei"))
    assert await was_made(delivery, answer("Hei")) is None
    assert await was_made(delivery, answer(Image("https://a.example/i.png"))) is None
    gateway.platform.may_read = False
    assert await was_made(delivery, answer("Noe annet")) is None


async def test_asking_fails_as_anything_may(
    gateway: MessengerGateway, delivery: MessengerDelivery
) -> None:
    gateway.platform.faults = in_turn(Fault("cut"), Fault("busy", 5), Fault("error"))
    for _ in range(3):
        with pytest.raises(DeliveryDelayed):
            await was_made(delivery, answer("Hei"))


async def test_the_rates_of_the_page_and_of_a_thread(delivery: MessengerDelivery) -> None:
    def rates(content: Content | str) -> dict[str, tuple[int, float]]:
        message = answer(content)
        call = delivery.calls(message)[-1]
        return {rate.key: (rate.count, rate.seconds) for rate in delivery.rates(message, call)}

    words = {
        "messenger:page": (300, 1.0),
        "messenger:messages": (40, 1.0),
        f"messenger:thread:{KARI}": (10, 10.0),
    }
    assert rates("Hei") == words
    picture = Image("https://a.example/i.png")
    assert rates(picture) == {**words, "messenger:media": (10, 1.0)}
    assert rates(Typing()) == {"messenger:page": (300, 1.0)}
    message = answer("Hei")
    (call,) = delivery.calls(message)
    assert delivery.rates_of_asking(message, call) == [Rate("messenger:conversations", 2, 1.0)]


async def test_the_way_into_messenger(gateway: MessengerGateway) -> None:
    links = MessengerLinks(gateway.page)
    for code in ("K7QXM2RPD9TW", "C3"):
        offer = await links.offer(LinkCode(code, 0.0))
        assert (offer.url, offer.code) == (f"https://m.me/nordlyshandel?ref={code}", None)
    assert len(gateway.platform.calls("me")) == 1
    gateway.platform.username = None
    links = MessengerLinks(OwnPage(gateway.api))
    offer = await links.offer(LinkCode("C3", 0.0))
    assert offer.url == f"https://m.me/{gateway.platform.page_id}?ref=C3"


async def test_neither_the_token_nor_the_secret_is_in_an_address(
    gateway: MessengerGateway, delivery: MessengerDelivery, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    await deliver(delivery, answer("Hei"))
    await was_made(delivery, answer("Hei"))
    api = graph_api(gateway.platform)
    await OwnPage(api).get()
    await api.close()
    assert gateway.platform.page_token not in caplog.text
    assert gateway.platform.app_secret not in caplog.text
