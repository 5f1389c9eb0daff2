"""The keeper's jobs: each journal entry is kept in the record, then shown to the desk."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_random_exponential

from bot.errors import LeaseLost, StorageUnavailable, UnreadableEntry
from bot.model.journal import JournalEntry, TurnRecord, entry_from_json
from bot.model.turns import Entry, Lease
from bot.pipeline.consumer import Job, JobSource, bury, until_stored
from bot.pipeline.patience import Left, Patience
from bot.ports import HandoffTaker, Journal, Record

log = logging.getLogger(__name__)


@dataclass(eq=False)
class _Note:
    """An entry on its way into the record. `alone`: it was in a batch that could not be kept."""

    what: JournalEntry
    lease: Lease
    kept: bool = False
    alone: bool = False


class JournalJobs(JobSource):
    """Journal entries, in order for each conversation: kept in bulk, then taken up one by one.

    While the record or the desk's store is away the entries wait here and in the queue, for as long
    as that takes. What fails otherwise is tried again under another lease, and is a dead letter after
    `max_deliveries` tries, so that it does not stop its conversation for ever.
    """

    def __init__(
        self,
        queue: Journal,
        record: Record,
        takers: Sequence[HandoffTaker],
        max_deliveries: int,
    ) -> None:
        self._queue = queue
        self._record = record
        self._takers = tuple(takers)
        self._max_deliveries = max_deliveries
        self._unkept: list[_Note] = []
        self._keeping = asyncio.Lock()
        self._leave: dict[Lease, asyncio.Event] = {}

    async def prepare(self, entries: Sequence[Entry]) -> Sequence[Job]:
        """See JobSource."""
        jobs = []
        for entry in entries:
            try:
                note = _Note(entry_from_json(entry.raw), entry.lease)
            except UnreadableEntry as error:
                await bury(self._queue, entry, str(error))
                continue
            self._unkept.append(note)
            leave = self._leave.setdefault(entry.lease, asyncio.Event())
            line = note.what.conversation_id
            jobs.append(Job(entry, line, partial(self._take_up, note, leave)))
        return jobs

    def forget(self, lease: Lease) -> None:
        """See JobSource. What waits for a store is left at once to the next holder."""
        leave = self._leave.pop(lease, None)
        if leave is not None:
            leave.set()
        self._unkept = [note for note in self._unkept if note.lease != lease]

    async def _take_up(self, note: _Note, leave: asyncio.Event, entry: Entry) -> None:
        patience = Patience(leave, math.inf)
        try:
            await self._keep(note, patience)
            if isinstance(note.what, TurnRecord):
                for taker in self._takers:
                    await _patiently(partial(taker.on_turn, note.what), patience)
        except Left:
            return
        except LeaseLost:
            raise
        except Exception as error:
            if entry.deliveries < self._max_deliveries:
                raise
            log.exception("journal entry %s failed %d times", entry.turn_id, entry.deliveries)
            await bury(self._queue, entry, f"not recorded: {type(error).__name__}: {error}")
            return
        await self._recorded(entry)

    async def _keep(self, note: _Note, patience: Patience) -> None:
        """See to it that the note is in the record, and all that was read before it."""
        async with self._keeping:
            patience.check()
            if not (note.kept or note.alone):
                await self._keep_all(patience)
            if not note.kept:
                await _patiently(partial(self._record.keep, [note.what]), patience)
                note.kept = True

    async def _keep_all(self, patience: Patience) -> None:
        """Keep all notes in one go; where that fails, each is to be kept alone."""
        batch, self._unkept = self._unkept, []
        try:
            await _patiently(partial(self._record.keep, [note.what for note in batch]), patience)
        except Left:
            # Those of other leases go on to the next job's batch.
            waiting = (*batch, *self._unkept)
            self._unkept = [note for note in waiting if note.lease in self._leave]
            raise
        except Exception:
            log.exception("%d entries could not be kept in one go", len(batch))
            for note in batch:
                note.alone = True
        else:
            for note in batch:
                note.kept = True

    @until_stored
    async def _recorded(self, entry: Entry) -> None:
        await self._queue.recorded(entry)


async def _patiently(step: Callable[[], Awaitable[None]], patience: Patience) -> None:
    """Try until the store answers. Raises Left, and whatever else `step` raises."""
    patience.check()
    retrying = AsyncRetrying(
        retry=retry_if_exception_type(StorageUnavailable),
        wait=wait_random_exponential(multiplier=0.1, max=5.0),
        sleep=patience.sleep,
        before_sleep=_log_wait,
        reraise=True,
    )
    await retrying(step)


def _log_wait(state: RetryCallState) -> None:
    """Seldom and more seldom: a store may be away for hours."""
    if state.attempt_number & (state.attempt_number - 1):
        return
    error = state.outcome.exception() if state.outcome else None
    log.warning("the journal waits: %s", error)
