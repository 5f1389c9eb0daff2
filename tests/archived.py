"""Conversations for the tests of the archive: lines in a real transcript, and their turns."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone

from bot.model.content import Content, Text
from bot.model.journal import TurnRecord
from bot.model.messages import Author
from bot.pipeline.redis_streams.client import Redis
from bot.pipeline.redis_streams.transcripts import utterance_to_json
from tests.pipeline import LAYOUT

START = datetime(2026, 11, 24, 9, 0, tzinfo=timezone.utc).timestamp()

_TURN = TurnRecord(
    conversation_id="web:c1",
    turn_id="1-0",
    event_id="e1",
    channel="web",
    recipient="c1",
    received_at=START,
    committed_at=START + 0.05,
    language="en",
    intent="order_status",
    confidence=0.9,
)


def turn(number: int = 1, minutes: float = 0.0, **fields: object) -> TurnRecord:
    """A turn that was taken so many minutes after START."""
    at = START + minutes * 60
    return replace(
        _TURN,
        **{
            "turn_id": f"1-{number}",
            "event_id": f"e{number}",
            "received_at": at,
            "committed_at": at + 0.05,
            **fields,
        },  # type: ignore[arg-type]
    )


async def say(
    redis: Redis,
    content: Content | str,
    *,
    minutes: float = 0.0,
    author: Author = Author.CUSTOMER,
    conversation: str = "web:c1",
    turn_id: str = "1-1",
    name: str | None = None,
    channel: str = "web",
) -> str:
    """A line of a transcript as the pipeline writes it; returns its cursor."""
    said = Text(content) if isinstance(content, str) else content
    line = utterance_to_json(f"{turn_id}/0", author, channel, said, name)
    cursor = f"{int((START + minutes * 60) * 1000)}-*"
    added: bytes = await redis.xadd(LAYOUT.chat(conversation), {"u": line, "t": turn_id}, id=cursor)
    return added.decode()
