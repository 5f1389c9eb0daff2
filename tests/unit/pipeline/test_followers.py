"""The shared reader of notices hands each one to those it concerns, and never blocks on one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from bot.model.messages import Inbound, Utterance
from bot.pipeline.followers import NoticeFollowers
from bot.ports import Notice, Transcripts


class ScriptedNotices(Transcripts):
    """A source of notices that a test feeds by hand."""

    def __init__(self) -> None:
        self.feed: asyncio.Queue[Notice | Exception | None] = asyncio.Queue()

    async def read(
        self, conversation_id: str, after: str | None = None, limit: int = 500
    ) -> Sequence[Utterance]:
        raise NotImplementedError

    async def announce_writing(self, conversation_id: str) -> None:
        raise NotImplementedError

    async def is_answered(self, message: Inbound) -> bool:
        raise NotImplementedError

    async def handed_on(self) -> None:
        """Returns once all that was fed is in the mailboxes, however busy the machine is."""
        while not self.feed.empty():  # noqa: ASYNC110 (a queue has no event for it)
            await asyncio.sleep(0)

    async def notices(self) -> AsyncIterator[Notice | None]:
        while True:
            notice = await self.feed.get()
            if isinstance(notice, Exception):
                raise notice
            yield notice


def said(conversation_id: str, turn_id: str = "1-1") -> Notice:
    return Notice("said", conversation_id, turn_id)


@asynccontextmanager
async def running(
    backlog: int = 256,
) -> AsyncIterator[tuple[ScriptedNotices, NoticeFollowers]]:
    source = ScriptedNotices()
    followers = NoticeFollowers(source, backlog)
    task = asyncio.create_task(followers.run())
    try:
        yield source, followers
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_notice_reaches_all_followers_of_its_conversation_and_no_other() -> None:
    async with running() as (source, followers):
        async with (
            followers.follow("a") as first,
            followers.follow("a") as second,
            followers.follow("b") as other,
        ):
            source.feed.put_nowait(said("a"))
            source.feed.put_nowait(said("b"))
            assert await anext(first) == said("a")
            assert await anext(second) == said("a")
            assert await anext(other) == said("b")


async def test_a_reconnection_is_told_to_everybody_once_and_replaces_what_waited() -> None:
    async with running() as (source, followers):
        async with followers.follow("a") as first, followers.follow("b") as second:
            for notice in (said("a"), None, said("a", "2-1")):
                source.feed.put_nowait(notice)
            await source.handed_on()
            assert await anext(first) is None
            assert await anext(first) == said("a", "2-1")
            assert await anext(second) is None


async def test_a_follower_that_does_not_keep_up_is_told_that_notices_were_lost() -> None:
    async with running(backlog=2) as (source, followers):
        async with followers.follow("a") as slow:
            for number in range(3):
                source.feed.put_nowait(said("a", f"{number}-1"))
            await source.handed_on()
            assert await anext(slow) is None
            source.feed.put_nowait(said("a", "9-1"))
            assert await anext(slow) == said("a", "9-1")


async def test_who_follows_all_hears_of_every_conversation_and_of_lost_notices() -> None:
    async with running(backlog=3) as (source, followers):
        async with followers.follow_all() as all_of_them, followers.follow("a") as mine:
            for notice in (said("a"), said("b"), None):
                source.feed.put_nowait(notice)
                await source.handed_on()
                assert await anext(all_of_them) == notice
            assert await anext(mine) is None
            for number in range(4):
                source.feed.put_nowait(said("b", f"{number}-1"))
            await source.handed_on()
            assert await anext(all_of_them) is None
        assert followers.followed == 0
        # Nobody is there any more, and that is no error.
        source.feed.put_nowait(said("a"))
        await source.handed_on()
        assert source.feed.empty()


async def test_a_timed_out_wait_loses_nothing() -> None:
    async with running() as (source, followers):
        async with followers.follow("a") as mine:
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(anext(mine), 0.01)
            source.feed.put_nowait(said("a"))
            assert await asyncio.wait_for(anext(mine), 1) == said("a")


async def test_leaving_forgets_the_conversation_even_after_an_error() -> None:
    async with running() as (_, followers):

        async def fail_while_following() -> None:
            async with followers.follow("a"):
                assert followers.followed == 1
                raise RuntimeError("the request failed")

        with pytest.raises(RuntimeError, match="the request failed"):
            await fail_while_following()
        assert followers.followed == 0


async def test_an_error_of_the_source_is_not_swallowed() -> None:
    source = ScriptedNotices()
    source.feed.put_nowait(RuntimeError("broken for good"))
    with pytest.raises(RuntimeError, match="broken for good"):
        await NoticeFollowers(source).run()


def test_a_backlog_that_holds_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        NoticeFollowers(ScriptedNotices(), backlog=0)
