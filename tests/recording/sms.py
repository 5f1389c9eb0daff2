"""The SMS gateway of docs/adding-a-channel.md: text messages, one a second to a number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from tests.recording.program import run
from tests.recording.server import RecordingPlatform

MAX_TEXT = 480


@dataclass
class RecordingSms(RecordingPlatform):
    """`token` is what callers must bear. `stopped` are numbers that want no messages.

    `too_early` are calls that came within a second of the last one to the same number.
    """

    token: str = "sms-token"
    stopped: set[str] = field(default_factory=set)
    references: dict[str, str] = field(default_factory=dict)
    last: dict[str, float] = field(default_factory=dict)
    too_early: list[str] = field(default_factory=list)

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """The gateway's API."""
        return [
            Route("/messages", self._send, methods=["POST"]),
            Route("/messages", self._find, methods=["GET"]),
        ]

    def busy(self, retry_after: int) -> Response:
        """Too many requests."""
        return _error(429, "too_many", {"Retry-After": str(retry_after)})

    def error(self) -> Response:
        """The gateway has failed."""
        return _error(500, "internal")

    async def _send(self, request: Request) -> Response:
        arguments = await request.json()
        return await self.record(
            request, "messages", arguments, lambda: self._take(request, arguments)
        )

    async def _find(self, request: Request) -> Response:
        reference = request.query_params["reference"]

        def take() -> Response:
            if not self._is_authentic(request):
                return _error(401, "unauthorized")
            known = self.references.get(reference)
            return JSONResponse({"messages": [{"id": known}] if known else []})

        return await self.record(request, "find", {"reference": reference}, take)

    def _is_authentic(self, request: Request) -> bool:
        return request.headers.get("authorization") == f"Bearer {self.token}"

    def _take(self, request: Request, arguments: dict[str, Any]) -> Response:
        number, text, reference = (arguments.get(name) for name in ("to", "text", "reference"))
        if not self._is_authentic(request):
            return _error(401, "unauthorized")
        if not isinstance(text, str) or not 1 <= len(text) <= MAX_TEXT or not text.strip():
            return _error(422, "bad_text")
        if not isinstance(number, str) or not isinstance(reference, str):
            return _error(422, "bad_request")
        if number in self.stopped:
            return _error(410, "stopped")
        if reference in self.references:
            return JSONResponse({"id": self.references[reference]}, status_code=409)
        now = self.received[-1].at
        if now - self.last.get(number, float("-inf")) < 1.0:
            self.too_early.append(number)
            return self.busy(1)
        self.last[number] = now
        self.references[reference] = f"m{len(self.references) + 1}"
        return JSONResponse({"id": self.references[reference]}, status_code=201)


def _error(status: int, code: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"error": code}, status_code=status, headers=headers)


if __name__ == "__main__":
    run(lambda _: RecordingSms())
