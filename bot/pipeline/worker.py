"""The worker: takes entries in batches, answers each conversation in order, many side by side."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_random_exponential

from bot.errors import LeaseLost, StorageUnavailable, UnreadableEntry
from bot.model.messages import Inbound
from bot.model.turns import Entry, Lease
from bot.pipeline.turn import TurnTaker
from bot.ports import DialogueEngine, TurnQueue

log = logging.getLogger(__name__)

# How long a read waits for the first entry; bounds how late a new lease is noticed.
_READ_SECONDS = 1.0
# Batches read ahead, so that the next one is understood while turns of the last one still run.
_READ_AHEAD = 2

_until_stored = retry(
    retry=retry_if_exception_type(StorageUnavailable),
    wait=wait_random_exponential(multiplier=0.05, max=2.0),
    stop=stop_after_delay(30.0),
    reraise=True,
)


@dataclass(frozen=True)
class _Task:
    entry: Entry
    message: Inbound
    parse: dict[str, Any]


class Worker:
    """One process's share of the partitions.

    Each conversation has one turn at a time, in the order of its entries. Turns of different
    conversations run side by side, so a slow business system holds up only those who wait for it.
    """

    def __init__(
        self,
        queue: TurnQueue,
        engine: DialogueEngine,
        turns: TurnTaker,
        holder: str,
        batch_size: int,
        balance_seconds: float,
    ) -> None:
        """`balance_seconds` is the time between two looks at the leases: a few per lease time."""
        self._queue = queue
        self._engine = engine
        self._turns = turns
        self._holder = holder
        self._batch_size = batch_size
        self._balance_seconds = balance_seconds
        self._held: dict[int, Lease] = {}
        self._read: dict[int, Lease] = {}
        self._waiting: dict[str, deque[_Task]] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._room = asyncio.Event()
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Take no more entries; `run` ends when the turns under way are done."""
        self._stopping.set()

    async def run(self) -> None:
        """Work until `stop`. What was read but not begun is left to the next worker."""
        await self._balance()
        balancing = asyncio.create_task(self._keep_balance())
        reading = asyncio.create_task(self._keep_reading())
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            done, _ = await asyncio.wait(
                {balancing, reading, stopping}, return_when=asyncio.FIRST_COMPLETED
            )
            for task in done - {stopping}:
                task.result()
        finally:
            self._stopping.set()
            self._waiting.clear()
            reading.cancel()
            await asyncio.gather(reading, *self._running.values(), return_exceptions=True)
            balancing.cancel()
            stopping.cancel()
            await asyncio.gather(balancing, stopping, return_exceptions=True)
            with contextlib.suppress(StorageUnavailable):
                await self._queue.stop(self._holder, list(self._held.values()))

    async def _keep_balance(self) -> None:
        while True:
            await asyncio.sleep(self._balance_seconds)
            try:
                await self._balance()
            except StorageUnavailable as error:
                # The leases may run out meanwhile; the commits are fenced, so this does no harm.
                log.warning("%s", error)

    async def _balance(self) -> None:
        kept = {
            lease.partition: lease
            for lease in await self._queue.balance(self._holder, list(self._held.values()))
        }
        given_up = [lease for number, lease in self._held.items() if kept.get(number) != lease]
        new = [lease for number, lease in kept.items() if self._held.get(number) != lease]
        for lease in given_up:
            self._read.pop(lease.partition, None)
            self._drop_waiting(lease)
        await self._let_finish(given_up)
        await self._queue.release(given_up)
        self._held = kept
        for lease in new:
            await self._take_over(lease)
            self._read[lease.partition] = lease
        if given_up or new:
            log.info("holding %d partitions", len(self._held))

    async def _take_over(self, lease: Lease) -> None:
        entries = await self._queue.unfinished(lease)
        if entries:
            log.info("partition %d: %d messages left by another", lease.partition, len(entries))
        await self._dispatch([await self._queue.begin_again(entry) for entry in entries])

    async def _keep_reading(self) -> None:
        while not self._stopping.is_set():
            await self._wait_for_room()
            leases = list(self._read.values())
            if not leases:
                await asyncio.sleep(self._balance_seconds)
                continue
            try:
                entries = await self._queue.next_entries(leases, self._batch_size, _READ_SECONDS)
            except StorageUnavailable as error:
                log.warning("%s", error)
                await asyncio.sleep(self._balance_seconds)
                continue
            await self._dispatch(entries)

    async def _wait_for_room(self) -> None:
        while self._under_way() >= self._batch_size * _READ_AHEAD:
            self._room.clear()
            await self._room.wait()

    def _under_way(self) -> int:
        return len(self._running) + sum(len(tasks) for tasks in self._waiting.values())

    async def _dispatch(self, entries: Sequence[Entry]) -> None:
        """Read the batch, understand it in one call, hand each to its conversation."""
        readable = []
        for entry in entries:
            try:
                readable.append((entry, Inbound.from_json(entry.raw)))
            except UnreadableEntry as error:
                await self._bury(entry, str(error))
        if not readable:
            return
        parses = self._turns.understand([message for _, message in readable])
        for (entry, message), parse in zip(readable, parses, strict=True):
            conversation = message.conversation_id
            self._waiting.setdefault(conversation, deque()).append(_Task(entry, message, parse))
            if conversation not in self._running:
                self._running[conversation] = asyncio.create_task(self._converse(conversation))

    async def _converse(self, conversation: str) -> None:
        try:
            while (waiting := self._waiting.get(conversation)) and not self._stopping.is_set():
                task = waiting.popleft()
                if not waiting:
                    del self._waiting[conversation]
                await self._take_turn(task)
        finally:
            del self._running[conversation]
            self._room.set()

    async def _take_turn(self, task: _Task) -> None:
        if self._held.get(task.entry.lease.partition) != task.entry.lease:
            return
        try:
            await self._turns.take(task.entry, task.message, task.parse)
        except LeaseLost as error:
            log.warning("%s", error)
            self._drop_waiting(task.entry.lease)
        except Exception:
            # It stays unacknowledged: whoever holds the lease next takes it again.
            log.exception("turn %s could not be taken", task.entry.turn_id)
            self._drop_waiting(task.entry.lease)
            self._held.pop(task.entry.lease.partition, None)
            self._read.pop(task.entry.lease.partition, None)
            with contextlib.suppress(StorageUnavailable):
                await self._queue.release([task.entry.lease])

    @_until_stored
    async def _bury(self, entry: Entry, reason: str) -> None:
        log.error("inbox entry %s goes to the dead letters: %s", entry.turn_id, reason)
        with contextlib.suppress(LeaseLost):
            await self._queue.bury(entry, reason)

    def _drop_waiting(self, lease: Lease) -> None:
        for conversation, tasks in list(self._waiting.items()):
            if tasks[0].entry.lease == lease:
                del self._waiting[conversation]
        self._turns.forget(lease)
        self._room.set()

    async def _let_finish(self, leases: Sequence[Lease]) -> None:
        """Wait for the turns under way of leases that are to be given back."""
        if leases and self._running:
            await asyncio.wait(set(self._running.values()), timeout=self._balance_seconds)
