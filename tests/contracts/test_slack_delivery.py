from __future__ import annotations

import json
import socket
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.errors import (
    DeliveryDelayed,
    DeliveryRefused,
    DeliveryUnknown,
    RecipientGone,
)
from bot.model.content import Button, Buttons, Card, Carousel, Content, Image, Text, Typing
from bot.model.messages import Outbound
from bot.model.people import LinkCode
from bot.ports import Rate
from channels.slack.client import Client
from channels.slack.delivery import SlackDelivery
from channels.slack.links import SlackLinks
from tests.recording.server import Fault, in_turn, serve
from tests.recording.slack import SCOPES, TOKEN, RecordingSlack

DM = "T0NORDLYS/D0KARI"
THREAD = "T0NORDLYS/C0SHOP/1732441600.000300"
PRIVATE = "T0NORDLYS/C0SHOP/@U0KARI"


@pytest.fixture
async def slack() -> AsyncIterator[RecordingSlack]:
    async with serve(RecordingSlack()) as platform:
        assert isinstance(platform, RecordingSlack)
        yield platform


@pytest.fixture
async def delivery(slack: RecordingSlack) -> AsyncIterator[SlackDelivery]:
    found = SlackDelivery(Client(TOKEN, slack.api_url), command="/help-me")
    yield found
    await found.close()


def outbound(content: Content, recipient: str = DM, turn: str = "1-1-0") -> Outbound:
    return Outbound("slack", recipient, f"slack:{recipient}", turn, 0, content, time.time())


async def deliver(delivery: SlackDelivery, message: Outbound, number: int = 0) -> str | None:
    return await delivery.make(message, number, delivery.calls(message)[number])


async def was_made(delivery: SlackDelivery, message: Outbound, number: int = 0) -> bool | None:
    return await delivery.was_made(message, number, delivery.calls(message)[number])


async def test_a_direct_message(slack: RecordingSlack, delivery: SlackDelivery) -> None:
    message = outbound(Text("**Hei** <!channel> & <@U1>"))
    stamp = await deliver(delivery, message)
    (posted,) = slack.posted("D0KARI")
    assert posted["ts"] == stamp
    assert "thread_ts" not in posted
    # In blocks as it is, in the text escaped: nobody is called.
    assert "<!channel> & <@U1>" in json.dumps(posted["blocks"])
    assert posted["text"] == "Hei &lt;!channel&gt; &amp; &lt;@U1&gt;"
    assert posted["metadata"] == {
        "event_type": "flerkanal_delivery",
        "event_payload": {"key": "1-1-0/0#0"},
    }


async def test_a_thread_is_answered_in_the_thread(
    slack: RecordingSlack, delivery: SlackDelivery
) -> None:
    await deliver(delivery, outbound(Text("hei"), THREAD))
    (posted,) = slack.posted("C0SHOP")
    assert posted["thread_ts"] == "1732441600.000300"


async def test_a_command_is_answered_so_that_others_do_not_see_it(
    slack: RecordingSlack, delivery: SlackDelivery
) -> None:
    message = outbound(Text("hei"), PRIVATE)
    await deliver(delivery, message)
    (shown,) = slack.private
    assert (shown["channel"], shown["user"]) == ("C0SHOP", "U0KARI")
    assert "Answer with /help-me" in shown["text"]
    assert slack.posted("C0SHOP") == []
    assert await was_made(delivery, message) is None


@pytest.mark.parametrize("why", ["not_in_channel", "channel_not_found", "user_not_in_channel"])
async def test_where_the_app_is_not_a_command_is_answered_directly(
    slack: RecordingSlack, delivery: SlackDelivery, why: str
) -> None:
    slack.errors["chat.postEphemeral"] = why
    await deliver(delivery, outbound(Text("hei"), PRIVATE))
    (posted,) = slack.posted("DU0KARI")
    assert "hei" in posted["text"]


async def test_what_slack_does_not_show_needs_no_call(delivery: SlackDelivery) -> None:
    assert delivery.calls(outbound(Typing())) == []
    assert delivery.calls(outbound(Text(" "))) == []


def test_no_address_is_refused() -> None:
    delivery = SlackDelivery(Client(TOKEN, "http://127.0.0.1:1/"), command="/help-me")
    with pytest.raises(DeliveryRefused, match="no address of a Slack chat"):
        delivery.calls(outbound(Text("hei"), "nowhere"))


def test_nobody_is_answered_in_the_staffs_channel() -> None:
    delivery = SlackDelivery(
        Client(TOKEN, "http://127.0.0.1:1/"), command="/help-me", staff_channel="C0SHOP"
    )
    for recipient in (THREAD, PRIVATE):
        with pytest.raises(DeliveryRefused, match="SLACK_HANDOFF_CHANNEL"):
            delivery.calls(outbound(Text("hei"), recipient))
    assert delivery.calls(outbound(Text("hei")))


