"""Whatever is thrown at the gateway gets a clear 4xx, leaves nothing behind, and does not kill it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from bot.app.edge import EdgeLimits
from bot.app.protocol import GuardedHttpProtocol
from tests.fakes import answering
from tests.gateway import WEBHOOK, RunningGateway, eventually, running_gateway
from tests.valkey import ValkeyServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

JSON = {"content-type": "application/json"}
GOOD = b'{"sender": "s1", "message": "hi"}'


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lasting(
    valkey_server: ValkeyServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[RunningGateway]:
    """One for all tests: it has to live through everything."""
    valkey_server.flush()
    async with running_gateway(valkey_server.url, tmp_path_factory.mktemp("var")) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def gateway(lasting: RunningGateway, redis_url: str) -> AsyncIterator[RunningGateway]:
    yield lasting
    # What every test here is about, whatever else it looks at.
    assert await lasting.inbox_length() == 0
    assert not await lasting.redis.keys("fk:*chat*")
    assert (await lasting.client.get("/healthz")).json() == {"status": "ok"}


def check_refused(response: httpx.Response, status: int, code: str) -> None:
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)
    assert len(response.json()["error"]["message"]) > 20
    assert response.headers["x-request-id"]
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-content-type-options"] == "nosniff"


def post(body: bytes | None, **headers: str) -> tuple[str, str, bytes | None, dict[str, str]]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return ("POST", WEBHOOK, body, {**JSON, **named})


def message(**fields: Any) -> bytes:
    return json.dumps({"sender": "s1", "message": "hi", **fields}).encode()


BAD = {
    "no body": (post(None), 400, "empty_body"),
    "an empty message": (post(message(message="")), 400, "empty_message"),
    "only blanks": (post(message(message=" \n ")), 400, "empty_message"),
    "100 kB": (post(message(message="x" * 100_000)), 413, "body_too_large"),
    "a long text": (post(message(message="x" * 5_000)), 400, "message_too_long"),
    "not UTF-8": (post(b'{"sender": "s1", "message": "\xff\xfe"}'), 400, "not_utf8"),
    "half a surrogate pair": (post(message(message="\ud83d")), 400, "not_unicode"),
    "nested JSON": (post(b"[" * 50_000), 400, "too_deep"),
    "nested metadata": (
        post(b'{"sender":"s","message":"hi","metadata":' + b'{"a":' * 500 + b"1" + b"}" * 501),
        400,
        "too_deep",
    ),
    "control characters": (post(message(message="a\u0000\u001b[31m")), 400, "control_character"),
    "a sender with a line end": (post(message(sender="a\nb")), 400, "control_character"),
    "not JSON": (post(b"sender=s1&message=hi"), 400, "invalid_json"),
    "a list": (post(b"[1]"), 400, "not_an_object"),
    "a number as the message": (post(message(message=1)), 400, "invalid_message"),
    "no sender": (post(b'{"message": "hi"}'), 400, "invalid_sender"),
    "metadata that is a list": (post(message(metadata=[])), 400, "invalid_metadata"),
    "an empty key": (post(GOOD, idempotency_key=""), 400, "invalid_key"),
    "a long key": (post(GOOD, idempotency_key="k" * 300), 400, "invalid_key"),
    "a wrong content type": (post(GOOD, content_type="text/plain"), 415, "unsupported_media_type"),
    "a form": (
        post(GOOD, content_type="application/x-www-form-urlencoded"),
        415,
        "unsupported_media_type",
    ),
    "another charset": (
        post(GOOD, content_type="application/json; charset=utf-16"),
        415,
        "unsupported_media_type",
    ),
    "through a proxy": (post(GOOD, x_forwarded_for="127.0.0.1"), 403, "forbidden"),
    "by another name": (post(GOOD, host="evil.example"), 403, "forbidden"),
    "an unknown path": (("POST", "/webhooks/rest/webhookx", GOOD, JSON), 404, "not_found"),
    "a slash too many": (("POST", WEBHOOK + "/", GOOD, JSON), 404, "not_found"),
    "a path out of the root": (("GET", "/../../etc/passwd", None, {}), 404, "not_found"),
    "bytes in the path": (("GET", "/%ff%00%0a", None, {}), 404, "not_found"),
    "a wrong method": (("GET", WEBHOOK, None, {}), 405, "method_not_allowed"),
    "another wrong method": (("DELETE", "/healthz", None, {}), 405, "method_not_allowed"),
}


@pytest.mark.parametrize("name", BAD)
async def test_it_is_refused(gateway: RunningGateway, name: str) -> None:
    (method, path, body, headers), status, code = BAD[name]
    response = await gateway.client.request(method, path, content=body, headers=headers)
    check_refused(response, status, code)


async def test_refusals_are_counted_by_channel(redis_url: str, tmp_path: Path) -> None:
    async with running_gateway(redis_url, tmp_path) as gateway:
        for _ in range(2):
            await gateway.client.post(WEBHOOK, content=b"[1]", headers=JSON)
        metrics = (await gateway.client.get("/metrics")).text
    assert 'flerkanal_messages_refused_total{channel="rest",code="not_an_object"} 2.0' in metrics


async def test_a_wrong_method_names_the_right_one(gateway: RunningGateway) -> None:
    response = await gateway.client.get(WEBHOOK)
    assert response.headers["allow"] == "POST"
    assert "POST" in response.json()["error"]["message"]


async def chunks(size: int, count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b"x" * size


@pytest.mark.parametrize("count", [17, 500])
async def test_a_chunked_body_is_counted_as_it_comes(gateway: RunningGateway, count: int) -> None:
    response = await gateway.client.post(WEBHOOK, content=chunks(4_096, count), headers=JSON)
    check_refused(response, 413, "body_too_large")


async def test_a_chunked_body_that_fits_is_read(gateway: RunningGateway) -> None:
    async def body() -> AsyncIterator[bytes]:
        for position in range(len(GOOD)):
            yield GOOD[position : position + 1]

    async with answering(gateway.turns()):
        response = await gateway.client.post(WEBHOOK, content=body(), headers=JSON)
        assert response.json() == [{"recipient_id": "s1", "text": "You said: hi"}]
    await gateway.redis.flushall()


async def test_the_token_is_asked_for_first(redis_url: str, tmp_path: Path) -> None:
    async with running_gateway(redis_url, tmp_path, rest_token="s3cret-token") as gateway:
        for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": "s3cret-token"}):
            response = await gateway.client.post(WEBHOOK, content=b"\xff", headers=headers)
            check_refused(response, 401, "unauthorized")
            assert response.headers["www-authenticate"] == "Bearer"
        assert await gateway.inbox_length() == 0
        async with answering(gateway.turns()):
            response = await gateway.send(
                "hi", authorization="Bearer s3cret-token", x_forwarded_for="192.0.2.1"
            )
        assert response.status_code == 200


def status_and_code(answer: bytes) -> tuple[int, str]:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"x-request-id" in head
    return int(head.split(b" ", 2)[1]), json.loads(body)["error"]["code"]


async def raw(gateway: RunningGateway, data: bytes) -> bytes:
    """Send bytes, say no more, and read until the other side closes."""
    reader, writer = await asyncio.open_connection(gateway.address.host, gateway.address.port)
    try:
        writer.write(data)
        return await asyncio.wait_for(reader.read(), 10)
    finally:
        writer.close()


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS to the plain port
        b"hello there\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nBad Header\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET /\xc3\xa5 HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
async def test_what_is_not_http(gateway: RunningGateway, data: bytes) -> None:
    answer = await raw(gateway, data)
    assert status_and_code(answer) == (400, "bad_request")


async def test_a_broken_chunk(gateway: RunningGateway) -> None:
    head = f"POST {WEBHOOK} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    answer = await raw(gateway, head.encode() + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n")
    assert status_and_code(answer) == (400, "bad_request")


async def test_a_huge_body_is_refused_before_it_is_sent(gateway: RunningGateway) -> None:
    head = (
        f"POST {WEBHOOK} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        "Content-Length: 10000000000\r\nExpect: 100-continue\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection(gateway.address.host, gateway.address.port)
    writer.write(head.encode())
    answer = await asyncio.wait_for(reader.readuntil(b"}}"), 5)
    writer.close()
    assert answer.startswith(b"HTTP/1.1 413 ")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same time limits, but short ones."""
    monkeypatch.setattr(GuardedHttpProtocol, "request_seconds", 1.0)
    monkeypatch.setattr(
        "bot.app.bootstrap.gateway.EdgeLimits", partial(EdgeLimits, body_seconds=0.3)
    )


