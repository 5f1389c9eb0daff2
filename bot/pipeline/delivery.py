"""One message to its platform: its calls in order, each once as far as the platform lets us know."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_random_exponential

from bot.errors import (
    DeliveryDelayed,
    DeliveryRefused,
    DeliveryUnknown,
    RecipientGone,
    StorageUnavailable,
    WindowClosed,
)
from bot.model.messages import Outbound
from bot.model.turns import Entry
from bot.pipeline.consumer import until_stored
from bot.pipeline.pacing import Pacing
from bot.pipeline.patience import OutOfTime, Patience
from bot.ports import Call, Deliveries, Progress, PushChannel, delivery_key

log = logging.getLogger(__name__)
T = TypeVar("T")

_backoff = wait_random_exponential(multiplier=0.5, max=60.0)


@dataclass(frozen=True)
class Waits:
    """How long a sender waits for what, in seconds.

    `give_up`: from the first try of a message on, over restarts; then it is a dead letter. `call`:
    for the answer to one call; then nobody knows whether it was made. `unsure`: before the platform
    is asked about such a call, or it is made again: an echo may tell, and what was made shows.
    `typing`: after the customer's message; then a sign of typing is not worth sending.
    """

    give_up: float
    call: float = 15.0
    unsure: float = 2.0
    typing: float = 5.0


@dataclass(frozen=True)
class _Step:
    """A call of a message, with all that its delivery needs."""

    channel: PushChannel
    message: Outbound
    entry: Entry
    number: int
    call: Call

    @property
    def key(self) -> str:
        return delivery_key(self.message, self.number)


class Delivery:
    """Makes the calls that a message needs, and remembers which were made."""

    def __init__(self, deliveries: Deliveries, pacing: Pacing, waits: Waits) -> None:
        self._deliveries = deliveries
        self._pacing = pacing
        self._waits = waits

    async def progress(self, message: Outbound, entry: Entry) -> Progress:
        """How far it has come; its time begins to run with the first time that this is asked."""
        return await self._progress(message, entry)

    async def deliver(
        self, channel: PushChannel, message: Outbound, entry: Entry, leave: asyncio.Event
    ) -> bool:
        """Make the calls that are not made yet; False where there is nothing to be shown.

        Raises Left as soon as `leave` is set and no call is under way. Raises DeliveryError where
        it fails for good, LeaseLost, StorageUnavailable.
        """
        progress = await self._progress(message, entry)
        calls = channel.calls(message)
        patience = Patience(leave, self._waits.give_up - progress.seconds)
        for number, call in enumerate(calls):
            if number not in progress.sent:
                patience.check()
                step = _Step(channel, message, entry, number, call)
                await self._complete(step, patience, unsure=progress.begun == number)
        return bool(calls)

    async def try_once(self, channel: PushChannel, message: Outbound, patience: Patience) -> None:
        """Make the calls without waiting for anything and without remembering them.

        Raises Left, DeliveryError.
        """
        for number, call in enumerate(channel.calls(message)):
            rates = channel.rates(message, call)
            ticket = delivery_key(message, number)
            async with self._pacing.turn(channel.name, ticket, rates, patience):
                await self._answer(channel.make(message, number, call))

    async def _complete(self, step: _Step, patience: Patience, unsure: bool) -> None:
        """See to it that the platform has taken the call. `unsure`: it may have already."""
        if unsure:
            # The sender that has begun it is gone, and its call must not hold up the next one.
            rates = step.channel.rates(step.message, step.call)
            await self._pacing.over(step.key, rates)
            await patience.sleep(self._waits.unsure)
        retrying = AsyncRetrying(
            retry=retry_if_exception_type((DeliveryDelayed, DeliveryUnknown)),
            wait=self._wait,
            stop=lambda state: (
                isinstance(_error(state), OutOfTime) or not patience.lasts(state.upcoming_sleep)
            ),
            sleep=patience.sleep,
            before_sleep=lambda state: _log_retry(step, state),
            reraise=True,
        )
        async for attempt in retrying:
            with attempt:
                if unsure and await self._is_settled(step, patience):
                    return
                unsure = False
                try:
                    await self._make(step, patience)
                except DeliveryUnknown:
                    unsure = True
                    raise

    async def _make(self, step: _Step, patience: Patience) -> None:
        rates = step.channel.rates(step.message, step.call)
        async with self._pacing.turn(step.channel.name, step.key, rates, patience):
            if not await self._begin(step, attempt=uuid.uuid4().hex):
                return
            try:
                platform_id = await self._answer(
                    step.channel.make(step.message, step.number, step.call)
                )
            except (DeliveryDelayed, DeliveryRefused, RecipientGone, WindowClosed) as error:
                await self._refused(step)
                if isinstance(error, DeliveryDelayed):
                    await self._pacing.hold(rates, error.retry_after)
                raise
            self._pacing.taken(rates)
            await self._finish(step, platform_id)

    async def _is_settled(self, step: _Step, patience: Patience) -> bool:
        """Whether a call that was cut off has been taken. Raises as `was_made` does."""
        progress = await self._progress(step.message, step.entry)
        if step.number in progress.sent:
            return True
        rates = step.channel.rates_of_asking(step.message, step.call)
        try:
            async with self._pacing.turn(step.channel.name, f"{step.key}?", rates, patience):
                made = await self._answer(
                    step.channel.was_made(step.message, step.number, step.call)
                )
        except DeliveryDelayed as error:
            await self._pacing.hold(rates, error.retry_after)
            raise
        except DeliveryRefused as error:
            log.warning("%s does not let us ask about %s: %s", step.channel.name, step.key, error)
            made = None
        if made:
            await self._finish(step, None)
            return True
        if made is None:
            log.warning(
                "%s is sent again, and %s may show it twice: nobody knows whether it was taken",
                *(step.key, step.channel.name),
            )
        else:
            await self._refused(step)
        return False

    async def _answer(self, call: Awaitable[T]) -> T:
        """The call's answer. Raises DeliveryUnknown where none comes."""
        try:
            return await asyncio.wait_for(call, self._waits.call)
        except asyncio.TimeoutError as error:
            raise DeliveryUnknown(f"no answer within {self._waits.call:g} s") from error
        except StorageUnavailable as error:
            raise DeliveryUnknown(f"a store went away meanwhile: {error}") from error

    def _wait(self, state: RetryCallState) -> float:
        """What the platform asks for, else exponential backoff with jitter."""
        error = _error(state)
        if isinstance(error, DeliveryDelayed) and error.retry_after is not None:
            return error.retry_after
        backoff = _backoff(state)
        return max(backoff, self._waits.unsure) if isinstance(error, DeliveryUnknown) else backoff

    @until_stored
    async def _progress(self, message: Outbound, entry: Entry) -> Progress:
        return await self._deliveries.progress(message, entry)

    @until_stored
    async def _begin(self, step: _Step, attempt: str) -> bool:
        return await self._deliveries.begin(step.message, step.number, step.entry, attempt)

    @until_stored
    async def _finish(self, step: _Step, platform_id: str | None) -> None:
        await self._deliveries.finish(step.message, step.number, platform_id)

    @until_stored
    async def _refused(self, step: _Step) -> None:
        await self._deliveries.refused(step.message, step.number)


def _error(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None


def _log_retry(step: _Step, state: RetryCallState) -> None:
    """Seldom and more seldom: while a platform is away, thousands of messages are tried again."""
    if state.attempt_number & (state.attempt_number - 1):
        return
    error = _error(state)
    log.warning(
        "%s on %s is tried again in %.1f s: %s: %s",
        *(step.key, step.channel.name, state.upcoming_sleep, type(error).__name__, error),
    )
