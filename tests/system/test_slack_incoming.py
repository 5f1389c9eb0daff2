from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.model.content import Button, Buttons, DateChoice, QuickReplies
from bot.model.messages import Outbound
from bot.model.people import ChannelIdentity
from channels.slack.delivery import SlackDelivery
from tests.gateway import eventually
from tests.recording.slack import SCOPES, RecordingSlack
from tests.slack_events import (
    FORM,
    JSON,
    Delivery,
    command,
    command_delivery,
    event_delivery,
    mention,
    message,
    press,
    signed,
)
from tests.slack_gateway import PATH, SlackGateway, slack_gateway
from tests.valkey import ValkeyServer

DM = "T0NORDLYS/D0KARI"
PAYLOADS = Path(__file__).resolve().parents[1] / "payloads" / "slack"


@pytest.fixture
async def gateway(redis_url: str, tmp_path: Path) -> AsyncIterator[SlackGateway]:
    async with slack_gateway(redis_url, tmp_path) as running:
        yield running


async def texts(gateway: SlackGateway) -> list[str]:
    return [item.text for item in await gateway.inbox()]


# ------------------------------------------------------------------------------------- the edge


async def test_a_direct_message_is_stored_before_the_200(gateway: SlackGateway) -> None:
    response = await gateway.event(message("Hvor er *pakken* <min>?", event_id="Ev1"))
    assert response.status_code == 200
    (stored,) = await gateway.inbox()
    assert (stored.channel, stored.sender, stored.conversation_id) == ("slack", DM, f"slack:{DM}")
    assert (stored.event_id, stored.text, stored.payload) == (
        "Ev1",
        "Hvor er *pakken* <min>?",
        None,
    )
    assert stored.metadata == {"user": "U0KARI"}
    assert gateway.slack.received == []


async def test_a_retry_is_no_second_turn_and_never_dropped(gateway: SlackGateway) -> None:
    first, second = message("one", event_id="Ev1"), message("two", event_id="Ev2")
    # The first delivery was lost on the way: only its retry comes.
    await gateway.event(first, retry=1)
    await gateway.event(second)
    await gateway.event(first, retry=2)
    await gateway.event(second, retry=1)
    assert await texts(gateway) == ["one", "two"]


def forgeries() -> list[Any]:
    body = json.dumps(message("forged")).encode()
    good = signed(body)
    headers = dict(good.headers)
    signature = headers["x-slack-signature"]
    return [
        pytest.param(Delivery(body, {"content-type": JSON}), id="unsigned"),
        pytest.param(signed(body, secret="another"), id="another secret"),
        pytest.param(signed(body, at=time.time() - 301), id="stale"),
        pytest.param(signed(body, at=time.time() + 3_600), id="from the future"),
        pytest.param(Delivery(body + b" ", headers), id="another body"),
        pytest.param(
            Delivery(body, {**headers, "x-slack-request-timestamp": str(int(time.time()) - 9)}),
            id="another time",
        ),
        pytest.param(
            Delivery(body, {**headers, "x-slack-request-timestamp": "soon"}), id="no time"
        ),
        pytest.param(
            Delivery(body, {**headers, "x-slack-signature": signature.upper()}), id="upper case"
        ),
        pytest.param(Delivery(b"\xff\xfe", headers), id="no text"),
        pytest.param(signed(b"ssl_check=1&token=x", FORM, secret="x"), id="ssl_check"),
        pytest.param(
            signed(json.dumps({"type": "url_verification", "challenge": "x"}).encode(), secret="x"),
            id="url_verification",
        ),
    ]


@pytest.mark.parametrize("delivery", forgeries())
async def test_forged_and_stale_requests_are_refused(
    gateway: SlackGateway, delivery: Delivery
) -> None:
    response = await gateway.deliver(delivery)
    assert response.status_code == 401
    assert response.json()["error"]["code"] == "bad_signature"
    assert await gateway.inbox() == []


async def test_a_signature_that_is_not_ascii_is_refused(gateway: SlackGateway) -> None:
    delivery = event_delivery(message("x"))
    given = {**delivery.headers, "x-slack-signature": "v0=æøå"}
    headers = [(name.encode(), value.encode("latin-1")) for name, value in given.items()]
    response = await gateway.http.post(PATH, content=delivery.body, headers=headers)
    assert response.status_code == 401


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", JSON),
        (b"{", JSON),
        (b"[]", JSON),
        (b'{"type":"event_callback"}', JSON),
        (b'{"type":"event_callback","event":7,"authorizations":[3]}', JSON),
        (b'{"type":"event_callback","event":{"type":"message","user":"U1"}}', JSON),
        (b'{"type":"block_actions","actions":[],"user":{"id":"U1"}}', JSON),
        (b'{"type":"block_actions","actions":[{"action_id":"ask#1"}],"team":7}', JSON),
        (b"payload=nothing", FORM),
        (b"command=%2Fhelp-me&text=x", FORM),
    ],
)
async def test_what_can_not_be_read_is_refused(
    gateway: SlackGateway, body: bytes, kind: str
) -> None:
    response = await gateway.deliver(signed(body, kind))
    assert response.status_code == 400
    assert response.json()["error"]["message"]
    assert await gateway.inbox() == []


