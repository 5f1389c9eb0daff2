"""One person over the web channel's socket: links, signed-in users, places; all parts real."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import jwt
import pytest
import websockets
from prometheus_client import CollectorRegistry

from bot.errors import DeliveryDelayed
from bot.identity.code_records import MOST_CODES
from bot.model.content import Content, DateChoice, Rating, Text
from bot.model.messages import Inbound
from bot.model.people import ChannelIdentity, LinkCode
from bot.observability.metrics import MessageMetrics
from bot.ports import LinkOffer, LinkTarget
from channels.reception import Arrival, Reception
from channels.web.connection import Limits
from tests.fakes import answering
from tests.web_gateway import SECRET, Client, WebGateway, client, web_gateway

TELEGRAM = ChannelIdentity("telegram", "42")


class Target(LinkTarget):
    """A channel that conversations can be brought into, by a link or by typing."""

    def __init__(self, name: str, title: str, url: str | None) -> None:
        self.name = name
        self.title = title
        self._url = url

    async def offer(self, code: LinkCode) -> LinkOffer:
        if self._url is None:
            raise DeliveryDelayed("not reachable")
        if self.name == "slack":
            return LinkOffer(self._url, code.code)
        return LinkOffer(self._url.format(code=code.code))


TARGETS = (
    Target("telegram", "Telegram", "https://t.me/shop_bot?start={code}"),
    Target("slack", "Slack", "https://app.slack.com/client/T1/D1"),
    Target("messenger", "Messenger", None),
)


def states(**linked: bool) -> list[dict[str, Any]]:
    return [
        {"name": target.name, "title": target.title, "linked": linked.get(target.name, False)}
        for target in TARGETS
    ]


def signed(subject: str, **claims: Any) -> str:
    return jwt.encode({"sub": subject, "exp": int(time.time()) + 600, **claims}, SECRET, "HS256")


@pytest.fixture
async def gateway(redis_url: str, tmp_path: Path) -> AsyncIterator[WebGateway]:
    async with web_gateway(redis_url, tmp_path, link_targets=TARGETS) as it:
        yield it


def reception(gateway: WebGateway) -> Reception:
    """What the other channel's adapter hands its events to."""
    metrics = MessageMetrics(CollectorRegistry())
    return Reception(gateway.inbox, gateway.identities, metrics)


def from_telegram(event_id: str, text: str = "Hei") -> Arrival:
    return Arrival(TELEGRAM, event_id, text, time.time(), metadata={"locale": "nb"})


def code_in(frame: dict[str, Any]) -> str:
    return str(frame["url"].partition("?start=")[2])


def texts(welcome: dict[str, Any]) -> list[str]:
    return [message["content"]["text"] for message in welcome["messages"]]


async def closed(mine: Client, heard: list[dict[str, Any]] | None = None) -> int | None:
    """Read until the server ends the socket; returns the close code, and adds to what was heard."""
    heard = [] if heard is None else heard
    try:
        while True:
            heard.append(await mine.frame())
    except websockets.ConnectionClosed as end:  # type: ignore[attr-defined]
        code: int | None = end.code
        return code


async def test_the_welcome_names_where_the_conversation_can_go_on(gateway: WebGateway) -> None:
    async with client(gateway) as mine:
        assert (await mine.hello())["channels"] == states()


async def test_a_link_leads_into_the_other_channel(gateway: WebGateway) -> None:
    async with client(gateway) as mine:
        await mine.hello()
        await mine.send(type="link", channel="telegram")
        frame = await mine.until("link")
    assert frame["channel"] == "telegram"
    assert len(code_in(frame)) >= 28
    assert "code" not in frame
    expires_at = datetime.fromisoformat(frame["expires_at"].replace("Z", "+00:00"))
    assert 590 < expires_at.timestamp() - time.time() <= 600
    assert 590 <= frame["expires_in"] <= 600
    header, _, picture = frame["qr"].partition(",")
    assert header.startswith("data:image/svg+xml")
    svg = unquote(picture) if "base64" not in header else base64.b64decode(picture).decode()
    root = ET.fromstring(svg)
    assert root.tag.endswith("svg")
    assert root.get("viewBox")
    assert len(frame["qr"]) < 8_000


