"""The worker's jobs: each inbox entry is a turn; a batch is understood in one call."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from bot.errors import UnreadableEntry
from bot.model.messages import Inbound
from bot.model.turns import Entry, Lease
from bot.pipeline.consumer import Job, JobSource, bury
from bot.pipeline.turn import TurnTaker
from bot.ports import TurnQueue


class TurnJobs(JobSource):
    """Inbox entries as turns."""

    def __init__(self, queue: TurnQueue, turns: TurnTaker) -> None:
        self._queue = queue
        self._turns = turns

    async def prepare(self, entries: Sequence[Entry]) -> Sequence[Job]:
        """See JobSource."""
        readable = []
        for entry in entries:
            try:
                readable.append((entry, Inbound.from_json(entry.raw)))
            except UnreadableEntry as error:
                await bury(self._queue, entry, str(error))
        if not readable:
            return []
        parses = self._turns.understand([message for _, message in readable])
        return [
            Job(entry, message.conversation_id, partial(self._turns.take, message, parse))
            for (entry, message), parse in zip(readable, parses, strict=True)
        ]

    def forget(self, lease: Lease) -> None:
        """See JobSource."""
        self._turns.forget(lease)