async def test_what_no_store_takes_is_left_out(gateway: SlackGateway) -> None:
    payload = message("half of a pair: \ud83d, and nothing: \0", event_id="Ev1")
    assert (await gateway.event(payload)).status_code == 200
    assert await texts(gateway) == ["half of a pair: \ufffd, and nothing: "[:-1]]


async def test_slack_is_told_the_address_is_ours(gateway: SlackGateway) -> None:
    challenge = {"type": "url_verification", "token": "x", "challenge": "abc123"}
    response = await gateway.event(challenge)
    assert response.status_code == 200
    assert response.json() == {"challenge": "abc123"}
    assert (await gateway.deliver(signed(b"ssl_check=1&token=x", FORM))).status_code == 200
    assert (await gateway.http.get(PATH, params={"ssl_check": "1"})).status_code == 200


async def test_a_store_that_is_away_has_slack_come_again(
    own_valkey: ValkeyServer, tmp_path: Path
) -> None:
    async with slack_gateway(own_valkey.url, tmp_path) as gateway:
        payload = message("hei", event_id="Ev1")
        own_valkey.kill()
        for delivery in (
            event_delivery(payload),
            command_delivery(command("hei")),
        ):
            assert (await gateway.deliver(delivery)).status_code == 503
        own_valkey.start()
        await gateway.event(payload, retry=1)
        assert await texts(gateway) == ["hei"]


async def test_nothing_waits_for_slack_nor_for_the_work_afterwards(
    redis_url: str, tmp_path: Path
) -> None:
    async with slack_gateway(redis_url, tmp_path, working=False) as gateway:
        taken = []
        for number in range(60):
            began = time.perf_counter()
            await gateway.event(message(f"hei {number}"))
            await gateway.event(opened())
            taken.append(time.perf_counter() - began)
        assert len(await gateway.inbox()) == 60
        # The machine may be busy with other things: the middle one tells.
        assert sorted(taken)[30] < 0.2
        assert gateway.slack.received == []


async def test_every_stored_payload_is_taken_once(gateway: SlackGateway) -> None:
    bodies = [path.read_bytes() for path in sorted(PAYLOADS.glob("*.json"))]
    for body in bodies:
        assert (await gateway.deliver(signed(body))).status_code == 200
    first = await gateway.inbox()
    for body in reversed(bodies):
        assert (await gateway.deliver(signed(body, retry=1))).status_code == 200
    assert await gateway.inbox() == first
    assert len(first) > 20


# ------------------------------------------------------------------------------------- channels


async def test_in_a_channel_only_what_is_for_the_bot(gateway: SlackGateway) -> None:
    await gateway.event(message("lunch?", channel="C0SHOP"))
    await gateway.event(message("not here", channel="C0SHOP", thread_ts="1700000000.000001"))
    named = mention("where is my order?")
    thread = named["event"]["ts"]
    await gateway.event(named)
    # Slack tells a mention as a message as well.
    told = message("", channel="C0SHOP", ts=thread)
    told["event"]["text"] = named["event"]["text"]
    await gateway.event(told)
    await gateway.event(message("10042", channel="C0SHOP", user="U0OLA", thread_ts=thread))
    await gateway.event(mention("0150", thread_ts=thread))
    stored = await gateway.inbox()
    assert [item.text for item in stored] == ["where is my order?", "10042", "0150"]
    assert {item.sender for item in stored} == {f"T0NORDLYS/C0SHOP/{thread}"}
    assert stored[1].metadata == {"user": "U0OLA"}


async def test_a_name_alone_asks_for_help(gateway: SlackGateway) -> None:
    await gateway.event(mention(""))
    await gateway.command(command(""))
    assert await texts(gateway) == ["help", "help"]


async def test_commands_are_answered_where_nobody_else_sees_it(gateway: SlackGateway) -> None:
    response = await gateway.command(command("where is my order", channel="C0SHOP"))
    assert (response.status_code, response.text) == (200, "")
    await gateway.command(command("10042"))
    stored = {item.text: item.sender for item in await gateway.inbox()}
    assert stored == {"where is my order": "T0NORDLYS/C0SHOP/@U0KARI", "10042": DM}


