"""One reader of notices a process, shared by every socket and request that waits for an answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import chain

from bot.ports import Followers, Notice, Transcripts

_BACKLOG = 256
# Who hears of all conversations has as much to hear as all the others together.
_BACKLOG_OF_ALL = 16_384


class NoticeFollowers(Followers):
    """Hands each notice to those who follow its conversation, and to those who follow all.

    `run` must be running as a task for the process's lifetime. A follower that falls more than
    `backlog` notices behind gets one None in their place, so a slow socket costs bounded memory.
    """

    def __init__(self, transcripts: Transcripts, backlog: int | None = None) -> None:
        if backlog is not None and backlog < 1:
            raise ValueError(f"backlog must be at least 1, not {backlog}")
        self._transcripts = transcripts
        self._backlog = backlog or _BACKLOG
        self._backlog_of_all = backlog or _BACKLOG_OF_ALL
        self._mailboxes: dict[str, set[_Mailbox]] = {}
        self._of_all: set[_Mailbox] = set()

    async def run(self) -> None:
        """Read notices until cancelled. An error of the notices' source ends it and is raised."""
        async for notice in self._transcripts.notices():
            for mailbox in self._concerned(notice):
                mailbox.put(notice)

    def _concerned(self, notice: Notice | None) -> Iterator[_Mailbox]:
        yield from self._of_all
        if notice is not None:
            yield from self._mailboxes.get(notice.conversation_id, ())
        else:
            yield from chain.from_iterable(self._mailboxes.values())

    @asynccontextmanager
    async def follow(self, conversation_id: str) -> AsyncIterator[AsyncIterator[Notice | None]]:
        mailbox = _Mailbox(self._backlog)
        self._mailboxes.setdefault(conversation_id, set()).add(mailbox)
        try:
            yield mailbox
        finally:
            mailboxes = self._mailboxes[conversation_id]
            mailboxes.discard(mailbox)
            if not mailboxes:
                del self._mailboxes[conversation_id]

    @asynccontextmanager
    async def follow_all(self) -> AsyncIterator[AsyncIterator[Notice | None]]:
        mailbox = _Mailbox(self._backlog_of_all)
        self._of_all.add(mailbox)
        try:
            yield mailbox
        finally:
            self._of_all.discard(mailbox)

    @property
    def followed(self) -> int:
        """How many conversations somebody follows now, by name."""
        return len(self._mailboxes)


class _Mailbox(AsyncIterator["Notice | None"]):
    # A class and not an async generator: cancelling a wait would finish a generator for good.
    def __init__(self, backlog: int) -> None:
        self._queue: asyncio.Queue[Notice | None] = asyncio.Queue(backlog)

    def put(self, notice: Notice | None) -> None:
        if notice is None or self._queue.full():
            while not self._queue.empty():
                self._queue.get_nowait()
            notice = None
        self._queue.put_nowait(notice)

    async def __anext__(self) -> Notice | None:
        return await self._queue.get()
