"""One turn: past, answer, commit. And what happens when one of them fails."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import OrderedDict
from collections.abc import Collection, Sequence
from typing import Any

from bot.errors import StorageUnavailable, TurnFailed, UnreadableEntry
from bot.model.messages import Inbound
from bot.model.turns import Entry, Lease, TrackerWindow, TurnCommit, TurnResult
from bot.pipeline.consumer import until_stored
from bot.ports import DialogueEngine, TurnQueue

log = logging.getLogger(__name__)

# One of them takes some 100 kB.
_REMEMBERED = 1_024
# A turn that takes longer is announced as "typing".
_TYPING_SECONDS = 0.4


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

    async def take(self, message: Inbound, parse: dict[str, Any] | None, entry: Entry) -> None:
        """Answer and commit. Raises LeaseLost: then the turn left no trace."""
        try:
            past = await self._past(entry.lease, message.conversation_id)
        except UnreadableEntry as error:
            await self._bury(entry, str(error))
            return
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

    async def _answer(
        self, entry: Entry, message: Inbound, parse: dict[str, Any] | None, past: TrackerWindow
    ) -> tuple[TurnResult, str | None] | None:
        """The turn's result, and why it failed where it is an apology.

        None where not even that could be said; the entry is buried then.
        """
        if entry.deliveries > self._max_deliveries:
            failure = f"begun {entry.deliveries - 1} times and never finished"
        elif parse is None:
            failure = "the NLU pipeline failed on it"
        else:
            signs: list[asyncio.Task[None]] = []
            typing = asyncio.get_running_loop().call_later(
                _TYPING_SECONDS, lambda: signs.append(self._announce(entry, message))
            )
            try:
                answering = self._engine.answer(message, entry.turn_id, parse, past)
                return await asyncio.wait_for(answering, self._turn_seconds), None
            except asyncio.TimeoutError:
                failure = f"not answered within {self._turn_seconds:g} s"
            except TurnFailed as error:
                failure = str(error)
                log.error("turn %s failed", entry.turn_id, exc_info=error)
            finally:
                typing.cancel()
                if signs:
                    # A sign that is on its way must not come after the answer.
                    await asyncio.wait(signs)
        log.error("turn %s goes to the dead letters: %s", entry.turn_id, failure)
        try:
            return await self._engine.apologise(message, entry.turn_id, past), failure
        except TurnFailed as error:
            await self._bury(entry, f"{failure}; the apology failed as well: {error}")
            return None

    def _announce(self, entry: Entry, message: Inbound) -> asyncio.Task[None]:
        async def announce() -> None:
            with contextlib.suppress(StorageUnavailable):
                await self._queue.announce_typing(
                    entry, message, push=message.channel in self._push_channels
                )

        return asyncio.create_task(announce())