async def test_a_code_to_type_is_grouped(gateway: WebGateway) -> None:
    async with client(gateway) as mine:
        await mine.hello()
        await mine.send(type="link", channel="slack")
        frame = await mine.until("link")
    assert [len(group) for group in frame["code"].split("-")] == [5, 5, 5]
    assert frame["url"] == "https://app.slack.com/client/T1/D1"
    there = await gateway.identities.redeem(frame["code"].lower(), ChannelIdentity("slack", "T/D"))
    assert there.conversation_id.startswith("web:")


async def test_the_conversation_goes_on_there_and_the_web_shows_all_of_it(
    gateway: WebGateway,
) -> None:
    telegram = reception(gateway)
    async with answering(gateway.turns), client(gateway) as mine:
        token = (await mine.hello())["token"]
        await mine.say("Where is my order?")
        await mine.until("answered")
        await mine.send(type="link", channel="telegram")
        code = code_in(await mine.until("link"))
        await telegram.link(from_telegram("1"), code)
        line = await mine.until("message")
        assert (line["from"], line["channel"]) == ("customer", "telegram")
        assert line["content"]["text"] == "Fortsetter på Telegram"
        assert (await mine.until("channels"))["channels"] == states(telegram=True)
        await telegram.take(from_telegram("2", "10042"))
        while line["from"] != "bot" or "10042" not in line["content"]["text"]:
            line = await mine.until("message")
        assert line["channel"] == "telegram"
        async with client(gateway) as reloaded:
            welcome = await reloaded.hello(token=token)
            assert welcome["channels"] == states(telegram=True)
            assert [m.get("channel", "web") for m in welcome["messages"]] == [
                *["web"] * 2,
                *["telegram"] * 4,
            ]


async def test_unlinking_splits_again(gateway: WebGateway) -> None:
    telegram = reception(gateway)
    async with answering(gateway.turns), client(gateway) as mine:
        await mine.hello()
        await mine.send(type="link", channel="telegram")
        await telegram.link(from_telegram("1"), code_in(await mine.until("link")))
        await mine.until("channels")
        await mine.until("answered")
        await mine.send(type="unlink", channel="telegram")
        assert (await mine.until("channels"))["channels"] == states()
        await telegram.take(from_telegram("2", "Just here"))
        assert await mine.quiet()
        await mine.send(type="unlink", channel="telegram")
        assert (await mine.until("channels"))["channels"] == states()
    assert (await gateway.identities.resolve(TELEGRAM)).conversation_id == TELEGRAM.name


async def test_unlinking_one_channel_leaves_the_others_linked(gateway: WebGateway) -> None:
    slack = ChannelIdentity("slack", "T1/D1")
    async with client(gateway) as mine:
        await mine.hello()
        await mine.send(type="link", channel="telegram")
        await reception(gateway).link(from_telegram("1"), code_in(await mine.until("link")))
        await mine.until("channels")
        await mine.send(type="link", channel="slack")
        await gateway.identities.redeem((await mine.until("link"))["code"], slack)
        await mine.send(type="unlink", channel="telegram")
        assert (await mine.until("channels"))["channels"] == states(slack=True)


async def test_who_unlinks_elsewhere_is_noticed_at_the_next_sign_of_life(
    gateway: WebGateway,
) -> None:
    telegram = reception(gateway)
    async with client(gateway) as mine:
        await mine.hello()
        await mine.send(type="link", channel="telegram")
        await telegram.link(from_telegram("1"), code_in(await mine.until("link")))
        assert (await mine.until("channels"))["channels"] == states(telegram=True)
        await telegram.unlink(from_telegram("2"))
        await mine.send(type="ping")
        assert (await mine.until("channels"))["channels"] == states()
        await mine.send(type="ping")
        await mine.until("pong")
        assert await mine.quiet()


@pytest.mark.parametrize("channel", ["messenger", "sms", "web", ""])
async def test_a_way_that_is_not_there_is_said_to_be_so(gateway: WebGateway, channel: str) -> None:
    async with client(gateway) as mine:
        await mine.hello()
        await mine.send(type="link", channel=channel)
        error = await mine.until("error")
        assert error["code"] == "link_unavailable"
        assert error["message"]
        assert "id" not in error


async def test_without_other_channels_nothing_is_offered(redis_url: str, tmp_path: Path) -> None:
    async with web_gateway(redis_url, tmp_path) as gateway, client(gateway) as mine:
        assert (await mine.hello())["channels"] == []
        for kind in ("link", "unlink"):
            await mine.send(type=kind, channel="telegram")
            assert (await mine.until("error"))["code"] == "link_unavailable"


