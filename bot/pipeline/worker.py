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
        # What hands the floor back is no words of a customer's.
        heard = [message for _, message in readable if message.hand_back is None]
        parses = iter(self._turns.understand(heard) if heard else ())
        return [
            Job(
                entry,
                message.conversation_id,
                partial(
                    self._turns.take, message, next(parses) if message.hand_back is None else None
                ),
            )
            for entry, message in readable
        ]

    def forget(self, lease: Lease) -> None:
        """See JobSource."""
        self._turns.forget(lease)
