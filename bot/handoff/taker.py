"""What the desk does when a turn was taken. See `bot.ports.HandoffTaker`.

Any entry may come more than once: each step looks first whether it was taken already.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.engine import Connection

from bot.handoff import effect, store
from bot.handoff.desk import SqlDesk
from bot.handoff.effects import adopt
from bot.handoff.sayings import BACK_TO_BOT, OPEN_CASE
from bot.handoff.store import Kept, utc
from bot.handoff.work import Work
from bot.model.content import Shared, Text
from bot.model.handoff import Cause, HandBack, Handoff, HandoffRequest, State, Step
from bot.model.journal import TurnRecord
from bot.model.messages import Utterance
from bot.model.turns import is_turn_id
from bot.ports import HandoffTaker
from bot.record.tables import handoffs

log = logging.getLogger(__name__)

# Points that come later are for something else.
_RATED_WITHIN = timedelta(days=1)
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
        request = turn.request
        if request is not None:
            await self._desk.work.run(lambda work: self._request(work, turn, request))
        elif turn.floor is not None and turn.handed_back is None:
            await self._heard(turn, turn.floor)

    def _request(self, work: Work, turn: TurnRecord, request: HandoffRequest) -> None:
        if store.find_by_floor(work.connection, turn.handoff_id) is not None:
            return
        begun = store.find_open(work.connection, turn.conversation_id, lock=True)
        if begun is None:
            self._desk.queue.request(work, turn, request, turn.handoff_id)
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
        if kept is None:
            await self._desk.work.run(lambda work: self._begin_again(work, turn, floor_id))
            return
        if not kept.handoff.is_open:
            await self._give_back(kept.handoff, floor_id)
            return
        kept = await self._follow(kept, turn)
        text = ""
        if self._desk.mirrors or kept.handoff.state is State.WAITING:
            text = await self._text_of(turn)
        if kept.handoff.state is State.WAITING:
            choice = self._choice(turn, text)
            if choice is not None:
                await self._leave(kept, for_case=choice == OPEN_CASE)
        for mirror in self._desk.mirrors:
            for message in mirror.heard(kept.handoff, turn, text):
                await self._desk.floor.post(message)

    def _begin_again(self, work: Work, turn: TurnRecord, floor_id: str) -> None:
        """The floor is a handoff's that is not in the record (any more): restored from a backup, or
        its beginning could not be kept. Nobody else would ever answer this customer.
        """
        if store.find_by_floor(work.connection, floor_id) is not None:
            return
        begun = store.find_open(work.connection, turn.conversation_id, lock=True)
        if begun is not None:
            adopt(work.connection, begun.handoff.id, floor_id)
            return
        log.error("handoff %s is not in the record: it is begun again", floor_id)
        asked = is_turn_id(floor_id[1:])
        cause = Cause.CUSTOMER_ASKED if asked else Cause.STAFF_TOOK_OVER
        request = HandoffRequest(
            cause, note="What was kept of this conversation's handover is lost"
        )
        self._desk.queue.request(work, turn, request, floor_id)

    async def _give_back(self, handoff: Handoff, floor_id: str) -> None:
        """It has ended and has the floor all the same. As a rule the turn that gives it back is just
        behind; where that was lost this is what brings the bot back, and else it does nothing.
        """
        if await self._desk.database.read(lambda c: effect.is_pending(c, handoff.conversation_id)):
            return
        await self._desk.floor.hand_back(handoff.conversation_id, HandBack(floor_id))

    def _choice(self, turn: TurnRecord, text: str) -> str | None:
        """What a customer who waits has chosen of what they are offered, pressed or typed."""
        command = f"/{turn.intent}"
        # What was pressed is certain; words that are merely about a case are for the staff.
        if command == BACK_TO_BOT or (command == OPEN_CASE and turn.confidence == 1.0):
            return command
        return self._desk.sayings.choice(text)

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
