"""What the desk does when a turn was taken. See `bot.ports.HandoffTaker`.

Any entry may come more than once: each step looks first whether it was taken already.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.engine import Connection

from bot.handoff import store
from bot.handoff.desk import SqlDesk
from bot.handoff.effects import adopt
from bot.handoff.store import Kept, utc
from bot.handoff.work import Work
from bot.model.content import Shared, Text
from bot.model.handoff import Handoff, State, Step
from bot.model.journal import TurnRecord
from bot.model.messages import Utterance
from bot.ports import HandoffTaker
from bot.record.tables import handoffs

# Points that come later are for something else.
_RATED_WITHIN = timedelta(days=1)
# The intents of what a customer who waits is offered to press.
_BACK_TO_BOT = "back_to_bot"
_OPEN_CASE = "open_case"
# A message that starts a turn is among the last of its conversation.
_LOOK_BACK = 200


class DeskTaker(HandoffTaker):
    """Keeps the desk in step with the conversations."""

    def __init__(self, desk: SqlDesk) -> None:
        self._desk = desk

    async def on_turn(self, turn: TurnRecord) -> None:
        """See the port."""
        if turn.handed_back is not None:
            await self._resumed(turn.handed_back)
        if turn.rated is not None:
            await self._rated(turn, turn.rated)
        if turn.request is not None:
            await self._desk.work.run(lambda work: self._request(work, turn))
        elif turn.floor is not None and turn.handed_back is None:
            await self._heard(turn, turn.floor)

    def _request(self, work: Work, turn: TurnRecord) -> None:
        if store.find_by_floor(work.connection, turn.handoff_id) is not None:
            return
        begun = store.find_open(work.connection, turn.conversation_id, lock=True)
        if begun is None:
            self._desk.queue.request(work, turn)
        else:
            # Somebody took over while the bot handed over: theirs stands, under the name to which
            # the bot has given the floor.
            adopt(work.connection, begun.handoff.id, turn.handoff_id)

    async def _resumed(self, floor_id: str) -> None:
        def work(work: Work) -> None:
            kept = store.find_by_floor(work.connection, floor_id, lock=True)
            if kept is not None and kept.handoff.state is State.WRAPPED_UP:
                work.move(kept, Step.RESUMED)

        await self._desk.work.run(work)

    async def _rated(self, turn: TurnRecord, score: int) -> None:
        at = utc(turn.received_at)

        def work(connection: Connection) -> Handoff | None:
            columns = handoffs.c
            last = connection.execute(
                select(columns.id, columns.rating)
                .where(
                    columns.conversation_id == turn.conversation_id,
                    columns.ended.in_(("resolved", "unresolved")),
                    columns.ended_at > at - _RATED_WITHIN,
                )
                .order_by(columns.ended_at.desc())
                .limit(1)
            ).one_or_none()
            if last is None or last.rating not in (None, score):
                return None
            rated = update(handoffs).where(columns.id == last.id, columns.rating.is_(None))
            connection.execute(rated.values(rating=score, rated_at=at))
            return store.find(connection, last.id).handoff

        handoff = await self._desk.database.write(work)
        if handoff is None:
            return
        await self._desk.floor.announce(handoff.conversation_id, handoff.id)
        for mirror in self._desk.mirrors:
            for message in mirror.changed(replace(handoff, rating=None), handoff, None):
                await self._desk.floor.post(message)

    async def _heard(self, turn: TurnRecord, floor_id: str) -> None:
        kept = await self._desk.database.read(lambda c: store.find_by_floor(c, floor_id))
        if kept is None or not kept.handoff.is_open:
            return
        kept = await self._follow(kept, turn)
        if kept.handoff.state is State.WAITING:
            if turn.intent == _BACK_TO_BOT:
                await self._leave(kept, for_case=False)
            # What was pressed is certain; words that are merely about a case are for the staff.
            elif turn.intent == _OPEN_CASE and turn.confidence == 1.0:
                await self._leave(kept, for_case=True)
        await self._mirror(kept, turn)

    async def _follow(self, kept: Kept, turn: TurnRecord) -> Kept:
        """Answer them in the language and the channel that they have gone over to."""
        handoff = kept.handoff
        language = turn.language or handoff.language
        if (language, turn.channel) == (handoff.language, handoff.channel):
            return kept

        def work(connection: Connection) -> Kept:
            followed = update(handoffs).where(handoffs.c.id == handoff.id)
            connection.execute(followed.values(language=language[:16], channel=turn.channel[:32]))
            return store.find(connection, handoff.id)

        return await self._desk.database.write(work)

    async def _leave(self, seen: Kept, for_case: bool) -> None:
        def work(work: Work) -> None:
            kept = store.find(work.connection, seen.handoff.id, lock=True)
            if kept.handoff.state is not State.WAITING:
                return
            moved = work.move(kept, Step.LEAVE, ended="left", ended_at=work.now)
            if for_case:
                content = self._desk.sayings.left_for_case(moved.handoff.language)
                work.say(moved.handoff, content)
            work.hand_back(moved.handoff, quiet=for_case)

        await self._desk.work.run(work)

    async def _mirror(self, kept: Kept, turn: TurnRecord) -> None:
        if not self._desk.mirrors:
            return
        text = await self._text_of(turn)
        for mirror in self._desk.mirrors:
            for message in mirror.heard(kept.handoff, turn, text):
                await self._desk.floor.post(message)

    async def _text_of(self, turn: TurnRecord) -> str:
        lines = await self._desk.transcripts.read(turn.conversation_id, limit=_LOOK_BACK)
        return next((_words(line) for line in lines if line.id == turn.event_id), "")


def _words(line: Utterance) -> str:
    content = line.content
    if isinstance(content, Text):
        return content.text
    if isinstance(content, Shared):
        shared = [item.name or item.kind for item in content.attachments]
        return "\n".join(
            [*([content.text] if content.text else []), *(f"[{name}]" for name in shared)]
        )
    return ""
