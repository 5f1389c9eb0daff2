"""What the recording servers of the two ticket systems share."""

from __future__ import annotations

import asyncio
import time
from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tests.recording.server import Fault, Faults, Received, RecordingPlatform

_BEGINNING = datetime(2026, 11, 24, 15, tzinfo=timezone.utc)


def at_method(method: str, *faults: Fault | None) -> Faults:
    """These for the first calls of one method, in order; all else works."""
    left = list(faults)

    def next_fault(call: Received) -> Fault | None:
        return left.pop(0) if left and call.method == method else None

    return next_fault


@dataclass
class RecordingDesk(RecordingPlatform):
    """`tickets` by their number. `forbidden`: the token's user may do nothing. `delays` are how many
    seconds a method's calls take before anything is done; without them those that wait go on.
    """

    tickets: dict[int, dict[str, Any]] = field(default_factory=dict)
    forbidden: bool = False
    delays: dict[str, float] = field(default_factory=dict)
    _ticks: int = 0

    async def answer(
        self,
        request: Request,
        method: str,
        arguments: Mapping[str, Any],
        take: Callable[[], Response],
    ) -> Response:
        """Take the call where the caller is known and may; noted in any case."""
        until = time.monotonic() + self.delays.get(method, 0.0)
        while self.delays and time.monotonic() < until:  # noqa: ASYNC110 (a test clears a dict)
            await asyncio.sleep(0.02)
        return await self.record(
            request, method, arguments, lambda: self.refusal(request) or take()
        )

    @abstractmethod
    def refusal(self, request: Request) -> Response | None:
        """The answer to who is not known (401) or may not (403); None for who may."""

    def now(self) -> str:
        """A second later each time, so that no two changes have the same time."""
        self._ticks += 1
        return f"{_BEGINNING + timedelta(seconds=self._ticks):%Y-%m-%dT%H:%M:%SZ}"
