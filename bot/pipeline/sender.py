"""The sender's jobs: each outbox entry is a message that a channel's platform is called with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    stop_after_delay,
    wait_random_exponential,
)

from bot.errors import DeliveryDelayed, DeliveryError, UnreadableEntry
from bot.model.messages import Outbound
from bot.model.turns import Entry, Lease
from bot.pipeline.consumer import Job, JobSource, bury, until_stored
from bot.ports import Outbox, PushChannel

_backoff = wait_random_exponential(multiplier=0.5, max=60.0)


class DeliveryJobs(JobSource):
    """Outbox entries as deliveries. A conversation's messages go out in order: while one is
    retried, those behind it wait.
    """

    def __init__(
        self, queue: Outbox, channels: Mapping[str, PushChannel], give_up_after: float
    ) -> None:
        """`channels` by name. `give_up_after` in seconds: then a message is a dead letter."""
        self._queue = queue
        self._channels = channels
        self._give_up_after = give_up_after

    async def prepare(self, entries: Sequence[Entry]) -> Sequence[Job]:
        """See JobSource."""
        jobs = []
        for entry in entries:
            try:
                message = Outbound.from_json(entry.raw)
            except UnreadableEntry as error:
                await bury(self._queue, entry, str(error))
                continue
            jobs.append(Job(entry, message.conversation_id, partial(self._deliver, message)))
        return jobs

    def forget(self, lease: Lease) -> None:
        """Nothing is remembered."""

    async def _deliver(self, message: Outbound, entry: Entry) -> None:
        channel = self._channels.get(message.channel)
        if channel is None:
            await bury(
                self._queue, entry, f"channel {message.channel} is not set up on this sender"
            )
            return
        try:
            async for attempt in AsyncRetrying(
                retry=retry_if_exception_type(DeliveryDelayed),
                wait=_wait,
                stop=stop_after_delay(self._give_up_after),
                reraise=True,
            ):
                with attempt:
                    await channel.deliver(message)
        except DeliveryError as error:
            await bury(self._queue, entry, f"{type(error).__name__}: {error}")
        else:
            await self._acknowledge(entry)

    @until_stored
    async def _acknowledge(self, entry: Entry) -> None:
        await self._queue.delivered(entry)


def _wait(state: RetryCallState) -> float:
    """What the platform asks for, else exponential backoff with jitter."""
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, DeliveryDelayed) and error.retry_after is not None:
        return error.retry_after
    return _backoff(state)
