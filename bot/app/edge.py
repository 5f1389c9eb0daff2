"""What every request passes on its way in and every answer on its way out: one ASGI middleware.

Plain ASGI and not Starlette's BaseHTTPMiddleware, which costs a task and two queues a request.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import anyio
import structlog
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.observability.metrics import HttpMetrics

_GIVEN_ID = re.compile(rb"[A-Za-z0-9_-]{8,64}")
_UNMATCHED = "(none)"

# Set where the answer does not choose otherwise.
_DEFAULT_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cache-control", b"no-store"),
)

logger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class EdgeLimits:
    """`body_bytes`: how large a request's body may be; `body_seconds`: how long it may take.

    `larger_bodies`: paths that take more bytes. A platform that puts many events into one request
    would repeat it for ever where it is refused, and the events in it would be lost.
    """

    body_bytes: int
    body_seconds: float = 10.0
    larger_bodies: Mapping[str, int] = field(default_factory=dict)

    def body_bytes_at(self, path: str) -> int:
        """How large a body may be at that path."""
        return self.larger_bodies.get(path, self.body_bytes)


def error_response(
    status: int, code: str, message: str, headers: dict[str, str] | None = None
) -> JSONResponse:
    """`{"error": {"code", "message"}}`: the one form of every error."""
    return JSONResponse(
        {"error": {"code": code, "message": message}}, status_code=status, headers=headers
    )


class EdgeMiddleware:
    """Request id, size and time of bodies, default headers, metrics, and the last net for errors."""

    def __init__(self, app: ASGIApp, metrics: HttpMetrics, limits: EdgeLimits) -> None:
        self._app = app
        self._metrics = metrics
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI interface."""
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        request_id = _request_id(scope)
        structlog.contextvars.bind_contextvars(request_id=request_id.decode())
        status = 0

        async def finish(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = _complete(message.get("headers", ()), request_id)
            await send(message)

        most = self._limits.body_bytes_at(scope["path"])
        body = _Body(receive, _content_length(scope), most, self._limits.body_seconds)
        try:
            await self._app(scope, body.receive, finish)
        except ClientDisconnect:
            status = status or 499
        except asyncio.CancelledError:
            if not status:
                response = error_response(
                    503, "stopping", "The server is stopping. Send the request again."
                )
                await response(scope, receive, finish)
            raise
        except Exception:
            logger.exception("request_failed", route=_route(scope))
            if not status:
                response = error_response(
                    500,
                    "internal_error",
                    f"Something went wrong on our side. Tell us the id {request_id.decode()}.",
                )
                await response(scope, receive, finish)
        finally:
            seconds = time.perf_counter() - began
            self._metrics.request(_route(scope), scope["method"], status, seconds)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        request_id = _request_id(scope)
        structlog.contextvars.bind_contextvars(request_id=request_id.decode())
        opened = False

        async def watch(message: Message) -> None:
            nonlocal opened
            if message["type"] == "websocket.accept" and not opened:
                opened = True
                self._metrics.socket_opened()
            await send(message)

        try:
            await self._app(scope, receive, watch)
        finally:
            if opened:
                self._metrics.socket_closed()


class _Body:
    """Counts a request's body as it streams in, and ends a request that sends too much or too slowly.

    Raises HTTPException 413 or 408 out of `receive`, so in whoever reads the body.
    """

    def __init__(self, receive: Receive, announced: int | None, most: int, seconds: float) -> None:
        self._receive = receive
        self._announced = announced
        self._most = most
        self._seconds = seconds
        self._size = 0
        self._deadline: float | None = None
        self._complete = False

    async def receive(self) -> Message:
        if self._complete:
            return await self._receive()
        if self._announced is not None and self._announced > self._most:
            raise self._too_large()
        if self._deadline is None:
            self._deadline = anyio.current_time() + self._seconds
        message: Message | None = None
        with anyio.CancelScope(deadline=self._deadline):
            message = await self._receive()
        if message is None:
            raise HTTPException(408, "The request's body took too long.", {"Connection": "close"})
        if message["type"] == "http.request":
            self._size += len(message.get("body", b""))
            self._complete = not message.get("more_body", False)
            if self._size > self._most:
                raise self._too_large()
        return message

    def _too_large(self) -> HTTPException:
        return HTTPException(413, f"The request's body may have at most {self._most} bytes.")


def _request_id(scope: Scope) -> bytes:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _GIVEN_ID.fullmatch(value):
            given: bytes = value
            return given
    return secrets.token_hex(8).encode()


def _content_length(scope: Scope) -> int | None:
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() else None
    return None


def _complete(headers: Any, request_id: bytes) -> list[tuple[bytes, bytes]]:
    complete = list(headers)
    present = {name.lower() for name, _ in complete}
    complete += [header for header in _DEFAULT_HEADERS if header[0] not in present]
    complete.append((b"x-request-id", request_id))
    return complete


def _route(scope: Scope) -> str:
    path: str = getattr(scope.get("route"), "path", _UNMATCHED)
    return path
