"""Reads a queue's partitions under leases; each conversation's in order, many side by side."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_random_exponential

from bot.errors import LeaseLost, StorageUnavailable
from bot.model.turns import Entry, Lease
from bot.ports import PartitionQueue
from bot.tasks import cancel

log = logging.getLogger(__name__)

# How long a read waits for the first entry; bounds how late a new lease is noticed.
_READ_SECONDS = 1.0
# Batches read ahead, so that the next one is prepared while the last one is still worked on.
_READ_AHEAD = 2

# Redis may be restarting. After that long an entry is left unacknowledged, to be taken again.
until_stored = retry(
    retry=retry_if_exception_type(StorageUnavailable),
    wait=wait_random_exponential(multiplier=0.05, max=2.0),
    stop=stop_after_delay(30.0),
    reraise=True,
)


@until_stored
async def bury(queue: PartitionQueue, entry: Entry, reason: str) -> None:
    """Move an entry to the dead letters and say so; nothing where its lease has passed on."""
    log.error("entry %s goes to the dead letters: %s", entry.turn_id, reason)
    with contextlib.suppress(LeaseLost):
        await queue.bury(entry, reason)


@dataclass(frozen=True)
class Job:
    """What an entry asks for. `run` takes the entry and acknowledges it when its effects are saved.

    Jobs of one `line` are run one at a time, in the order of their entries: a conversation's turns,
    or what it has for one chat. A line's entries are all in one partition.

    `run` may raise LeaseLost; anything else it raises leaves the entry to be taken again.
    """

    entry: Entry
    line: str
    run: Callable[[Entry], Awaitable[None]]


class JobSource(ABC):
    """What the consumer asks of the worker or the sender."""

    @abstractmethod
    async def prepare(self, entries: Sequence[Entry]) -> Sequence[Job]:
        """The jobs of a batch, in its order. Entries that can't be read are buried here."""

    @abstractmethod
    def forget(self, lease: Lease) -> None:
        """Drop what is remembered of a lease's lines: nothing more of it is begun here.

        Its jobs under way end as soon as they can do so safely, finished or not.
        """