@pytest.mark.usefixtures("impatient")
async def test_half_a_body_is_not_waited_for(redis_url: str, tmp_path: Path) -> None:
    async with running_gateway(redis_url, tmp_path) as gateway:
        head = (
            f"POST {WEBHOOK} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            "Content-Length: 33\r\n\r\n"
        )
        answer = await raw(gateway, head.encode() + GOOD[:10])
        assert status_and_code(answer) == (408, "request_timeout")
        assert await gateway.inbox_length() == 0


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GET /healthz HT",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
    ],
)
async def test_half_a_head_is_not_waited_for(redis_url: str, tmp_path: Path, data: bytes) -> None:
    async with running_gateway(redis_url, tmp_path) as gateway:
        assert await raw(gateway, data) == b""


@pytest.mark.usefixtures("impatient")
async def test_a_body_that_goes_on_after_its_answer_is_cut(redis_url: str, tmp_path: Path) -> None:
    async with running_gateway(redis_url, tmp_path) as gateway:
        reader, writer = await asyncio.open_connection(gateway.address.host, gateway.address.port)
        writer.write(b"POST /nope HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999\r\n\r\n")
        assert (await reader.readuntil(b"}}")).startswith(b"HTTP/1.1 404 ")

        async def cut() -> bool:
            writer.write(b"x")
            return reader.at_eof() or writer.is_closing()

        reading = asyncio.create_task(reader.read())
        await eventually(cut, 5)
        await asyncio.gather(reading, return_exceptions=True)
        writer.close()


async def test_a_flood_of_bad_requests(gateway: RunningGateway) -> None:
    async def flood() -> None:
        for (method, path, body, headers), status, _ in BAD.values():
            response = await gateway.client.request(method, path, content=body, headers=headers)
            assert response.status_code == status

    await asyncio.gather(*(flood() for _ in range(8)))
