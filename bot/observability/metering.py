"""Wraps the pipeline's ports, so that every channel's messages are counted in one place."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Sequence

from bot.model.messages import Inbound, Utterance
from bot.observability.metrics import MessageMetrics
from bot.ports import Accepted, Inbox, Notice, Transcripts

_MOST_PENDING = 10_000


class AnswerTimes:
    """From acceptance to the end of the turn, for the messages that this process accepted.

    Remembers the newest `most` messages that are not answered yet, so that turns whose notice
    was lost do not fill the memory.
    """

    def __init__(
        self,
        metrics: MessageMetrics,
        most: int = _MOST_PENDING,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._metrics = metrics
        self._most = most
        self._clock = clock
        self._pending: OrderedDict[str, tuple[str, float]] = OrderedDict()

    def accepted(self, channel: str, turn_id: str) -> None:
        """A turn will follow."""
        self._pending[turn_id] = (channel, self._clock())
        if len(self._pending) > self._most:
            self._pending.popitem(last=False)

    def answered(self, turn_id: str) -> None:
        """A turn is over; whether it is one of this process's is found out here."""
        pending = self._pending.pop(turn_id, None)
        if pending is not None:
            channel, began = pending
            self._metrics.answered(channel, self._clock() - began)


class MeteredInbox(Inbox):
    """Counts what goes into an inbox."""

    def __init__(self, inbox: Inbox, metrics: MessageMetrics, times: AnswerTimes) -> None:
        self._inbox = inbox
        self._metrics = metrics
        self._times = times

    async def accept(self, message: Inbound) -> Accepted:
        """See the port."""
        accepted = await self._inbox.accept(message)
        self._metrics.accepted(message.channel, accepted.duplicate)
        if not accepted.duplicate:
            self._times.accepted(message.channel, accepted.turn_id)
        return accepted

    async def find(self, message: Inbound) -> Accepted | None:
        """See the port."""
        return await self._inbox.find(message)


class MeteredTranscripts(Transcripts):
    """Notes the turns that are over as their notices pass."""

    def __init__(self, transcripts: Transcripts, times: AnswerTimes) -> None:
        self._transcripts = transcripts
        self._times = times

    async def read(
        self, conversation_id: str, after: str | None = None, limit: int = 500
    ) -> Sequence[Utterance]:
        """See the port."""
        return await self._transcripts.read(conversation_id, after, limit)

    async def announce_writing(self, conversation_id: str) -> None:
        """See the port."""
        await self._transcripts.announce_writing(conversation_id)

    async def is_answered(self, message: Inbound) -> bool:
        """See the port."""
        return await self._transcripts.is_answered(message)

    async def notices(self) -> AsyncIterator[Notice | None]:
        """See the port."""
        async for notice in self._transcripts.notices():
            if notice is not None and notice.kind == "answered":
                self._times.answered(notice.turn_id)
            yield notice