async def test_the_command_has_the_name_that_was_set(redis_url: str, tmp_path: Path) -> None:
    async with slack_gateway(redis_url, tmp_path, command="/hjelp") as gateway:
        await gateway.command(command("hei", name="/hjelp"))
        other = await gateway.deliver(command_delivery(command("hei", name="/help-me")))
        assert other.status_code == 404
        assert await texts(gateway) == ["hei"]


# -------------------------------------------------------------------------------------- presses


async def shown(gateway: SlackGateway, content: Any, recipient: str = DM) -> dict[str, Any]:
    """The content as Slack has it, delivered for real."""
    delivery = SlackDelivery(gateway.client, command="/help-me")
    outbound = Outbound("slack", recipient, f"slack:{recipient}", "1-1-0", 0, content, time.time())
    for number, call in enumerate(delivery.calls(outbound)):
        await delivery.make(outbound, number, call)
    channel = recipient.split("/")[1]
    return gateway.slack.posted(channel)[-1]


async def test_a_pressed_button_comes_back_and_the_message_shows_it(gateway: SlackGateway) -> None:
    posted = await shown(
        gateway,
        Buttons("What is it?", (Button("My order", "/order_status"), Button("A person", "/human"))),
    )
    url = gateway.slack.response_url("r1")
    await gateway.press(press(posted, "My order", response_url=url))
    (stored,) = await gateway.inbox()
    assert (stored.text, stored.payload, stored.sender) == ("My order", "/order_status", DM)

    async def changed() -> bool:
        return "r1" in gateway.slack.changes

    await eventually(changed)
    change = gateway.slack.changes["r1"]
    assert change["replace_original"] is True
    assert [block["type"] for block in change["blocks"]] == ["rich_text", "rich_text"]
    assert "✓ My order" in json.dumps(change["blocks"], ensure_ascii=False)
    assert "A person" not in json.dumps(change["blocks"])


async def test_what_slack_makes_of_the_change_does_not_matter(gateway: SlackGateway) -> None:
    posted = await shown(gateway, QuickReplies("?", (Button("Yes", "/affirm"),)))
    for url in ("https://attacker.example/x", "http://127.0.0.1:1/actions/x"):
        await gateway.press(press(posted, "Yes", response_url=url))
    await gateway.press(press(posted, "Yes"))
    assert [item.payload for item in await gateway.inbox()] == ["/affirm"] * 3
    assert gateway.slack.changes == {}


async def test_a_payload_too_long_for_slack_is_said_in_words(gateway: SlackGateway) -> None:
    posted = await shown(gateway, Buttons("?", (Button("All of it", "/x" + "y" * 2_000),)))
    await gateway.press(press(posted, "All of it"))
    (stored,) = await gateway.inbox()
    assert (stored.text, stored.payload) == ("All of it", None)


async def test_a_chosen_day(gateway: SlackGateway) -> None:
    content = DateChoice("When?", '/choose_day{"day": "$date"}', "2026-11-25", "2026-12-24")
    posted = await shown(gateway, content)
    await gateway.press(press(posted, "", day="2026-11-27"))
    await gateway.press(press(posted, "", day="2027-11-27"))
    assert [(item.text, item.payload) for item in await gateway.inbox()] == [
        ("2026-11-27", '/choose_day{"day": "2026-11-27"}'),
        ("2027-11-27", None),
    ]


async def test_presses_in_a_shared_channel_find_the_thread_back(gateway: SlackGateway) -> None:
    recipient = "T0NORDLYS/C9SHARED/1732441700.000900"
    posted = await shown(gateway, Buttons("?", (Button("Yes", "/affirm"),)), recipient)
    payload = press(posted, "Yes", channel="C9SHARED", user="U9EXT")
    payload["team"] = {"id": "T9OTHER", "domain": "other"}
    payload["user"]["team_id"] = "T9OTHER"
    await gateway.press(payload)
    (stored,) = await gateway.inbox()
    assert stored.sender == recipient


# ---------------------------------------------------------------------------------------- links


async def code_for(gateway: SlackGateway) -> str:
    code = await gateway.identities.issue_code(ChannelIdentity("web", "s1"), "slack")
    return code.grouped


@pytest.mark.parametrize("written", ["{}", "link {}", "koble til {}", " {} "])
async def test_a_code_sent_directly_links(gateway: SlackGateway, written: str) -> None:
    text = written.format(await code_for(gateway))
    await gateway.event(message(text))
    (stored,) = await gateway.inbox()
    assert (stored.payload, stored.conversation_id) == ("/channel_linked", "web:s1")
    assert stored.sender == DM
    assert text.strip() not in stored.to_json()
    await gateway.event(message("og nå?"))
    assert {item.conversation_id for item in await gateway.inbox()} == {"web:s1"}


