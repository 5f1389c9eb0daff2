"""Turns notices into what open browsers are told: one for the process, shared by all event streams.

Every event only tells of what the stores hold anyway, and a browser that may have missed one fetches
what it shows again.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Collection

import structlog

from bot.console.listeners import Listener, Listeners
from bot.console.news import News, Teller
from bot.errors import FlerkanalError
from bot.handoff.views import DeskViews
from bot.model.handoff import Handoff
from bot.model.staff import StaffMember
from bot.ports import Desk, Followers, Notice
from bot.staff.presence import Presences
from bot.tasks import cancel

logger = structlog.get_logger(__name__)


class Live:
    """`listen` for each stream; `run` beside the server, for as long as it serves; `close` as soon as
    it is to stop, so that the streams end.
    """

    def __init__(
        self,
        *,
        followers: Followers,
        desk: Desk,
        views: DeskViews,
        presences: Presences,
        teller: Teller,
        beat_seconds: float = 10.0,
        pulse_seconds: float = 1.0,
    ) -> None:
        """
        Args:
            beat_seconds: how often it is noted whose console is open, and looked whether their
                sessions are.
            pulse_seconds: changes of the queue are told at most so often.
        """
        self._followers = followers
        self._desk = desk
        self._views = views
        self._presences = presences
        self._teller = teller
        self._beat_seconds = beat_seconds
        self._pulse_seconds = pulse_seconds
        self._listeners = Listeners()
        self._handoffs: dict[str, Handoff] = {}  # open ones whose owner listens, by conversation
        self._news: dict[str, News] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._queue_changed = True
        self._waiting: int | None = None
        self._closed = False

    @contextlib.asynccontextmanager
    async def listen(
        self,
        staff: StaffMember,
        language: str,
        conversation: str | None,
        still_open: Callable[[], Awaitable[bool]],
    ) -> AsyncIterator[Listener]:
        """A stream while the block lasts; `still_open` tells whether its session is."""
        listener = Listener(staff, language, conversation, still_open)
        first = not self._listeners.of(staff.id)
        self._listeners.add(listener)
        try:
            if self._closed:
                listener.end()
            elif first:
                await self._greet(staff.id)
            if self._waiting is not None:
                listener.tell("queue", {"waiting": self._waiting})
            self._tell_colleagues(conversation)
            yield listener
        finally:
            self._listeners.remove(listener)
            self._tell_colleagues(conversation)
            self._forget()

    async def run(self) -> None:
        """Until cancelled."""
        beside = [asyncio.create_task(self._beats()), asyncio.create_task(self._pulses())]
        try:
            async with self._followers.follow_all() as notices:
                async for notice in notices:
                    self._hear(notice)
        finally:
            await cancel([*beside, *self._tasks.values()])

    def close(self) -> None:
        """End all streams; browsers come back to whoever serves then."""
        self._closed = True
        for listener in self._listeners:
            listener.end()

    def writes(self, staff: StaffMember, conversation_id: str) -> None:
        """Somebody of the staff types there: their colleagues who look at it see that."""
        for listener in self._listeners.viewing(conversation_id):
            if listener.staff.id != staff.id:
                listener.tell("writing", {"conversation": conversation_id, "name": staff.name})

    def _hear(self, notice: Notice | None) -> None:
        if notice is None:
            self._queue_changed = True
            for listener in self._listeners:
                listener.tell("resync", {})
            return
        conversation_id = notice.conversation_id
        if notice.kind == "writing":
            for listener in self._concerned(conversation_id):
                listener.tell("writing", {"conversation": conversation_id, "name": None})
        elif notice.kind == "desk":
            self._queue_changed = True
            self._news_of(conversation_id).stepped = True
            self._work(conversation_id)
        elif notice.kind in ("said", "answered") and self._concerned(conversation_id):
            news = self._news_of(conversation_id)
            news.turns.add(notice.turn_id)
            news.answered |= notice.kind == "answered"
            self._work(conversation_id)

    def _owning(self, conversation_id: str) -> Collection[Listener]:
        handoff = self._handoffs.get(conversation_id)
        owner = None if handoff is None else handoff.owner
        return self._listeners.of(None if owner is None else owner.id)

    def _concerned(self, conversation_id: str) -> Collection[Listener]:
        return {*self._listeners.viewing(conversation_id), *self._owning(conversation_id)}

    def _news_of(self, conversation_id: str) -> News:
        return self._news.setdefault(conversation_id, News(conversation_id))

    def _work(self, conversation_id: str) -> None:
        """One task a conversation at a time, so that its lines are told in order."""
        if conversation_id not in self._tasks:
            task = asyncio.create_task(self._tell(self._news_of(conversation_id)))
            self._tasks[conversation_id] = task

    async def _tell(self, news: News) -> None:
        conversation_id = news.conversation_id
        try:
            while news.stepped or news.turns or news.answered:
                stepped, news.stepped = news.stepped, False
                turns, news.turns = news.turns, set()
                answered, news.answered = news.answered, False
                if stepped:
                    await self._tell_step(conversation_id)
                    await self._teller.happened(news, self._listeners.viewing(conversation_id))
                viewing = self._listeners.viewing(conversation_id)
                owning = self._owning(conversation_id)
                if turns and (viewing or owning):
                    handoff = self._handoffs.get(conversation_id)
                    await self._teller.said(news, turns, viewing, handoff, owning)
                if answered:
                    await self._teller.understood(news, viewing)
        except FlerkanalError as error:
            logger.warning("console_behind", error=str(error))
            for listener in self._concerned(conversation_id):
                listener.tell("resync", {})
        finally:
            self._tasks.pop(conversation_id, None)
            self._forget()

    async def _tell_step(self, conversation_id: str) -> None:
        before = self._handoffs.get(conversation_id)
        told = {*self._concerned(conversation_id)}
        now = await self._desk.of_conversation(conversation_id)
        owner = None if now is None else now.owner
        if now is not None and owner is not None and self._listeners.of(owner.id):
            self._handoffs[conversation_id] = now
            told |= {*self._listeners.of(owner.id)}
        else:
            self._handoffs.pop(conversation_id, None)
        is_new = owner is not None and (before is None or before.owner != owner)
        for listener in told:
            data = {
                "conversation": conversation_id,
                "handoff": None if now is None else now.id,
                "version": None if now is None else now.version,
                "state": "bot" if now is None else now.state.value,
                "owner": None if owner is None else owner.id,
                "owner_name": None if owner is None else owner.name,
                "yours": is_new and owner is not None and owner.id == listener.staff.id,
            }
            listener.tell("handoff", data)

    def _tell_colleagues(self, conversation_id: str | None) -> None:
        viewing = () if conversation_id is None else self._listeners.viewing(conversation_id)
        for listener in viewing:
            others = {one.staff.id: one.staff.name for one in viewing}
            others.pop(listener.staff.id, None)
            names = sorted(others.values(), key=str.casefold)
            listener.tell("colleagues", {"conversation": conversation_id, "names": names})

    async def _greet(self, staff_id: str) -> None:
        """What somebody has is looked up when they come; later changes come as notices."""
        await self._beat(staff_id)
        try:
            mine = await self._views.mine(staff_id)
        except FlerkanalError as error:
            logger.warning("console_behind", error=str(error))
            return
        for row in mine:
            self._handoffs[row.handoff.conversation_id] = row.handoff

    async def _beats(self) -> None:
        while True:
            await asyncio.sleep(self._beat_seconds)
            for listener in self._listeners:
                await self._look_after(listener)
            for staff_id in self._listeners.staff_ids:
                await self._beat(staff_id)

    async def _look_after(self, listener: Listener) -> None:
        try:
            still_open = await listener.still_open()
        except FlerkanalError:
            return  # nobody is signed out because a database does not answer
        if not still_open:
            listener.tell("bye", {})
            listener.end()

    async def _beat(self, staff_id: str) -> None:
        try:
            await self._presences.beat(staff_id)
        except FlerkanalError as error:
            logger.warning("presence_not_noted", error=str(error))

    async def _pulses(self) -> None:
        while True:
            if self._queue_changed and self._listeners.staff_ids:
                self._queue_changed = False
                try:
                    self._waiting = (await self._views.queue(limit=1)).total
                except FlerkanalError as error:
                    logger.warning("console_behind", error=str(error))
                    self._queue_changed = True
                else:
                    for listener in self._listeners:
                        listener.tell("queue", {"waiting": self._waiting})
            await asyncio.sleep(self._pulse_seconds)

    def _forget(self) -> None:
        """Drop what is known of conversations that concern nobody any more."""
        for conversation_id in [*self._handoffs]:
            if not self._owning(conversation_id):
                del self._handoffs[conversation_id]
        for conversation_id in [*self._news]:
            if conversation_id not in self._tasks and not self._concerned(conversation_id):
                del self._news[conversation_id]
