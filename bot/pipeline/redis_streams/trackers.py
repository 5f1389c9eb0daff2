"""The stored trackers: each conversation's past, of which only a window is read."""

from __future__ import annotations

import json
from typing import Any

from bot.errors import UnreadableEntry
from bot.model.turns import TrackerWindow
from bot.pipeline.redis_streams.client import Redis, storage_errors
from bot.pipeline.redis_streams.layout import Layout


async def read_window(redis: Redis, layout: Layout, conversation_id: str) -> TrackerWindow:
    """The conversation's bounded past. Raises UnreadableEntry where what is stored is damaged."""
    with storage_errors():
        stored = await redis.get(layout.base(conversation_id))
        try:
            base: Any = json.loads(stored) if stored else {"start": 0, "events": []}
            tail = await redis.lrange(layout.tracker(conversation_id), base["start"], -1)
            return TrackerWindow(
                tuple(base["events"]), base["start"], tuple(json.loads(event) for event in tail)
            )
        except (ValueError, KeyError, TypeError) as error:
            raise UnreadableEntry(f"tracker of {conversation_id}: {error}") from error