async def test_links_before_the_hello_are_refused(gateway: WebGateway) -> None:
    async with client(gateway) as mine:
        await mine.send(type="link", channel="telegram")
        assert (await mine.until("error"))["code"] == "hello_first"


async def test_links_count_against_the_sockets_limit(redis_url: str, tmp_path: Path) -> None:
    limits = Limits(burst=2, per_second=0.1)
    async with (
        web_gateway(redis_url, tmp_path, limits=limits, link_targets=TARGETS) as gateway,
        client(gateway) as mine,
    ):
        await mine.hello()
        await mine.send(type="link", channel="telegram")
        await mine.until("link")
        await mine.send(type="unlink", channel="telegram")
        await mine.until("channels")
        await mine.send(type="link", channel="telegram")
        error = await mine.until("error")
        assert error["code"] == "slow_down"
        assert 0 < error["retry_after"] <= 10


async def test_who_asks_for_links_again_and_again_has_to_wait(
    redis_url: str, tmp_path: Path
) -> None:
    limits = Limits(burst=100, per_second=100)
    async with (
        web_gateway(redis_url, tmp_path, limits=limits, link_targets=TARGETS) as gateway,
        client(gateway) as mine,
    ):
        await mine.hello()
        for _ in range(MOST_CODES):
            await mine.send(type="link", channel="telegram")
            await mine.until("link")
        await mine.send(type="link", channel="telegram")
        error = await mine.until("error")
        assert (error["code"], error["retry_after"]) == ("slow_down", 600)


async def test_a_signed_in_user_finds_the_conversation_on_every_screen(
    gateway: WebGateway,
) -> None:
    async with answering(gateway.turns):
        async with client(gateway) as laptop:
            await laptop.hello(identity=signed("kari"))
            await laptop.say("On the laptop")
            await laptop.until("answered")
        async with client(gateway) as phone:
            welcome = await phone.hello(identity=signed("kari"))
            assert texts(welcome) == ["On the laptop", "You said: On the laptop"]
            await phone.say("On the phone")
            await phone.until("answered")
        async with client(gateway) as again:
            welcome = await again.hello(token=welcome["token"], identity=signed("kari"))
            assert len(welcome["messages"]) == 4


async def test_what_a_user_said_is_not_for_whoever_comes_after_them(gateway: WebGateway) -> None:
    digest = hmac.new(SECRET.encode(), b"flerkanal:kari", hashlib.sha256).hexdigest()
    async with answering(gateway.turns), client(gateway) as mine:
        token = (await mine.hello(identity=f"kari:{digest}"))["token"]
        await mine.say("My secret")
        await mine.until("answered")
        expired = signed("kari", exp=1)
        for identity, code in ((None, None), (expired, "bad_identity"), (7, "bad_identity")):
            async with client(gateway) as after:
                greeting = {} if identity is None else {"identity": identity}
                await after.send(type="hello", token=token, after="0-1", **greeting)
                frames = [await after.frame()]
                if code is not None:
                    assert frames[0]["code"] == code
                    frames.append(await after.frame())
                welcome = frames[-1]
                assert welcome["type"] == "welcome"
                assert (welcome["messages"], welcome["replace"]) == ([], True)
                assert welcome["token"] != token
        async with client(gateway) as ola:
            assert texts(await ola.hello(token=token, identity=signed("ola"))) == []
        async with client(gateway) as kari:
            welcome = await kari.hello(identity=signed("kari"))
            assert texts(welcome) == ["My secret", "You said: My secret"]


async def test_a_socket_from_before_the_sign_in_hears_nothing_of_the_user(
    gateway: WebGateway,
) -> None:
    # Whoever used the screen before may have kept the session's token, and a socket open.
    async with answering(gateway.turns), client(gateway) as before, client(gateway) as kari:
        token = (await before.hello())["token"]
        await kari.hello(token=token, identity=signed("kari"))
        await kari.say("My secret")
        await kari.until("answered")
        heard: list[dict[str, Any]] = []
        assert await closed(before, heard) == 1012
        assert "secret" not in str(heard)


@pytest.mark.parametrize("frame", ["link", "unlink", "ping"])
async def test_a_socket_whose_session_is_another_users_now_can_not_touch_their_links(
    gateway: WebGateway, frame: str
) -> None:
    async with client(gateway) as kari, client(gateway) as ola:
        token = (await kari.hello(identity=signed("kari")))["token"]
        await kari.send(type="link", channel="slack")
        await kari.until("link")
        await ola.hello(token=token, identity=signed("ola"))
        await ola.send(type="link", channel="telegram")
        await reception(gateway).link(from_telegram("1"), code_in(await ola.until("link")))
        await kari.send(type=frame, channel="telegram")
        assert await closed(kari) == 1012
        assert len(await gateway.identities.linked(TELEGRAM)) == 1