def test_rates() -> None:
    delivery = SlackDelivery(
        Client(TOKEN, "http://127.0.0.1:1/"), command="/help-me", workspace_per_minute=90
    )
    message = outbound(Text("hei"), THREAD)
    (call,) = delivery.calls(message)
    assert delivery.rates(message, call) == [
        Rate("slack/C0SHOP", 1, 1.0),
        Rate("slack", 90, 60.0),
    ]


@pytest.mark.parametrize(
    ("recipient", "expected"),
    [
        (DM, [Rate("slack/conversations.history", 50, 60.0)]),
        (THREAD, [Rate("slack/conversations.replies", 50, 60.0)]),
        (PRIVATE, []),
    ],
)
def test_reading_a_channel_counts_against_the_rate_of_its_method(
    recipient: str, expected: list[Rate]
) -> None:
    delivery = SlackDelivery(Client("xoxb-1", "https://slack.com/api/"), command="/help-me")
    message = outbound(Text("hei"), recipient)
    (call,) = delivery.calls(message)
    assert delivery.rates_of_asking(message, call) == expected


async def test_a_long_text_is_several_calls_each_known_again(
    slack: RecordingSlack, delivery: SlackDelivery
) -> None:
    message = outbound(Text("En setning til. " * 2_000), THREAD)
    calls = delivery.calls(message)
    assert len(calls) == 3
    assert calls == delivery.calls(message)
    await delivery.make(message, 1, calls[1])
    made = [await delivery.was_made(message, number, call) for number, call in enumerate(calls)]
    assert made == [False, True, False]


@pytest.mark.parametrize("recipient", [DM, THREAD])
async def test_a_call_that_was_cut_off_is_found_again(
    slack: RecordingSlack, delivery: SlackDelivery, recipient: str
) -> None:
    message = outbound(Text("hei"), recipient)
    assert await was_made(delivery, message) is False
    slack.faults = in_turn(Fault("refused"))
    with pytest.raises(DeliveryUnknown):
        await deliver(delivery, message)
    assert await was_made(delivery, message) is False
    slack.faults = in_turn(Fault("cut"))
    with pytest.raises(DeliveryUnknown):
        await deliver(delivery, message)
    assert await was_made(delivery, message) is True
    assert await was_made(delivery, outbound(Text("hei"), recipient, "1-1-1")) is False


async def test_a_call_is_found_again_behind_many_others(
    slack: RecordingSlack, delivery: SlackDelivery
) -> None:
    message = outbound(Text("hei"))
    await deliver(delivery, message)
    others = [{"ts": f"{time.time():.6f}", "text": "x", "user": "U0KARI"} for _ in range(450)]
    slack.messages["D0KARI"].extend(others)
    assert await was_made(delivery, message) is True
    slack.messages["D0KARI"].extend(others * 5)
    # Somewhere the search has to end, and then nothing is known.
    assert await was_made(delivery, message) is None


async def test_without_the_right_to_read_nothing_is_known(
    slack: RecordingSlack, delivery: SlackDelivery
) -> None:
    slack.scopes = SCOPES - {"im:history"}
    assert await was_made(delivery, outbound(Text("hei"))) is None


async def test_was_made_when_slack_is_busy(slack: RecordingSlack, delivery: SlackDelivery) -> None:
    slack.faults = in_turn(Fault("busy", 7), Fault("error"))
    with pytest.raises(DeliveryDelayed) as delayed:
        await was_made(delivery, outbound(Text("hei")))
    assert delayed.value.retry_after == 7
    with pytest.raises(DeliveryDelayed):
        await was_made(delivery, outbound(Text("hei")))


async def test_slack_is_busy(slack: RecordingSlack, delivery: SlackDelivery) -> None:
    slack.faults = in_turn(Fault("busy", 30))
    with pytest.raises(DeliveryDelayed) as delayed:
        await deliver(delivery, outbound(Text("hei")))
    assert delayed.value.retry_after == 30


async def test_slack_has_failed(slack: RecordingSlack, delivery: SlackDelivery) -> None:
    slack.faults = in_turn(Fault("error"))
    with pytest.raises(DeliveryDelayed, match="500"):
        await deliver(delivery, outbound(Text("hei")))


async def test_nothing_is_tried_twice_by_itself(
    slack: RecordingSlack, delivery: SlackDelivery
) -> None:
    for kind in ("busy", "error", "cut", "refused"):
        slack.received.clear()
        slack.faults = in_turn(Fault(kind))
        with pytest.raises((DeliveryDelayed, DeliveryUnknown)):
            await deliver(delivery, outbound(Text("hei")))
        assert len(slack.received) == 1


