"""The desk over the SQL record. See `bot.ports.Desk`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.engine import Connection

from bot.errors import HandoffRefused, StorageUnavailable
from bot.handoff import checks, effect, store
from bot.handoff.checks import check_content, check_mine, check_room, check_waiting, is_mine
from bot.handoff.effects import Effects
from bot.handoff.notes import keep_note
from bot.handoff.passing import pass_to_person, pass_to_team
from bot.handoff.queue import Queue
from bot.handoff.sayings import Sayings
from bot.handoff.store import Kept, utc_now
from bot.handoff.teams import teams_of
from bot.handoff.texts import DeskTexts
from bot.handoff.work import DeskWork, Work
from bot.model.content import Content
from bot.model.handoff import Agent, Cause, Handoff, State, Step
from bot.model.messages import Author, Outbound
from bot.ports import Desk, DeskMirror, DeskUtterance, Floor, Transcripts
from bot.record.database import Database
from bot.record.tables import handoffs

_MESSAGE_ID = re.compile(r"[A-Za-z0-9._:-]{1,120}")


class SqlDesk(Desk):
    """Steps are transactions, see `bot.handoff.work`. Safe to use from any number of processes.

    `mirrors` are the other desks. `gone_seconds` after an account's console was last connected it is
    not there; `time_zone` is the default team's.
    """

    def __init__(
        self,
        database: Database,
        *,
        floor: Floor,
        transcripts: Transcripts,
        texts: DeskTexts,
        mirrors: Sequence[DeskMirror] = (),
        gone_seconds: float = 120.0,
        time_zone: str = "Europe/Oslo",
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.database = database
        self.floor = floor
        self.transcripts = transcripts
        self.mirrors = tuple(mirrors)
        self.clock = clock
        self.sayings = Sayings(texts)
        self.queue = Queue(
            self.sayings,
            time_zone=time_zone,
            gone_seconds=gone_seconds,
            always_staffed=bool(mirrors),
        )
        self.effects = Effects(database, floor, clock)
        self.work = DeskWork(database, self.effects, mirrors, clock)

    async def find(self, handoff_id: str) -> Handoff:
        """See the port."""
        return (await self._kept(handoff_id)).handoff

    async def of_conversation(self, conversation_id: str) -> Handoff | None:
        """See the port."""
        kept = await self.database.read(lambda c: store.find_open(c, conversation_id))
        return None if kept is None else kept.handoff

    async def claim(self, handoff_id: str, by: Agent) -> Handoff:
        """See the port."""

        def work(work: Work) -> Handoff:
            mine = checks.locked_account(work.connection, by)
            kept = store.find(work.connection, handoff_id, lock=True)
            if is_mine(kept, by):
                return kept.handoff
            check_waiting(kept)
            check_room(mine)
            return self.queue.give(work, kept, by, Step.CLAIM, by=by).handoff

        return await self.work.run(work)

    async def claim_next(self, by: Agent) -> Handoff | None:
        """See the port."""

        def work(work: Work) -> Handoff | None:
            check_room(checks.locked_account(work.connection, by))
            query = select(handoffs.c.id).where(handoffs.c.state == State.WAITING.value)
            if by.desk == "console":
                query = query.where(handoffs.c.team_id.in_(teams_of(work.connection, by.id)))
            longest = query.order_by(handoffs.c.waiting_since, handoffs.c.id).limit(1)
            # Who asks at the same moment gets the next one, rather than a refusal.
            found = work.connection.execute(longest.with_for_update(skip_locked=True)).scalar()
            if found is None:
                return None
            kept = store.find(work.connection, found)
            return self.queue.give(work, kept, by, Step.CLAIM, by=by).handoff

        return await self.work.run(work)

    async def take_over(self, conversation_id: str, by: Agent) -> Handoff:
        """See the port. Nobody's capacity keeps them from stepping in."""
        said = await self.transcripts.read(conversation_id, limit=1)
        if not said:
            raise HandoffRefused("unknown", "Nobody has written in this conversation")

        def work(work: Work) -> Handoff:
            kept = store.find_open(work.connection, conversation_id, lock=True)
            if kept is not None:
                if is_mine(kept, by):
                    return kept.handoff
                check_waiting(kept)
                return self.queue.give(work, kept, by, Step.TAKE_OVER, by=by).handoff
            begun = work.begin(
                Step.TAKE_OVER,
                handoff_id=f"s{uuid4().hex}",
                conversation_id=conversation_id,
                cause=Cause.STAFF_TOOK_OVER,
                language=checks.language(work.connection, conversation_id),
                channel=said[-1].channel,
                by=by,
            )
            work.take_floor(begun.handoff)
            work.say(begun.handoff, self.sayings.taken(begun.handoff.language, by))
            return begun.handoff

        return await self.work.run(work)

    async def transfer(
        self, handoff_id: str, by: Agent, *, to: str | None, team: str | None, note: str | None
    ) -> Handoff:
        """See the port. Out of the queue anybody may pass it on. The one it goes to must be there,
        with room for one more; a team must be open.
        """
        if (to is None) == (team is None):
            raise HandoffRefused("not_possible", "Choose either a person or a team")

        def work(work: Work) -> Handoff:
            if to is not None:
                return pass_to_person(work, self.queue, handoff_id, by, to, note)
            return pass_to_team(work, self.queue, handoff_id, by, team or "", note)

        return await self.work.run(work)

    async def assign(self, handoff_id: str, by: Agent, to: str) -> Handoff:
        """See the port."""

        def work(work: Work) -> Handoff:
            account = checks.account(work.connection, to)
            kept = store.find(work.connection, handoff_id, lock=True)
            if is_mine(kept, account.agent):
                return kept.handoff
            return self.queue.give(work, kept, account.agent, Step.ASSIGN, by=by).handoff

        return await self.work.run(work)

    async def say(self, handoff_id: str, by: Agent, content: Content, message_id: str) -> None:
        """See the port. `message_id` has 1 to 120 of letters, digits and `._:-`."""
        check_content(content)
        if not _MESSAGE_ID.fullmatch(message_id):
            raise HandoffRefused(
                "not_possible", "A message needs an id of letters, digits, dots and dashes"
            )
        kept, behind = await self.database.read(lambda c: _speaking(c, handoff_id))
        check_mine(kept, by)
        handoff = kept.handoff
        if behind:
            # What the desk has to do before, such as taking the floor, comes first.
            await self.effects.settle(handoff.conversation_id)
        utterance = DeskUtterance(
            id=f"{handoff.id}.m.{message_id}",
            conversation_id=handoff.conversation_id,
            content=content,
            author=Author.STAFF,
            name=by.name,
            language=handoff.language,
        )
        await self._speak(utterance, kept)
        if by.desk == "console":
            shown = [mirror.said(handoff, utterance) for mirror in self.mirrors]
            await self._post(handoff, shown)

    async def show_typing(self, handoff_id: str, by: Agent) -> None:
        """See the port."""
        kept = await self._kept(handoff_id)
        check_mine(kept, by)
        await self.floor.show_typing(kept.handoff.conversation_id, kept.floor_id)

    async def add_note(self, handoff_id: str, by: Agent, text: str) -> None:
        """See the port. Also when it has ended. The same again within some minutes is one note."""
        written = checks.checked_text(text)

        def work(connection: Connection) -> tuple[Handoff, bool]:
            handoff = store.find(connection, handoff_id, lock=True).handoff
            return handoff, keep_note(connection, handoff, by, written, self.clock())

        handoff, is_new = await self.database.write(work)
        await self.floor.announce(handoff.conversation_id, handoff.id)
        if is_new and by.desk == "console":
            note = f"{by.name}: {written}"
            shown = [mirror.changed(handoff, handoff, note) for mirror in self.mirrors]
            await self._post(handoff, shown)

    async def return_to_bot(
        self, handoff_id: str, by: Agent, slots: Mapping[str, Any], note: str | None = None
    ) -> Handoff:
        """See the port."""

        def work(work: Work) -> Handoff:
            kept = store.find(work.connection, handoff_id, lock=True)
            check_mine(kept, by)
            moved = work.move(
                kept, Step.RETURN, by=by, note=note, ended="returned", ended_at=work.now
            )
            work.hand_back(moved.handoff, slots, quiet=False)
            return moved.handoff

        return await self.work.run(work)

    async def close(
        self, handoff_id: str, by: Agent, *, resolved: bool, note: str | None = None
    ) -> Handoff:
        """See the port."""

        def work(work: Work) -> Handoff:
            kept = store.find(work.connection, handoff_id, lock=True)
            check_mine(kept, by)
            ended = "resolved" if resolved else "unresolved"
            moved = work.move(kept, Step.CLOSE, by=by, note=note, ended=ended, ended_at=work.now)
            language = moved.handoff.language
            work.say(moved.handoff, self.sayings.closing(language, by))
            work.say(moved.handoff, self.sayings.rating(language))
            work.hand_back(moved.handoff, quiet=True, rating=True)
            return moved.handoff

        return await self.work.run(work)

    async def _kept(self, handoff_id: str) -> Kept:
        return await self.database.read(lambda connection: store.find(connection, handoff_id))

    async def _speak(self, utterance: DeskUtterance, kept: Kept) -> None:
        try:
            await self.floor.say(utterance, kept.floor_id)
        except HandoffRefused as refused:
            if refused.reason != "no_floor":
                raise
            now_as = await self._kept(kept.handoff.id)
            conversation_id = kept.handoff.conversation_id
            # Nobody has it where it was lost, as with a Redis that was restored from a backup.
            if now_as.handoff.is_open and await self.floor.take(conversation_id, now_as.floor_id):
                await self.floor.say(utterance, now_as.floor_id)
                return
            if await self.floor.holder(conversation_id) is None:
                raise HandoffRefused(
                    "not_possible",
                    "The bot has this conversation again: close it here, and take it over anew",
                ) from None
            raise HandoffRefused(
                "not_possible", "The bot is finishing its last answer: try again in a moment"
            ) from None

    async def _post(self, handoff: Handoff, shown: Sequence[Sequence[Outbound]]) -> None:
        """Show at the other desks what their mirrors have made of it."""
        messages = [message for of_one in shown for message in of_one]
        try:
            for message in messages:
                await self.floor.post(message)
        except StorageUnavailable:
            # It is done: the other desk is shown it later.
            due = [effect.post(handoff.conversation_id, handoff.id, item) for item in messages]
            now = self.clock()
            await self.database.write(lambda c: effect.write(c, due, now, later=True))


def _speaking(connection: Connection, handoff_id: str) -> tuple[Kept, bool]:
    kept = store.find(connection, handoff_id)
    return kept, effect.is_pending(connection, kept.handoff.conversation_id)