@pytest.mark.parametrize("written", ["{}", "link {}"])
async def test_a_code_given_to_the_command_links(gateway: SlackGateway, written: str) -> None:
    response = await gateway.command(command(written.format(await code_for(gateway))))
    assert response.text == ""
    (stored,) = await gateway.inbox()
    assert (stored.payload, stored.conversation_id) == ("/channel_linked", "web:s1")
    await gateway.command(command("unlink"))
    last = [item for item in await gateway.inbox() if item.payload == "/channel_unlinked"]
    assert [item.conversation_id for item in last] == [f"slack:{DM}"]


async def test_a_wrong_code_is_said_to_be_one(gateway: SlackGateway) -> None:
    await gateway.command(command("link 1234"))
    (stored,) = await gateway.inbox()
    assert (stored.payload or "").startswith("/link_refused")


async def test_links_are_made_directly_only(gateway: SlackGateway) -> None:
    code = await code_for(gateway)
    response = await gateway.command(command(code, channel="C0SHOP"))
    assert response.json()["response_type"] == "ephemeral"
    assert "direct message" in response.json()["text"]
    assert await gateway.inbox() == []
    await gateway.command(command("unlink", channel="C0SHOP"))
    assert await gateway.inbox() == []
    # A code that others could read is only words there, and still good.
    await gateway.event(mention(code))
    await gateway.event(message(code))
    assert [item.payload for item in await gateway.inbox()].count("/channel_linked") == 1


# ------------------------------------------------------------------------------------- the home


def opened(user: str = "U0KARI", channel: str = "D0KARI") -> dict[str, Any]:
    found: dict[str, Any] = json.loads((PAYLOADS / "app_home_opened.json").read_text())
    found["event"] |= {"user": user, "channel": channel}
    return found


async def home(gateway: SlackGateway, user: str, words: str) -> dict[str, Any]:
    async def published() -> bool:
        return words in json.dumps(gateway.slack.homes.get(user, {}), ensure_ascii=False)

    await eventually(published)
    return gateway.slack.homes[user]


async def test_the_home_in_the_customers_language(gateway: SlackGateway) -> None:
    gateway.slack.locales["U0OLA"] = "nb-NO"
    await gateway.event(opened())
    await gateway.event(opened("U0OLA", "D0OLA"))
    english = await home(gateway, "U0KARI", "Where is my order?")
    norwegian = await home(gateway, "U0OLA", "Hvor er pakken min?")
    assert "Hvor er pakken min?" not in json.dumps(english)
    assert "Where is my order?" not in json.dumps(norwegian)
    assert await gateway.inbox() == []


async def test_the_home_in_both_languages_where_none_is_known(
    redis_url: str, tmp_path: Path
) -> None:
    slack = RecordingSlack(scopes=SCOPES - {"users:read"})
    async with slack_gateway(redis_url, tmp_path, slack) as gateway:
        await gateway.event(opened())
        shown_home = await home(gateway, "U0KARI", "Where is my order?")
        assert "Hvor er pakken min?" in json.dumps(shown_home, ensure_ascii=False)


async def test_the_home_starts_a_conversation_and_ends_a_link(gateway: SlackGateway) -> None:
    await gateway.event(message(await code_for(gateway)))
    view = await home(gateway, "U0KARI", "Disconnect Slack")
    assert "Web" in json.dumps(view)
    found = {"ts": "1.1", "blocks": view["blocks"]}
    payload = press(found, "Talk to a person")
    for name in ("channel", "message"):
        del payload[name]
    payload["container"] = {"type": "view", "view_id": "V1"}
    await gateway.press(payload)
    leave = press(found, "Disconnect Slack")
    for name in ("channel", "message"):
        del leave[name]
    leave["container"] = {"type": "view", "view_id": "V1"}
    await gateway.press(leave)
    stored = {item.text: item for item in await gateway.inbox()}
    assert stored["Talk to a person"].conversation_id == "web:s1"
    assert stored["Talk to a person"].sender == DM
    (left,) = [item for item in stored.values() if item.payload == "/channel_unlinked"]
    assert left.conversation_id == f"slack:{DM}"
    await home(gateway, "U0KARI", "Continue on Slack")


async def test_a_home_that_can_not_be_published_harms_nobody(gateway: SlackGateway) -> None:
    gateway.slack.errors["views.publish"] = "not_enabled"
    await gateway.event(opened())

    async def tried() -> bool:
        return any(call.method == "views.publish" for call in gateway.slack.received)

    await eventually(tried)
    del gateway.slack.errors["views.publish"]
    await gateway.event(opened())
    await home(gateway, "U0KARI", "Where is my order?")


async def test_many_at_once(gateway: SlackGateway) -> None:
    payloads = [message(f"hei {number}", channel=f"D{number:04d}") for number in range(50)]
    await asyncio.gather(*(gateway.event(item) for item in payloads * 2))
    assert sorted(await texts(gateway)) == sorted(f"hei {number}" for number in range(50))
