"""One turn: past, floor, answer, commit. And what happens when one of them fails."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Collection, Sequence
from dataclasses import replace
from typing import Any

from tenacity import retry, retry_if_exception_type, stop_after_attempt

from bot.errors import FloorMoved, StorageUnavailable, TurnFailed, UnreadableEntry
from bot.model.handoff import HandBack
from bot.model.messages import Inbound
from bot.model.turns import Entry, Lease, TrackerWindow, TurnCommit, TurnResult
from bot.pipeline.consumer import until_stored
from bot.ports import DialogueEngine, TurnQueue

log = logging.getLogger(__name__)

# One of them takes some 100 kB.
_REMEMBERED = 1_024
# A turn that takes longer is announced as "typing".
_TYPING_SECONDS = 0.4
# Somebody who takes a conversation and gives it back in the middle of a turn does so once.
_MOST_ATTEMPTS = 5
_NOT_PARSED = "the NLU pipeline failed on it"


class TurnTaker:
    """Takes turns, remembering the pasts of the conversations under this process's leases.

    A remembered past is as good as the stored one for as long as the same lease is held: nobody
    else can have written. It is checked all the same, by its length, in the commit.
    """

    def __init__(
        self,
        queue: TurnQueue,
        engine: DialogueEngine,
        push_channels: Collection[str],
        turn_seconds: float,
        max_deliveries: int,
    ) -> None:
        """
        Args:
            push_channels: channels whose answers a sender has to deliver.
            turn_seconds: how long a turn may take before it counts as failed.
            max_deliveries: a message that was begun more often is not tried again.
        """
        self._queue = queue
        self._engine = engine
        self._push_channels = frozenset(push_channels)
        self._turn_seconds = turn_seconds
        self._max_deliveries = max_deliveries
        self._pasts: OrderedDict[str, tuple[Lease, TrackerWindow]] = OrderedDict()

    def understand(self, messages: Sequence[Inbound]) -> list[dict[str, Any] | None]:
        """The parse results in order; None for a message on which the NLU itself failed."""
        try:
            return list(self._engine.understand(messages))
        except Exception as error:
            if len(messages) == 1:
                log.exception("a message could not be parsed: %s", type(error).__name__)
                return [None]
        # One of them breaks the batch: find it, so that the others do not fail with it.
        return [parse for message in messages for parse in self.understand([message])]

    @retry(
        retry=retry_if_exception_type(FloorMoved),
        stop=stop_after_attempt(_MOST_ATTEMPTS),
        reraise=True,
    )
    async def take(self, message: Inbound, parse: dict[str, Any] | None, entry: Entry) -> None:
        """Take the turn and commit it: by answering, in silence while a person has the floor, or by
        taking the floor back where the message says so. `parse` is not looked at then.

        Raises LeaseLost: then the turn left no trace. Raises FloorMoved where the floor changed hands
        in the middle of each of five tries; then neither.
        """
        try:
            past = await self._past(entry.lease, message.conversation_id)
        except UnreadableEntry as error:
            await self._bury(entry, str(error))
            return
        floor = await self._floor(message.conversation_id)
        turn: tuple[TurnResult, str | None] | None
        if message.hand_back is not None:
            turn = await self._resume(entry, message, message.hand_back, past, floor)
        elif floor is not None:
            turn = await self._listen(entry, message, parse, past)
        else:
            turn = await self._answer(entry, message, parse, past)
        if turn is None:
            return
        result, failure = turn
        self._pasts.pop(message.conversation_id, None)
        commit = TurnCommit(
            entry=entry,
            message=message,
            result=result,
            past_length=past.length,
            push=message.channel in self._push_channels,
            failure=failure,
            floor=floor,
        )
        if await self._commit(commit):
            self._pasts[message.conversation_id] = (entry.lease, result.window)
            if len(self._pasts) > _REMEMBERED:
                self._pasts.popitem(last=False)

    def forget(self, lease: Lease) -> None:
        """Drop the remembered pasts of a lease that is not held any more."""
        for conversation_id, (known, _) in list(self._pasts.items()):
            if known == lease:
                del self._pasts[conversation_id]

    @until_stored
    async def _commit(self, commit: TurnCommit) -> bool:
        return await self._queue.commit(commit)

    @until_stored
    async def _bury(self, entry: Entry, reason: str) -> None:
        log.error("turn %s goes to the dead letters unanswered: %s", entry.turn_id, reason)
        await self._queue.bury(entry, reason)

    @until_stored
    async def _past(self, lease: Lease, conversation_id: str) -> TrackerWindow:
        known = self._pasts.get(conversation_id)
        if known is not None and known[0] == lease:
            return known[1]
        return await self._queue.window(conversation_id)

    @until_stored
    async def _floor(self, conversation_id: str) -> str | None:
        # Asked every time: it changes hands by what staff do, not by turns alone.
        return await self._queue.floor(conversation_id)

    async def _answer(
        self, entry: Entry, message: Inbound, parse: dict[str, Any] | None, past: TrackerWindow
    ) -> tuple[TurnResult, str | None] | None:
        """The turn's result, and why it failed where it is an apology.

        None where not even that could be said; the entry is buried then.
        """
        failure = self._hopeless(entry)
        if failure is None and parse is None:
            failure = _NOT_PARSED
        if failure is None and parse is not None:
            async with self._typing(entry, message):
                answering = self._engine.answer(message, entry.turn_id, parse, past)
                tried = await self._in_time(entry, answering)
            if isinstance(tried, TurnResult):
                return tried, None
            failure = tried
        log.error("turn %s goes to the dead letters: %s", entry.turn_id, failure)
        try:
            return await self._engine.apologise(message, entry.turn_id, past), failure
        except TurnFailed as error:
            await self._bury(entry, f"{failure}; the apology failed as well: {error}")
            return None

    async def _listen(
        self, entry: Entry, message: Inbound, parse: dict[str, Any] | None, past: TrackerWindow
    ) -> tuple[TurnResult, str | None]:
        """A turn in which nothing is said, not even an apology: a person has the floor, and sees
        the message in any case. Where it can't be understood it is kept as it stands.
        """
        failure = self._hopeless(entry)
        if failure is None and parse is None:
            failure = _NOT_PARSED
        if failure is None and parse is not None:
            listening = self._engine.listen(message, entry.turn_id, parse, past)
            tried = await self._in_time(entry, listening)
            if isinstance(tried, TurnResult):
                return _in_silence(entry, tried), None
            failure = tried
        log.error("turn %s goes to the dead letters: %s", entry.turn_id, failure)
        keeping = self._engine.listen(message, entry.turn_id, _not_understood(message), past)
        kept = await self._in_time(entry, keeping)
        if not isinstance(kept, TurnResult):
            return TurnResult((), (), past, understood=False), failure
        return replace(_in_silence(entry, kept), understood=False), failure

    async def _resume(
        self,
        entry: Entry,
        message: Inbound,
        hand_back: HandBack,
        past: TrackerWindow,
        floor: str | None,
    ) -> tuple[TurnResult, str | None]:
        """The turn in which the bot takes the floor back; a failure does not keep it from that."""
        if floor != hand_back.handoff_id:
            log.info("%s had not the floor any more to give back", hand_back.handoff_id)
            return TurnResult((), (), past), None
        failure = self._hopeless(entry)
        if failure is None:
            resuming = self._engine.resume(message, entry.turn_id, past)
            tried = await self._in_time(entry, resuming)
            if isinstance(tried, TurnResult):
                return tried, None
            failure = tried
        log.error("turn %s goes to the dead letters: %s", entry.turn_id, failure)
        return TurnResult((), (), past), failure

    def _hopeless(self, entry: Entry) -> str | None:
        """Why an entry is not tried any more."""
        if entry.deliveries > self._max_deliveries:
            return f"begun {entry.deliveries - 1} times and never finished"
        return None

    async def _in_time(self, entry: Entry, taking: Awaitable[TurnResult]) -> TurnResult | str:
        """The result, or why there is none."""
        try:
            return await asyncio.wait_for(taking, self._turn_seconds)
        except asyncio.TimeoutError:
            return f"not answered within {self._turn_seconds:g} s"
        except TurnFailed as error:
            log.error("turn %s failed", entry.turn_id, exc_info=error)
            return str(error)

    @contextlib.asynccontextmanager
    async def _typing(self, entry: Entry, message: Inbound) -> AsyncIterator[None]:
        """Announces a turn that takes long."""
        signs: list[asyncio.Task[None]] = []
        typing = asyncio.get_running_loop().call_later(
            _TYPING_SECONDS, lambda: signs.append(self._announce(entry, message))
        )
        try:
            yield
        finally:
            typing.cancel()
            if signs:
                # A sign that is on its way must not come after the answer.
                await asyncio.wait(signs)

    def _announce(self, entry: Entry, message: Inbound) -> asyncio.Task[None]:
        async def announce() -> None:
            with contextlib.suppress(StorageUnavailable):
                await self._queue.announce_typing(
                    entry, message, push=message.channel in self._push_channels
                )

        return asyncio.create_task(announce())


def _in_silence(entry: Entry, result: TurnResult) -> TurnResult:
    if result.answers or result.request is not None:
        log.error("turn %s would have spoken while a person has the floor", entry.turn_id)
    return replace(result, answers=(), request=None)


def _not_understood(message: Inbound) -> dict[str, Any]:
    """What the NLU would say of words that it can make nothing of."""
    return {
        "text": message.for_bot,
        "intent": {"name": None, "confidence": 0.0},
        "entities": [],
    }
