"""The HTTP application around the channels' routes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from prometheus_client import CollectorRegistry
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message
from structlog.testing import capture_logs

from bot.app.edge import EdgeLimits
from bot.app.http import build_app
from bot.errors import AcceptanceUnknown, AnswerPending, InvalidMessage, StorageUnavailable
from bot.observability.metrics import HttpMetrics, exposition


async def work(request: Request) -> Response:
    errors: dict[str, Exception] = {
        "invalid": InvalidMessage("odd", "This is odd: send something else.", 422),
        "unauthorized": InvalidMessage("unauthorized", "Say who you are.", 401),
        "pending": AnswerPending("key-1"),
        "unknown": AcceptanceUnknown("key-2", "Redis at secret-host does not answer"),
        "away": StorageUnavailable("Redis at secret-host does not answer"),
        "bug": ZeroDivisionError("a detail of ours"),
    }
    name = request.path_params["name"]
    if name in errors:
        raise errors[name]
    if name == "body":
        return JSONResponse({"size": len(await request.body())})
    return JSONResponse({"name": name}, headers={"Cache-Control": "max-age=60"})


async def stream(_: Request) -> Response:
    async def body() -> AsyncIterator[bytes]:
        yield b"first"
        raise ZeroDivisionError("in the middle")

    return StreamingResponse(body())


REGISTRY = CollectorRegistry()
APP = build_app(
    [
        Route("/work/{name}", work, methods=["GET", "POST"]),
        Route("/stream", stream, methods=["GET"]),
    ],
    HttpMetrics(REGISTRY),
    EdgeLimits(body_bytes=100, body_seconds=0.2),
)


async def run(app: ASGIApp, path: str, sent: list[Message] | None = None) -> list[Message]:
    """A GET by the bare ASGI interface; what the application sends goes to `sent`."""
    sent = [] if sent is None else sent

    incoming: asyncio.Queue[Message] = asyncio.Queue()
    incoming.put_nowait({"type": "http.request", "body": b"", "more_body": False})

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "headers": [], "query_string": b""}
    await app(scope, incoming.get, send)
    return sent


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(APP, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


@pytest.mark.parametrize(
    ("path", "status", "code", "told"),
    [
        ("/work/invalid", 422, "odd", "something else"),
        ("/work/unauthorized", 401, "unauthorized", "who you are"),
        ("/work/pending", 504, "answer_pending", "Idempotency-Key: key-1"),
        ("/work/unknown", 503, "unavailable", "Idempotency-Key: key-2"),
        ("/work/away", 503, "unavailable", "again"),
        ("/work/bug", 500, "internal_error", "id "),
        ("/nothing", 404, "not_found", "Nothing"),
        ("/work/a/", 404, "not_found", "Nothing"),
    ],
)
async def test_errors(
    client: httpx.AsyncClient, path: str, status: int, code: str, told: str
) -> None:
    response = await client.get(path)
    assert response.status_code == status
    error = response.json()["error"]
    assert set(response.json()) == {"error"}
    assert set(error) == {"code", "message"}
    assert error["code"] == code
    assert told in error["message"]
    assert "secret-host" not in response.text
    assert "detail of ours" not in response.text


async def test_a_bug_is_logged_with_the_id_that_the_client_sees(client: httpx.AsyncClient) -> None:
    with capture_logs() as logs:
        response = await client.get("/work/bug", headers={"x-request-id": "from-the-proxy-1"})
    assert response.headers["x-request-id"] == "from-the-proxy-1"
    assert "from-the-proxy-1" in response.json()["error"]["message"]
    (entry,) = [log for log in logs if log["event"] == "request_failed"]
    assert entry["route"] == "/work/{name}"
    assert entry["exc_info"]


@pytest.mark.parametrize(
    "given", ["short", "x" * 65, "with blanks in it", "id\u00e5\u00e5\u00e5\u00e5\u00e5\u00e5"]
)
async def test_an_id_that_is_not_one_is_replaced(client: httpx.AsyncClient, given: str) -> None:
    response = await client.get("/work/x", headers={b"x-request-id": given.encode("utf-8")})
    assert len(response.headers["x-request-id"]) == 16


async def test_headers_that_a_route_sets_stay(client: httpx.AsyncClient) -> None:
    response = await client.get("/work/x")
    assert response.headers.get_list("cache-control") == ["max-age=60"]
    assert response.headers["content-security-policy"].startswith("default-src 'none'")
    assert response.headers["referrer-policy"] == "no-referrer"


async def test_other_methods_are_told_the_right_ones(client: httpx.AsyncClient) -> None:
    response = await client.delete("/work/x")
    assert response.status_code == 405
    assert set(response.headers["allow"].split(", ")) == {"GET", "HEAD", "POST"}


async def test_the_body_limit_is_exact(client: httpx.AsyncClient) -> None:
    assert (await client.post("/work/body", content=b"x" * 100)).json() == {"size": 100}
    assert (await client.post("/work/body", content=b"x" * 101)).status_code == 413


async def test_a_body_that_nobody_reads_is_not_counted(client: httpx.AsyncClient) -> None:
    assert (await client.post("/work/x", content=b"x" * 101)).status_code == 200


async def test_a_body_that_stops_is_given_up(client: httpx.AsyncClient) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"half"
        await asyncio.sleep(30)

    # This transport reads a chunk only when the application asks for it.
    response = await client.post("/work/body", content=body())
    assert (response.status_code, response.json()["error"]["code"]) == (408, "request_timeout")


async def test_an_error_in_the_middle_of_an_answer_leaves_it_unfinished() -> None:
    """So that the server closes the connection, and the client sees that something is missing."""
    with capture_logs() as logs:
        sent = await run(APP, "/stream")
    assert [message.get("body") for message in sent] == [None, b"first"]
    assert sent[-1]["more_body"] is True
    assert [log["event"] for log in logs] == ["request_failed"]


async def test_metrics_name_the_route_and_not_the_path(client: httpx.AsyncClient) -> None:
    await client.get("/work/kari@shop.example")
    await client.get("/unknown/kari@shop.example")
    text = exposition(REGISTRY).decode()
    assert 'route="/work/{name}",status="200"' in text
    assert 'route="(none)",status="404"' in text
    assert "kari" not in text


async def test_a_request_that_is_cut_short_is_told_so() -> None:
    """The server cancels what does not end in time when it stops."""
    started = asyncio.Event()

    async def hang(_: Request) -> Response:
        started.set()
        await asyncio.sleep(30)
        return Response()

    app = build_app([Route("/", hang)], HttpMetrics(CollectorRegistry()), EdgeLimits(100))
    sent: list[Message] = []
    task = asyncio.create_task(run(app, "/", sent))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert sent[0]["status"] == 503
    assert b"stopping" in sent[1]["body"]
