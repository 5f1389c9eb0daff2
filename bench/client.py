"""Speaks the REST channel of either side, in the same way."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

PATH = "/webhooks/rest/webhook"


@dataclass(frozen=True)
class Reply:
    """What came back. `status` is 200 for an answer alone; `problem` says why there is none.

    It is 0 where nothing came over HTTP, or something that no REST channel answers.

    `started` and `finished` are seconds of `time.perf_counter`.
    """

    status: int
    messages: list[dict[str, Any]]
    started: float
    finished: float
    problem: str = ""

    @property
    def seconds(self) -> float:
        """How long the customer waited."""
        return self.finished - self.started


class RestClient:
    """Asks over kept-alive connections. Never raises for what the server does: the Reply tells."""

    def __init__(self, session: aiohttp.ClientSession, base_url: str) -> None:
        self._session = session
        self._url = base_url + PATH

    async def ask(self, sender: str, text: str, key: str | None = None) -> Reply:
        """Send one message and wait for its answer; `key` is sent as its Idempotency-Key."""
        headers = {"Idempotency-Key": key} if key else None
        body = {"sender": sender, "message": text}
        started = time.perf_counter()
        try:
            async with self._session.post(self._url, json=body, headers=headers) as response:
                raw = await response.json(content_type=None)
                status = response.status
        except (aiohttp.ClientError, asyncio.TimeoutError, OSError, ValueError) as error:
            problem = f"{type(error).__name__}: {error}"
            return Reply(0, [], started, time.perf_counter(), problem)
        finished = time.perf_counter()
        if status != 200:
            return Reply(status, [], started, finished, f"HTTP {status}: {str(raw)[:200]}")
        if not _is_answer(raw):
            return Reply(0, [], started, finished, f"not a list of messages: {str(raw)[:200]}")
        return Reply(status, raw, started, finished)


@asynccontextmanager
async def rest_client(base_url: str, timeout: float) -> AsyncIterator[RestClient]:
    """A client for the server at `base_url`; `timeout` in seconds bounds each message."""
    # Proxies of the environment must not come between the generator and the loopback.
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=60),
        timeout=aiohttp.ClientTimeout(total=timeout),
        trust_env=False,
    ) as session:
        yield RestClient(session, base_url)


def _is_answer(raw: object) -> bool:
    return isinstance(raw, list) and all(isinstance(message, dict) for message in raw)