async def test_a_bad_identity_does_not_end_an_anonymous_conversation(gateway: WebGateway) -> None:
    async with answering(gateway.turns), client(gateway) as mine:
        token = (await mine.hello())["token"]
        await mine.say("Hello")
        await mine.until("answered")
        async with client(gateway) as back:
            await back.send(type="hello", token=token, identity="kari:forged")
            assert (await back.until("error"))["code"] == "bad_identity"
            assert len((await back.until("welcome"))["messages"]) == 2


async def test_a_cursor_of_another_conversation_does_not_hide_this_one(
    gateway: WebGateway,
) -> None:
    async with answering(gateway.turns):
        async with client(gateway) as laptop:
            await laptop.hello(identity=signed("kari"))
            await laptop.say("As Kari")
            await laptop.until("answered")
        async with client(gateway) as phone:
            token = (await phone.hello())["token"]
            await phone.say("Anonymous")
            after = (await phone.until("message"))["cursor"]
            await phone.until("answered")
            # Another window of the phone's signs in.
            async with client(gateway) as window:
                welcome = await window.hello(token=token, identity=signed("kari"), after=after)
                assert welcome["replace"] is True
                assert texts(welcome) == ["As Kari", "You said: As Kari"]
            # This one has to come back and say who it is; nothing of its was taken in.
            await phone.say("Who am I now?")
            assert await closed(phone) == 1012
        async with client(gateway) as back:
            welcome = await back.hello(token=token, identity=signed("kari"), after=after)
            assert welcome["replace"] is True
            assert len(welcome["messages"]) == 2
            cursor = welcome["cursor"]
        async with client(gateway) as again:
            welcome = await again.hello(token=token, identity=signed("kari"), after=cursor)
            assert (welcome["replace"], welcome["messages"]) == (False, [])


async def test_a_place_comes_in_as_an_attachment(gateway: WebGateway) -> None:
    heard: list[Inbound] = []

    def script(message: Inbound) -> list[Content]:
        heard.append(message)
        return [Text("Thanks")]

    async with answering(gateway.turns, script), client(gateway) as mine:
        await mine.hello()
        await mine.say("", location={"latitude": 59.91273, "longitude": 10.74609})
        shown = await mine.until("message")
        await mine.until("answered")
    assert shown["content"]["kind"] == "shared"
    (place,) = shown["content"]["attachments"]
    assert (place["kind"], place["latitude"]) == ("location", 59.91273)
    assert heard[0].command == '/share_location{"location": "59.91273,10.74609"}'


async def test_days_and_ratings_can_be_chosen(gateway: WebGateway) -> None:
    heard: list[Inbound] = []
    day = DateChoice("When?", '/choose_day{"day": "$date"}', earliest="2026-11-20")

    def script(message: Inbound) -> list[Content]:
        heard.append(message)
        return [day, Rating("How was it?", '/rate{"points": "$rating"}')]

    async with answering(gateway.turns, script), client(gateway) as mine:
        await mine.hello()
        await mine.say("Hi")
        await mine.until("answered")
        await mine.say("fredag 4. desember 2026", payload='/choose_day{"day": "2026-12-04"}')
        await mine.until("answered")
        await mine.say("4", payload='/rate{"points": "4"}')
        await mine.until("answered")
        await mine.say("6", payload='/rate{"points": "6"}')
        assert (await mine.until("error"))["code"] == "unknown_choice"
    assert [(message.text, message.payload) for message in heard[1:]] == [
        ("fredag 4. desember 2026", '/choose_day{"day": "2026-12-04"}'),
        ("4", '/rate{"points": "4"}'),
    ]


async def test_two_windows_both_learn_of_a_link(gateway: WebGateway) -> None:
    telegram = reception(gateway)
    async with client(gateway) as first, client(gateway) as second:
        token = (await first.hello())["token"]
        await second.hello(token=token)
        await first.send(type="link", channel="telegram")
        await telegram.link(from_telegram("1"), code_in(await first.until("link")))
        for window in (first, second):
            assert (await window.until("channels"))["channels"] == states(telegram=True)
