"""A conversation as the bot sees it. See `bot.ports.DialogueStates`."""

from __future__ import annotations

from bot.pipeline.dialogue_state import state_of
from bot.pipeline.redis_streams.client import Redis
from bot.pipeline.redis_streams.layout import Layout
from bot.pipeline.redis_streams.trackers import read_window
from bot.ports import DialogueState, DialogueStates


class RedisDialogueStates(DialogueStates):
    """Reads the stored window, as a worker does that takes a turn; so it costs what that costs."""

    def __init__(self, redis: Redis, layout: Layout) -> None:
        self._redis = redis
        self._layout = layout

    async def read(self, conversation_id: str) -> DialogueState:
        """See the port."""
        return state_of(await read_window(self._redis, self._layout, conversation_id))