class Consumer:
    """One process's share of a queue's partitions.

    Each line has one job at a time, in the order of its entries. Jobs of different lines run side
    by side, so a slow one holds up only those who wait for it.
    """

    def __init__(
        self,
        queue: PartitionQueue,
        source: JobSource,
        holder: str,
        batch_size: int,
        balance_seconds: float,
        finish_seconds: float,
        most_under_way: int | None = None,
    ) -> None:
        """
        Args:
            balance_seconds: the time between two looks at the leases: a few per lease time.
            finish_seconds: how long the jobs under way may take after a stop.
            most_under_way: nothing more is read while so many are worked on or wait; two batches
                unless said. Jobs that spend their time waiting need more room, else those that
                wait longest hold up all others.
        """
        self._queue = queue
        self._source = source
        self._holder = holder
        self._batch_size = batch_size
        self._balance_seconds = balance_seconds
        self._finish_seconds = finish_seconds
        self._most_under_way = most_under_way or batch_size * _READ_AHEAD
        self._stopping = False
        self._held: dict[int, Lease] = {}
        self._read: dict[int, Lease] = {}
        self._giving_up: set[Lease] = set()
        self._waiting: dict[str, deque[Job]] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._working: dict[str, Lease] = {}
        self._room = asyncio.Event()
        self._balancing = asyncio.Lock()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; the jobs under way are finished then.

        What was read but not begun is left to the next holder of the partition.
        """
        await self._balance()
        balancing = asyncio.create_task(self._keep_balance())
        reading = asyncio.create_task(self._keep_reading())
        stopping = asyncio.create_task(self._wait(stop))
        tasks = (balancing, reading, stopping)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in (balancing, reading):
                if task.done():
                    task.result()
        finally:
            # Cutting the reading off is safe anywhere: what it took stays unacknowledged.
            await cancel([reading])
            self._stopping = True
            self._waiting.clear()
            for lease in {*self._held.values(), *self._read.values()}:
                self._source.forget(lease)
            if self._running:
                await asyncio.wait(set(self._running.values()), timeout=self._finish_seconds)
            await cancel([*self._running.values(), balancing, stopping])
            with contextlib.suppress(StorageUnavailable):
                await self._queue.stop(self._holder, list(self._held.values()))

    @staticmethod
    async def _wait(stop: asyncio.Event) -> None:
        await stop.wait()

    async def _keep_balance(self) -> None:
        while True:
            await asyncio.sleep(self._balance_seconds)
            try:
                await self._balance()
            except StorageUnavailable as error:
                # The leases may run out meanwhile; every write is fenced, so this does no harm.
                log.warning("%s", error)

    async def _balance(self) -> None:
        async with self._balancing:
            await self._balance_alone()

    async def _balance_alone(self) -> None:
        extended = await self._queue.balance(self._holder, list(self._held.values()))
        kept = {lease.partition: lease for lease in extended if lease not in self._giving_up}
        given_up = [lease for number, lease in self._held.items() if kept.get(number) != lease]
        # Not what is new in `kept`: a lease may be held whose unfinished entries could not be read.
        # While its jobs are under way they are among these, and would be done a second time.
        new = [
            lease
            for number, lease in kept.items()
            if self._read.get(number) != lease and lease not in self._working.values()
        ]
        ended = await asyncio.gather(*(self._finish(lease) for lease in given_up))
        idle = [lease for lease, has_ended in zip(given_up, ended, strict=True) if has_ended]
        await self._queue.release(idle)
        # A lease whose jobs take longer is kept until they are done: the next holder would do the
        # same work a second time. Last, so that it stays the first to be given up.
        busy = {lease.partition: lease for lease in given_up if lease not in idle}
        self._held = {**kept, **busy}
        self._giving_up.difference_update(idle)
        for lease in new:
            entries = await self._queue.unfinished(lease)
            if entries:
                log.info("partition %d: %d entries left by another", lease.partition, len(entries))
            self._begin(await self._source.prepare(entries))
            self._read[lease.partition] = lease
        if given_up or new:
            log.info("holding %d partitions", len(self._held))

    async def _keep_reading(self) -> None:
        while True:
            while self._under_way() >= self._most_under_way:
                self._room.clear()
                await self._room.wait()
            leases = list(self._read.values())
            if not leases:
                await asyncio.sleep(self._balance_seconds)
                continue
            try:
                entries = await self._queue.next_entries(leases, self._batch_size, _READ_SECONDS)
            except StorageUnavailable as error:
                log.warning("%s", error)
                await self._start_over()
                await asyncio.sleep(self._balance_seconds)
                continue
            # What has been given up while it was read is for the next holder: those before it in
            # its line may be too.
            jobs = await self._source.prepare([entry for entry in entries if self._reads(entry)])
            self._begin([job for job in jobs if self._reads(job.entry)])

    def _reads(self, entry: Entry) -> bool:
        return self._read.get(entry.lease.partition) == entry.lease

    async def _start_over(self) -> None:
        """Give all leases up, since entries may have been lost on the way back from Redis.

        They count as read by us, so only a new lease shows them again, as unfinished.
        """
        async with self._balancing:
            for lease in list(self._held.values()):
                self._give_up(lease)
        with contextlib.suppress(StorageUnavailable):
            # Where this fails it is tried again, or they run out by themselves.
            await self._balance()

    def _under_way(self) -> int:
        return len(self._running) + sum(len(jobs) for jobs in self._waiting.values())

    def _begin(self, jobs: Sequence[Job]) -> None:
        if self._stopping:
            return
        for job in jobs:
            line = job.line
            self._waiting.setdefault(line, deque()).append(job)
            if line not in self._running:
                self._running[line] = asyncio.create_task(self._work_off(line))

    async def _work_off(self, line: str) -> None:
        try:
            while jobs := self._waiting.get(line):
                job = jobs.popleft()
                if not jobs:
                    del self._waiting[line]
                self._working[line] = job.entry.lease
                await self._run(job)
        finally:
            self._working.pop(line, None)
            del self._running[line]
            self._room.set()

    async def _run(self, job: Job) -> None:
        lease = job.entry.lease
        if self._held.get(lease.partition) != lease:
            return
        try:
            entry = job.entry
            if entry.left_over:
                # Counted only now: one that waited behind the culprit is not to blame.
                entry = await self._queue.begin_again(entry)
            await job.run(entry)
        except LeaseLost as error:
            log.warning("%s", error)
            self._drop(lease)
        except Exception:
            # The entry stays unacknowledged: whoever takes the lease next takes it again.
            log.exception("entry %s was not finished", job.entry.turn_id)
            self._give_up(lease)

    def _give_up(self, lease: Lease) -> None:
        """Take nothing more of a lease, and give it back as soon as its jobs are over."""
        self._drop(lease)
        if self._held.get(lease.partition) == lease:
            self._giving_up.add(lease)

    def _drop(self, lease: Lease) -> None:
        """Take nothing more of a lease."""
        if self._read.get(lease.partition) == lease:
            del self._read[lease.partition]
        for line, jobs in list(self._waiting.items()):
            kept = deque(job for job in jobs if job.entry.lease != lease)
            if kept:
                self._waiting[line] = kept
            else:
                del self._waiting[line]
        self._source.forget(lease)
        self._room.set()

    async def _finish(self, lease: Lease) -> bool:
        """Take nothing more of a lease and let its jobs under way end; whether they have."""
        self._drop(lease)
        jobs = {self._running[name] for name, under in self._working.items() if under == lease}
        if jobs:
            await asyncio.wait(jobs, timeout=self._balance_seconds)
        return lease not in self._working.values()
