"""`python -m bench.scripted_worker`: the worker role with a dialogue that is a script.

Everything about it is the real worker but for the engine: no model is loaded, so that what is
measured is the way between customers and people. It asks for a person where somebody writes so.
"""

# ruff: noqa: ARG002 (the port's signatures)

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Sequence
from typing import Any

from bot.app.bootstrap.pipeline import build_worker
from bot.app.bootstrap.stores import close, prepare_stores, redis_url
from bot.app.platforms import platforms
from bot.app.signals import stop_on_signals
from bot.model.content import Text
from bot.model.handoff import Cause, HandoffRequest
from bot.model.messages import Inbound
from bot.model.turns import TrackerWindow, TurnResult
from bot.pipeline.redis_streams.client import connect
from bot.ports import DialogueEngine
from bot.settings import load_settings

ASKS = "A person, please"
RATE = "/rate"
PROMISE = "I get you a colleague."
BACK = "The bot is back."
THANKS = "Thanks for the rating."


class Script(DialogueEngine):
    """Understands what the customers of `bench.handoffs` say."""

    version = "script"

    async def prepare(self) -> None:
        """See the port."""

    def close(self) -> None:
        """See the port."""

    def understand(self, messages: Sequence[Inbound]) -> Sequence[dict[str, Any]]:
        """See the port."""
        return [{} for _ in messages]

    async def answer(
        self, message: Inbound, turn_id: str, parse: dict[str, Any], window: TrackerWindow
    ) -> TurnResult:
        """See the port."""
        if ASKS in message.text:
            request = HandoffRequest(Cause.CUSTOMER_ASKED, topic="order")
            return _said(PROMISE, request=request)
        if message.payload is not None and message.payload.startswith(RATE):
            points = int(json.loads(message.payload.removeprefix(RATE))["rating"])
            return _said(THANKS, rated=points)
        return _said(f"The bot heard: {message.text}")

    async def listen(
        self, message: Inbound, turn_id: str, parse: dict[str, Any], window: TrackerWindow
    ) -> TurnResult:
        """See the port."""
        return _said(None)

    async def resume(self, message: Inbound, turn_id: str, window: TrackerWindow) -> TurnResult:
        """See the port."""
        quiet = message.hand_back is not None and message.hand_back.quiet
        return _said(None if quiet else BACK)

    async def apologise(self, message: Inbound, turn_id: str, window: TrackerWindow) -> TurnResult:
        """See the port."""
        return _said("Sorry.")


def _said(text: str | None, **fields: Any) -> TurnResult:
    answers = [] if text is None else [Text(text)]
    return TurnResult([], answers, TrackerWindow(), language="en", intent="inform", **fields)


async def _run() -> None:
    settings = load_settings()
    with stop_on_signals() as stop:
        await prepare_stores(settings)
        redis = connect(redis_url(settings))
        try:
            holder = f"script-{uuid.uuid4().hex}"
            await build_worker(settings, redis, Script(), holder, platforms(settings)).run(stop)
        finally:
            await close(redis)


if __name__ == "__main__":
    asyncio.run(_run())
