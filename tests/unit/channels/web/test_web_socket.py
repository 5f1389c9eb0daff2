"""The web channel's socket, over a real server and a real Valkey."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import websockets

from bot.model.content import Button, Buttons, Content, Custom, Text
from bot.model.messages import Inbound
from channels.web.allowance import Allowance
from channels.web.connection import Limits
from tests.fakes import answering, echo
from tests.valkey import ValkeyServer
from tests.web_gateway import Client, WebGateway, client, web_gateway


@pytest.fixture
async def gateway(redis_url: str, tmp_path: Path) -> AsyncIterator[WebGateway]:
    async with web_gateway(redis_url, tmp_path, allowed_origins=("https://shop.example",)) as it:
        yield it


async def closed(socket: Client) -> int | None:
    """Read until the server ends the socket; returns the close code."""
    try:
        while True:
            await socket.frame()
    except websockets.ConnectionClosed as end:  # type: ignore[attr-defined]
        code: int | None = end.code
        return code


async def test_a_message_is_accepted_and_its_answer_comes(gateway: WebGateway) -> None:
    async with answering(gateway.turns), client(gateway) as mine:
        welcome = await mine.hello(locale="nb")
        assert welcome["messages"] == []
        assert welcome["replace"] is True
        sent = await mine.say("Hei")
        accepted = await mine.until("accepted")
        assert accepted["id"] == sent
        seen = [await mine.until("message"), await mine.until("message")]
        assert [(line["from"], line["content"]["text"]) for line in seen] == [
            ("customer", "Hei"),
            ("bot", "You said: Hei"),
        ]
        assert seen[0]["id"] == sent
        assert seen[0]["cursor"] == accepted["cursor"]
        assert (await mine.until("answered"))["turn"] in seen[1]["id"]
    assert await gateway.waiting() == 0


async def test_the_bot_is_told_to_be_typing_and_knows_the_locale(gateway: WebGateway) -> None:
    heard: list[Inbound] = []

    def script(message: Inbound) -> list[Content]:
        heard.append(message)
        return [Text("Ja")]

    async with answering(gateway.turns, script, seconds=0.05), client(gateway) as mine:
        await mine.hello(locale="nb")
        await mine.say("Er du der?")
        await mine.until("typing")
        await mine.until("answered")
    assert heard[0].metadata == {"locale": "nb"}
    assert heard[0].channel == "web"
    assert heard[0].conversation_id == f"web:{heard[0].sender}"


async def test_all_windows_of_a_conversation_are_in_step(gateway: WebGateway) -> None:
    async with answering(gateway.turns), client(gateway) as first, client(gateway) as second:
        token = (await first.hello())["token"]
        assert (await second.hello(token=token))["token"] == token
        await first.say("From the first")
        for window in (first, second):
            assert (await window.until("message"))["content"]["text"] == "From the first"
            assert (await window.until("message"))["from"] == "bot"
        await second.say("From the second")
        for window in (first, second):
            assert (await window.until("message"))["content"]["text"] == "From the second"


async def test_other_conversations_hear_nothing(gateway: WebGateway) -> None:
    async with answering(gateway.turns), client(gateway) as mine, client(gateway) as theirs:
        await mine.hello()
        await theirs.hello()
        await mine.say("My secret")
        await mine.until("answered")
        assert await theirs.quiet()


async def test_a_reload_gets_the_history_and_a_reconnection_what_was_missed(
    gateway: WebGateway,
) -> None:
    async with answering(gateway.turns):
        async with client(gateway) as before:
            token = (await before.hello())["token"]
            await before.say("One")
            last = [await before.until("message"), await before.until("message")][-1]
        async with client(gateway) as other:
            await other.hello(token=token)
            await other.say("Two")
            await other.until("answered")
        async with client(gateway) as reloaded:
            texts = [m["content"]["text"] for m in (await reloaded.hello(token=token))["messages"]]
            assert texts == ["One", "You said: One", "Two", "You said: Two"]
        async with client(gateway) as resumed:
            welcome = await resumed.hello(token=token, after=last["cursor"])
            assert welcome["replace"] is False
            assert [m["content"]["text"] for m in welcome["messages"]] == ["Two", "You said: Two"]
        async with client(gateway) as current:
            again = await current.hello(token=token, after=welcome["cursor"])
            assert (again["messages"], again["cursor"]) == ([], welcome["cursor"])


async def test_a_cursor_that_is_none_gives_the_whole_history(gateway: WebGateway) -> None:
    async with answering(gateway.turns), client(gateway) as mine:
        token = (await mine.hello())["token"]
        await mine.say("One")
        await mine.until("answered")
        async with client(gateway) as odd:
            welcome = await odd.hello(token=token, after="not-a-cursor")
            assert welcome["replace"] is True
            assert len(welcome["messages"]) == 2


async def test_who_was_away_for_long_gets_the_newest_and_is_told_to_start_afresh(
    gateway: WebGateway,
) -> None:
    def talkative(message: Inbound) -> list[Content]:
        return [Text(f"Line {number}") for number in range(250)]

    async with answering(gateway.turns, talkative), client(gateway) as mine:
        token = (await mine.hello())["token"]
        await mine.say("Tell me everything")
        cursor = (await mine.until("message"))["cursor"]
        await mine.until("answered")
        async with client(gateway) as late:
            welcome = await late.hello(token=token, after=cursor)
            assert welcome["replace"] is True
            texts = [message["content"]["text"] for message in welcome["messages"]]
            assert texts == [f"Line {number}" for number in range(50, 250)]


async def test_what_is_for_programs_is_not_shown(gateway: WebGateway) -> None:
    def script(message: Inbound) -> list[Content]:
        return [Custom({"handoff": {"to": "sales"}}), Text("A human comes")]

    async with answering(gateway.turns, script), client(gateway) as mine:
        token = (await mine.hello())["token"]
        await mine.say("Human, please")
        kinds = [(await mine.until("message"))["content"]["kind"] for _ in range(2)]
        assert kinds == ["text", "text"]
        await mine.until("answered")
        async with client(gateway) as reloaded:
            assert len((await reloaded.hello(token=token))["messages"]) == 2


async def test_a_message_sent_again_is_the_same_message(gateway: WebGateway) -> None:
    async with client(gateway) as mine:
        token = (await mine.hello())["token"]
        sent = await mine.say("Once")
        first = await mine.until("accepted")
        await mine.say("Once", sent)
        assert await mine.until("accepted") == first
    async with client(gateway) as resumed:
        await resumed.hello(token=token)
        await resumed.say("Once", sent.upper())
        assert await resumed.until("accepted") == first
    assert await gateway.waiting() == 1


async def test_two_customers_may_use_the_same_id(gateway: WebGateway) -> None:
    sent = str(uuid.uuid4())
    for _ in range(2):
        async with client(gateway) as customer:
            await customer.hello()
            await customer.say("Mine", sent)
            await customer.until("accepted")
    assert await gateway.waiting() == 2


async def test_a_conversations_id_opens_nothing(gateway: WebGateway) -> None:
    async with answering(gateway.turns), client(gateway) as mine:
        token = (await mine.hello())["token"]
        await mine.say("My order is 10042")
        await mine.until("answered")
        identity = await gateway.sessions.find(token)
        assert identity is not None
        for guess in (identity.name, identity.address, token[:-1], "x"):
            async with client(gateway) as guesser:
                welcome = await guesser.hello(token=guess, after="0-0")
                assert welcome["messages"] == []
                assert welcome["token"] not in (guess, token)
                assert welcome["replace"] is True
                await mine.say("Anybody there?")
                await mine.until("answered")
                assert await guesser.quiet()


async def test_a_revoked_token_opens_nothing(gateway: WebGateway) -> None:
    async with answering(gateway.turns), client(gateway) as mine:
        token = (await mine.hello())["token"]
        await mine.say("My order is 10042")
        await mine.until("answered")
        await gateway.sessions.revoke(token)
        async with client(gateway) as late:
            welcome = await late.hello(token=token)
            assert (welcome["messages"], welcome["replace"]) == ([], True)
            assert welcome["token"] != token


async def test_who_sends_nothing_but_nonsense_is_shown_out(redis_url: str, tmp_path: Path) -> None:
    limits = Limits(refusals=3)
    async with web_gateway(redis_url, tmp_path, limits=limits) as gateway:
        async with client(gateway) as mine:
            await mine.hello()
            for _ in range(4):
                await mine.socket.send("nonsense")
            codes = [(await mine.until("error"))["code"] for _ in range(4)]
            assert codes == ["not_json"] * 3 + ["too_many_errors"]
            assert await closed(mine) == 1008


async def test_refusals_are_counted_by_their_reason(gateway: WebGateway) -> None:
    async with client(gateway) as mine:
        await mine.hello()
        for text in ("", "\x00", ""):
            await mine.say(text)
            await mine.until("error")
    counted = {
        code: gateway.registry.get_sample_value(
            "flerkanal_messages_refused_total", {"channel": "web", "code": code}
        )
        for code in ("empty", "control_characters")
    }
    assert counted == {"empty": 2, "control_characters": 1}


async def test_a_token_is_not_told_to_other_windows(gateway: WebGateway) -> None:
    async with answering(gateway.turns), client(gateway) as mine:
        token = (await mine.hello())["token"]
        await mine.say("Hi")
        while (frame := await mine.frame())["type"] != "answered":
            assert token not in json.dumps(frame)


def message_frame(**fields: str) -> str:
    return json.dumps({"type": "message", "id": str(uuid.uuid4()), **fields})


BAD_MESSAGES = [
    (message_frame(id="x", text="hi"), "bad_id"),
    ("not json", "not_json"),
    ("[" * 50_000, "not_json"),
    (b"\x00\x01", "not_text"),
    (message_frame(text=""), "empty"),
    (message_frame(text="a\x00"), "control_characters"),
    (message_frame(text="a" * 4_001), "too_long"),
    (message_frame(text="hi", payload="/restart"), "unknown_choice"),
    ('{"type":"subscribe"}', "unknown_type"),
    ('{"type":"hello"}', "already_greeted"),
]


@pytest.mark.parametrize(("raw", "code"), BAD_MESSAGES, ids=[code for _, code in BAD_MESSAGES])
async def test_bad_input_is_refused_stores_nothing_and_leaves_the_socket(
    gateway: WebGateway, raw: str | bytes, code: str
) -> None:
    async with client(gateway) as mine:
        await mine.hello()
        await mine.socket.send(raw)
        error = await mine.until("error")
        assert error["code"] == code
        assert error["message"]
        assert await gateway.waiting() == 0
        await mine.say("Still here")
        await mine.until("accepted")


async def test_a_frame_that_is_too_big_ends_the_socket(gateway: WebGateway) -> None:
    for size in (70_000, 3_000_000):
        async with client(gateway) as mine:
            await mine.hello()
            await mine.say("a" * size)
            assert await closed(mine) == 1009
    assert await gateway.waiting() == 0


async def test_a_frame_that_is_not_utf_8_ends_the_socket_and_not_the_server(
    gateway: WebGateway,
) -> None:
    async with client(gateway) as mine:
        await mine.hello()
        # A text frame by hand: its header with a mask of zeros, then bytes that are not UTF-8.
        mine.socket.transport.write(b"\x81\x82\x00\x00\x00\x00\xff\xfe")
        assert await closed(mine) in (1002, 1006, 1007)
    async with client(gateway) as next_one:
        await next_one.hello()
    assert await gateway.waiting() == 0


async def test_messages_before_the_hello_are_refused_by_name(gateway: WebGateway) -> None:
    async with client(gateway) as mine:
        sent = await mine.say("Too early")
        error = await mine.until("error")
        assert (error["code"], error["id"]) == ("hello_first", sent)
        await mine.send(type="ping")
        await mine.until("pong")
        await mine.hello()
    assert await gateway.waiting() == 0


async def test_who_never_greets_is_shown_out(redis_url: str, tmp_path: Path) -> None:
    limits = Limits(hello_seconds=0.1)
    async with web_gateway(redis_url, tmp_path, limits=limits) as gateway:
        async with client(gateway) as silent:
            assert (await silent.until("error"))["code"] == "no_hello"
            assert await closed(silent) == 1008
        assert await gateway.count_sessions() == 0


async def test_a_flood_is_slowed_down_and_what_is_refused_may_come_again(
    redis_url: str, tmp_path: Path
) -> None:
    limits = Limits(burst=3, per_second=20)
    async with web_gateway(redis_url, tmp_path, limits=limits) as gateway:
        async with client(gateway) as mine:
            await mine.hello()
            sent = [await mine.say(f"Message {number}") for number in range(6)]
            replies = [await mine.frame() for _ in range(9)]
            refused = [reply for reply in replies if reply["type"] == "error"]
            assert [reply["code"] for reply in refused] == ["slow_down"] * 3
            assert [reply["id"] for reply in refused] == sent[3:]
            assert await gateway.waiting() == 3
            await asyncio.sleep(refused[0]["retry_after"])
            await mine.say("Message 3", sent[3])
            assert (await mine.until("accepted"))["id"] == sent[3]


def test_an_allowance_fills_up_again_and_not_over() -> None:
    now = 0.0
    allowance = Allowance(2, 0.5, clock=lambda: now)
    assert [allowance.take() for _ in range(3)] == [0.0, 0.0, 2.0]
    now = 1.0
    assert allowance.take() == 1.0
    now = 100.0
    assert [allowance.take() for _ in range(3)] == [0.0, 0.0, 2.0]


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "https://shop.example.evil"])
async def test_pages_of_other_sites_are_turned_away_before_the_socket_opens(
    gateway: WebGateway, origin: str
) -> None:
    with pytest.raises(websockets.InvalidStatusCode) as refusal:  # type: ignore[attr-defined]
        async with client(gateway, origin=origin):
            raise AssertionError("the socket opened")
    assert refusal.value.status_code == 403


async def test_pages_of_the_own_and_of_allowed_sites_may_come_in(gateway: WebGateway) -> None:
    for origin in (None, gateway.url.rstrip("/"), "https://shop.example"):
        async with client(gateway, origin=origin) as mine:
            assert (await mine.hello())["token"]


async def test_a_full_server_says_so(redis_url: str, tmp_path: Path) -> None:
    async with web_gateway(redis_url, tmp_path, max_sockets=1) as gateway:
        async with client(gateway) as only:
            await only.hello()
            with pytest.raises(websockets.InvalidStatusCode) as refusal:  # type: ignore[attr-defined]
                async with client(gateway):
                    raise AssertionError("the socket opened")
            assert refusal.value.status_code == 503
        for _ in range(100):
            if gateway.channel.open_sockets == 0:
                break
            await asyncio.sleep(0.02)
        async with client(gateway) as next_one:
            await next_one.hello()


async def test_an_offered_button_can_be_pressed_and_typed_commands_are_only_words(
    gateway: WebGateway,
) -> None:
    heard: list[Inbound] = []

    def script(message: Inbound) -> list[Content]:
        heard.append(message)
        return [Buttons("What now?", (Button("Track it", "/order_status"),))]

    async with answering(gateway.turns, script), client(gateway) as mine:
        await mine.hello()
        await mine.say("/order_status")
        await mine.until("answered")
        await mine.say("Track it", payload="/order_status")
        await mine.until("answered")
    assert [message.payload for message in heard] == [None, "/order_status"]
    assert [message.text for message in heard] == ["/order_status", "Track it"]


async def test_while_the_store_is_down_nothing_is_accepted_and_nothing_is_lost(
    own_valkey: ValkeyServer, tmp_path: Path
) -> None:
    async with web_gateway(own_valkey.url, tmp_path) as gateway:
        async with client(gateway) as mine:
            token = (await mine.hello())["token"]
            await mine.say("Before")
            await mine.until("accepted")
            own_valkey.kill()
            sent = await mine.say("During")
            assert (await mine.until("error"))["code"] == "unavailable"
            assert await closed(mine) == 1013
        own_valkey.start()
        async with answering(gateway.turns), client(gateway) as again:
            texts = [m["content"]["text"] for m in (await again.hello(token=token))["messages"]]
            assert texts == ["Before"]
            await again.say("During", sent)
            await again.until("accepted")
            while (await again.until("message"))["content"]["text"] != "You said: During":
                pass


async def test_answers_given_while_notices_were_cut_off_arrive_afterwards(
    own_valkey: ValkeyServer, tmp_path: Path
) -> None:
    async with web_gateway(own_valkey.url, tmp_path) as gateway:
        async with client(gateway) as mine:
            token = (await mine.hello())["token"]
            await mine.say("Hello")
            cursor = (await mine.until("accepted"))["cursor"]
            own_valkey.kill()
            own_valkey.start()
            await gateway.redis.connection_pool.disconnect()
            async with answering(gateway.turns, echo):
                try:
                    while (await mine.until("message"))["from"] != "bot":
                        pass
                except websockets.ConnectionClosed as end:  # type: ignore[attr-defined]
                    # The store had not come back when it was asked: the client does.
                    if end.code != 1013:
                        raise
                    async with client(gateway) as back:
                        await back.hello(token=token, after=cursor)
                        if not back.welcome["messages"]:
                            assert (await back.until("message"))["from"] == "bot"


async def test_files_are_compressed_cached_and_sent_once(gateway: WebGateway) -> None:
    async with httpx.AsyncClient(base_url=gateway.url) as web:
        script = await web.get("widget.js")
        assert script.headers["content-type"].startswith("text/javascript")
        assert script.headers["content-encoding"] == "gzip"
        assert "max-age" in script.headers["cache-control"]
        assert script.headers["cross-origin-resource-policy"] == "cross-origin"
        etag = script.headers["etag"]
        again = await web.get("widget.js", headers={"If-None-Match": f'"x", {etag}'})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
        plain = await web.get("widget.js", headers={"Accept-Encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert plain.text == script.text


@pytest.mark.parametrize(
    ("query", "accepts", "language"),
    [
        ("", "en-GB,en;q=0.9", "en"),
        ("", "nn-NO,nb;q=0.8,en;q=0.5", "nb"),
        ("", "de-DE,de;q=0.9,en;q=0.5", "en"),
        ("", "de", "nb"),
        ("?lang=nb", "en", "nb"),
        ("?lang=en", "nb", "en"),
        ("?lang=<script>", "en", "en"),
    ],
)
async def test_the_page_speaks_the_visitors_language(
    gateway: WebGateway, query: str, accepts: str, language: str
) -> None:
    async with httpx.AsyncClient(base_url=gateway.url) as web:
        page = await web.get(query, headers={"Accept-Language": accepts})
        assert page.status_code == 200
        assert f'<html lang="{language}"' in page.text
        assert page.headers["content-language"] == language
        assert "default-src 'none'" in page.headers["content-security-policy"]
