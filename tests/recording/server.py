"""What the recording servers of the platforms share: they note every call, and can fail on demand.

A platform's server is a Starlette application over real HTTP that enforces the limits which the
platform documents and returns the errors which it documents. It is a test tool, not the product.
"""

from __future__ import annotations

import contextlib
import random
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from tests.serving import serving


@dataclass
class Received:
    """One call of the platform's API. `at` is when it came, in monotonic seconds.

    `taken`: the platform did what was asked. `answered`: the caller was told so. `fault`: what was
    made to go wrong.
    """

    method: str
    arguments: Mapping[str, Any]
    at: float
    status: int = 0
    taken: bool = False
    answered: bool = True
    fault: str = ""


@dataclass(frozen=True)
class Fault:
    """What goes wrong with a call: `busy` is the platform's 429 with `retry_after` seconds, `error`
    its 500, `cut` does what was asked and breaks the connection before the answer, `refused`
    breaks it before anything is done.
    """

    kind: Literal["busy", "error", "cut", "refused"]
    retry_after: int = 1


Faults = Callable[[Received], Fault | None]


def no_faults(_: Received) -> Fault | None:
    """Everything works."""
    return None


def in_turn(*faults: Fault | None) -> Faults:
    """These for the first calls, in order; then everything works."""
    left = list(faults)

    def next_fault(_: Received) -> Fault | None:
        return left.pop(0) if left else None

    return next_fault


def share_of_calls(share: float, faults: Sequence[Fault], seed: int) -> Faults:
    """One of `faults` for that share of the calls, by a seeded chance."""
    chance = random.Random(seed)

    def by_chance(_: Received) -> Fault | None:
        return chance.choice(faults) if chance.random() < share else None

    return by_chance


def ignore(_: Received) -> None:
    """Nothing is done with it."""


class Cut(BaseException):
    """Ends the connection without an answer. No Exception: Starlette would answer those with 500."""


@dataclass
class RecordingPlatform(ABC):
    """A platform's side of its API. `faults` decides which calls go wrong, and how; `noted` is told
    of each call once it is over.

    The methods of a subclass's routes end in `record`, which notes the call, lets `faults` have
    its way, and otherwise does what `take` does and answers with what that returns.
    """

    faults: Faults = no_faults
    received: list[Received] = field(default_factory=list)
    url: str = ""
    noted: Callable[[Received], None] = ignore

    @property
    @abstractmethod
    def routes(self) -> Sequence[BaseRoute]:
        """The platform's API."""

    @abstractmethod
    def busy(self, retry_after: int) -> Response:
        """The platform's answer to too many calls, as it documents it."""

    @abstractmethod
    def error(self) -> Response:
        """The platform's answer when it has failed itself, as it documents it."""

    @property
    def taken(self) -> list[Received]:
        """The calls that had an effect, in order."""
        return [call for call in self.received if call.taken]

    def calls(self, method: str) -> list[Received]:
        """The calls of one method that had an effect, in order."""
        return [call for call in self.taken if call.method == method]

    async def record(
        self,
        request: Request,
        method: str,
        arguments: Mapping[str, Any],
        take: Callable[[], Response],
    ) -> Response:
        """Note the call, fail or `take` it; a status below 300 counts as taken."""
        call = Received(method, arguments, time.monotonic())
        self.received.append(call)
        try:
            return self._outcome(call, take)
        finally:
            self.noted(call)

    def _outcome(self, call: Received, take: Callable[[], Response]) -> Response:
        fault = self.faults(call)
        call.fault = "" if fault is None else fault.kind
        if fault is not None and fault.kind == "busy":
            response = self.busy(fault.retry_after)
        elif fault is not None and fault.kind == "error":
            response = self.error()
        elif fault is not None and fault.kind == "refused":
            call.answered = False
            raise Cut
        else:
            response = take()
            call.taken = self.succeeded(response)
            if fault is not None:
                call.answered = False
                call.status = response.status_code
                raise Cut
        call.status = response.status_code
        return response

    def succeeded(self, response: Response) -> bool:
        """Whether that answer says that the call was taken."""
        return response.status_code < 300


def application(platform: RecordingPlatform) -> Starlette:
    """The platform's server."""
    return Starlette(routes=list(platform.routes))


@contextlib.asynccontextmanager
async def serve(platform: RecordingPlatform, port: int = 0) -> AsyncIterator[RecordingPlatform]:
    """The server on a free port while the block lasts; `platform.url` is its address."""
    async with serving(_cutting(application(platform)), port) as bound:
        platform.url = f"http://127.0.0.1:{bound}"
        yield platform


def _cutting(app: Starlette) -> Any:
    """An application that breaks the connection where a handler raises Cut."""

    async def cutting(scope: Any, receive: Any, send: Any) -> None:
        try:
            await app(scope, receive, send)
        except Cut:
            transport = getattr(getattr(send, "__self__", None), "transport", None)
            assert transport is not None, "uvicorn's request cycle has a transport"
            transport.abort()

    return cutting