async def test_the_servers_own_rate_is_told(slack: RecordingSlack, delivery: SlackDelivery) -> None:
    await deliver(delivery, outbound(Text("one")))
    with pytest.raises(DeliveryDelayed) as delayed:
        await deliver(delivery, outbound(Text("two"), turn="1-1-1"))
    assert delayed.value.retry_after == 1
    assert slack.too_early == ["D0KARI"]
    await deliver(delivery, outbound(Text("elsewhere"), THREAD))


async def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    delivery = SlackDelivery(Client(TOKEN, f"http://127.0.0.1:{port}/api/"), command="/help-me")
    with pytest.raises(DeliveryDelayed, match="can't be reached"):
        await deliver(delivery, outbound(Text("hei")))
    await delivery.close()


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ("is_archived", RecipientGone),
        ("channel_not_found", DeliveryDelayed),
        ("not_in_channel", DeliveryDelayed),
        ("account_inactive", DeliveryDelayed),
        ("token_revoked", DeliveryDelayed),
        ("missing_scope", DeliveryDelayed),
        ("fatal_error", DeliveryUnknown),
        ("msg_too_long", DeliveryRefused),
        ("an_error_of_tomorrow", DeliveryDelayed),
    ],
)
async def test_errors_over_the_wire(
    slack: RecordingSlack, delivery: SlackDelivery, error: str, expected: type[Exception]
) -> None:
    slack.errors["chat.postMessage"] = error
    with pytest.raises(expected, match=error):
        await deliver(delivery, outbound(Text("hei")))


async def test_a_wrong_token_is_the_operators(slack: RecordingSlack) -> None:
    delivery = SlackDelivery(Client("xoxb-wrong", slack.api_url), command="/help-me")
    with pytest.raises(DeliveryDelayed, match="invalid_auth") as delayed:
        await deliver(delivery, outbound(Text("hei")))
    assert delayed.value.retry_after == 60
    await delivery.close()


async def test_a_picture_that_slack_can_not_fetch_becomes_a_link(
    slack: RecordingSlack, delivery: SlackDelivery
) -> None:
    slack.unreachable = {"https://nordlys.example/a.png"}
    cards = Carousel(
        (
            Card("A lamp", image="https://nordlys.example/a.png"),
            Card("A chair", buttons=(Button("Buy", "/buy"),)),
        )
    )
    await deliver(delivery, outbound(cards))
    await deliver(delivery, outbound(Image("https://nordlys.example/a.png", "A lamp"), THREAD))
    (card,), (image,) = slack.posted("D0KARI"), slack.posted("C0SHOP")
    assert "A lamp" in json.dumps(card["blocks"])
    assert "Buy" in json.dumps(card["blocks"])
    link = image["blocks"][0]["elements"][0]["elements"][0]
    assert (link["url"], link["text"]) == ("https://nordlys.example/a.png", "A lamp")


async def test_other_faults_of_blocks_are_for_good(
    slack: RecordingSlack, delivery: SlackDelivery
) -> None:
    slack.errors["D0KARI"] = "invalid_blocks"
    with pytest.raises(DeliveryRefused):
        await deliver(delivery, outbound(Buttons("?", (Button("Yes", "/yes"),))))
    assert len(slack.received) == 1


# ------------------------------------------------------------------------------------ the link


@pytest.fixture
async def client(slack: RecordingSlack) -> AsyncIterator[Client]:
    found = Client(TOKEN, slack.api_url)
    yield found
    await found.close()


CODE = LinkCode("CDFHJKLMNPQR347", 1_795_531_732.0)


async def test_the_way_to_slack(slack: RecordingSlack, client: Client) -> None:
    links = SlackLinks(client)
    for _ in range(2):
        offer = await links.offer(CODE)
        assert offer.url == "https://slack.com/app_redirect?app=A0BOT&team=T0NORDLYS"
        assert offer.code == "CDFHJ-KLMNP-QR347"
    assert len(slack.calls("auth.test")) == 1


async def test_the_way_to_slack_without_the_right_to_read_users(
    slack: RecordingSlack, client: Client
) -> None:
    slack.scopes = SCOPES - {"users:read"}
    offer = await SlackLinks(client).offer(CODE)
    assert offer.url == "slack://user?team=T0NORDLYS&id=U0BOT"


@pytest.mark.parametrize("kind", ["busy", "error", "cut"])
async def test_the_way_to_slack_when_it_can_not_be_asked(
    slack: RecordingSlack, client: Client, kind: Any
) -> None:
    slack.faults = in_turn(Fault(kind))
    links = SlackLinks(client)
    with pytest.raises(DeliveryDelayed):
        await links.offer(CODE)
    assert (await links.offer(CODE)).code
