"""The sender's jobs: each outbox entry is a message that a channel's platform is called with."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from functools import partial

from bot.errors import (
    DeliveryDelayed,
    DeliveryError,
    DeliveryRefused,
    DeliveryUnknown,
    LeaseLost,
    RecipientGone,
    StorageUnavailable,
    UnreadableEntry,
    WindowClosed,
)
from bot.model.content import Typing
from bot.model.messages import Outbound
from bot.model.turns import Entry, Lease
from bot.pipeline.consumer import Job, JobSource, bury, until_stored
from bot.pipeline.delivery import Delivery, Waits
from bot.pipeline.pacing import Pacing
from bot.pipeline.patience import Left, NoPatience
from bot.ports import Deliveries, Outbox, Outcome, Pacer, PushChannel
from bot.tasks import cancel

log = logging.getLogger(__name__)

_OUTCOMES: Mapping[type[DeliveryError], Outcome] = {
    DeliveryDelayed: "given_up",
    DeliveryUnknown: "given_up",
    DeliveryRefused: "refused",
    RecipientGone: "recipient_gone",
    WindowClosed: "window_closed",
}


class DeliveryJobs(JobSource):
    """Outbox entries as deliveries. What a conversation has for one chat goes out in order: while a
    message is retried, those behind it wait, and nobody else. Whoever has moved on to another chat
    of the same conversation gets their answers there.
    """

    def __init__(
        self,
        queue: Outbox,
        channels: Mapping[str, PushChannel],
        deliveries: Deliveries,
        pacer: Pacer,
        waits: Waits,
    ) -> None:
        """`channels` by name."""
        self._queue = queue
        self._channels = channels
        self._deliveries = deliveries
        self._delivery = Delivery(deliveries, Pacing(pacer), waits)
        self._waits = waits
        self._leave: dict[Lease, asyncio.Event] = {}
        self._signs: dict[str, tuple[Lease, asyncio.Task[None]]] = {}

    async def prepare(self, entries: Sequence[Entry]) -> Sequence[Job]:
        """See JobSource."""
        jobs = []
        for entry in entries:
            try:
                message = Outbound.from_json(entry.raw)
            except UnreadableEntry as error:
                await bury(self._queue, entry, str(error))
                continue
            leave = self._leave.setdefault(entry.lease, asyncio.Event())
            jobs.append(Job(entry, _line(message), partial(self._deliver, message, leave)))
        return jobs

    def forget(self, lease: Lease) -> None:
        """See JobSource. Deliveries that wait for something end at once, for the next holder."""
        leave = self._leave.pop(lease, None)
        if leave is not None:
            leave.set()
        for owner, sign in list(self._signs.values()):
            if owner == lease:
                sign.cancel()

    async def _deliver(self, message: Outbound, leave: asyncio.Event, entry: Entry) -> None:
        # A sign of typing that is still on its way must not come after what it announced.
        _, sign = self._signs.pop(_line(message), (None, None))
        if sign is not None:
            await cancel([sign])
        if isinstance(message.content, Typing):
            await self._show_typing(message, entry)
            return
        try:
            outcome, reason = await self._outcome(message, entry, leave)
        except Left:
            return
        await self._close(message, entry, outcome)
        if reason is None:
            await self._acknowledge(entry)
        else:
            await bury(self._queue, entry, reason)

    async def _outcome(
        self, message: Outbound, entry: Entry, leave: asyncio.Event
    ) -> tuple[Outcome, str | None]:
        """How the delivery ended, and why it is a dead letter where it is one."""
        try:
            channel = self._channels.get(message.channel)
            if channel is None:
                await self._delivery.progress(message, entry)
                return "failed", f"channel {message.channel} is not set up on this sender"
            shown = await self._delivery.deliver(channel, message, entry, leave)
        except DeliveryError as error:
            kind = next(
                (kind for kind in type(error).__mro__ if kind in _OUTCOMES), DeliveryRefused
            )
            outcome = _OUTCOMES[kind]
            reason = f"{kind.__name__}: {error}"
            if outcome == "given_up":
                reason += f" (given up after {self._waits.give_up:g} s)"
            return outcome, reason
        except (Left, LeaseLost, StorageUnavailable):
            raise
        except Exception as error:
            # A fault of the channel's code: trying for ever would hold the conversation up for ever.
            log.exception("%s failed on %s", message.channel, message.id)
            return "failed", f"the channel failed: {type(error).__name__}: {error}"
        return ("delivered" if shown else "not_shown"), None

    async def _show_typing(self, message: Outbound, entry: Entry) -> None:
        """Once, beside what follows. It is done with before it is tried, so nothing repeats it."""
        await self._acknowledge(entry)
        channel = self._channels.get(message.channel)
        if channel is None or time.time() - message.asked_at > self._waits.typing:
            return
        sign = asyncio.create_task(self._try_typing(channel, message))
        self._signs[_line(message)] = (entry.lease, sign)
        sign.add_done_callback(lambda done: self._forget_sign(_line(message), done))

    async def _try_typing(self, channel: PushChannel, message: Outbound) -> None:
        try:
            await asyncio.wait_for(
                self._delivery.try_once(channel, message, NoPatience()), self._waits.typing
            )
        except (Left, DeliveryError, StorageUnavailable, asyncio.TimeoutError) as error:
            log.debug("no sign of typing on %s: %s", message.channel, error)
        except Exception:
            log.exception("%s failed on a sign of typing", message.channel)

    def _forget_sign(self, line: str, sign: asyncio.Task[None]) -> None:
        if self._signs.get(line, (None, None))[1] is sign:
            del self._signs[line]

    @until_stored
    async def _close(self, message: Outbound, entry: Entry, outcome: Outcome) -> None:
        await self._deliveries.close(message, entry, outcome)

    @until_stored
    async def _acknowledge(self, entry: Entry) -> None:
        await self._queue.delivered(entry)


def _line(message: Outbound) -> str:
    """What goes out in order."""
    return f"{message.conversation_id} {message.channel}:{message.recipient}"
