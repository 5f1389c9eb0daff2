"""What the desk's steps bring about outside of the database: written with them, carried out after.

A step writes its effects in its own transaction. They are carried out in order for each
conversation, by one process at a time: until `due_at` they are somebody's who works on them. Who
dies in between loses them to the next one; each is known again by its id, so none is seen twice.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.sql.elements import ColumnElement

from bot.errors import HandoffRefused, StorageUnavailable
from bot.handoff.effect import LEASE, Effect
from bot.handoff.store import OPEN_STATES, utc_now
from bot.model.content import content_from_dict
from bot.model.handoff import HandBack
from bot.model.messages import Author, Outbound
from bot.ports import DeskUtterance, Floor
from bot.record.database import Database
from bot.record.tables import desk_effects, handoffs

log = logging.getLogger(__name__)

_BATCH = 20
_CONVERSATIONS = 200
_AT_ONCE = 8
_LONGEST_DELAY = 30.0
# A fault of the program does not mend itself; the floor of a handoff that has ended comes back when
# the worker takes its turn, however long that queue is.
_MOST_FAULTS = 5
_MOST_WAITS = 200


@dataclass(frozen=True)
class _Outcome:
    """`failed`: never to be done, and why; `delay`: to be tried again after so many seconds."""

    failed: str | None = None
    delay: float | None = None


_DONE = _Outcome()


class Effects:
    """Carries effects out. Any number of processes may."""

    def __init__(
        self, database: Database, floor: Floor, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self._database = database
        self._floor = floor
        self._clock = clock

    async def carry_out(self, batch: Sequence[Effect]) -> None:
        """Carry out a conversation's effects that are the caller's, and those behind them.

        Never raises: what can't be done now is left for later.
        """
        try:
            while batch:
                batch = await self._one_batch(batch)
        except StorageUnavailable as error:
            # Done or not, the rows stay and are taken up again once the lease is over.
            log.warning("effects of the desk wait for the database: %s", error)

    async def settle(self, conversation_id: str) -> None:
        """Carry out what is due in a conversation. Raises StorageUnavailable."""
        claim = partial(self._claim, conversation_id=conversation_id)
        await self.carry_out(await self._database.write(claim))

    async def sweep(self) -> None:
        """Carry out what is due anywhere. Raises StorageUnavailable."""
        # Only the first of each conversation tells: those behind it can't be carried out before it.
        first = (
            select(func.min(desk_effects.c.id))
            .where(desk_effects.c.failed_at.is_(None))
            .group_by(desk_effects.c.conversation_id)
        )
        due = (
            select(desk_effects.c.conversation_id)
            .where(desk_effects.c.id.in_(first), desk_effects.c.due_at <= self._clock())
            .order_by(desk_effects.c.due_at)
            .limit(_CONVERSATIONS)
        )
        found = await self._database.read(lambda c: c.execute(due).scalars().all())
        room = asyncio.Semaphore(_AT_ONCE)

        async def settle(conversation_id: str) -> None:
            async with room:
                await self.settle(conversation_id)

        settled = await asyncio.gather(*map(settle, found), return_exceptions=True)
        for error in settled:
            if error is not None:
                raise error

    async def _one_batch(self, batch: Sequence[Effect]) -> Sequence[Effect]:
        done: list[Effect] = []
        for effect in batch:
            outcome = await self._try(effect)
            if outcome.delay is not None:
                later = partial(self._postpone, done=done, effect=effect, delay=outcome.delay)
                await self._database.write(later)
                return []
            if outcome.failed is not None:
                log.error(
                    "an effect of the desk can't be carried out (%s of handoff %s): %s",
                    effect.kind,
                    effect.handoff_id,
                    outcome.failed,
                )
                failed = partial(self._fail, effect=effect, why=outcome.failed)
                await self._database.write(failed)
            else:
                done.append(effect)
        conclude = partial(self._conclude, done=done, conversation_id=batch[0].conversation_id)
        return await self._database.write(conclude)

    async def _try(self, effect: Effect) -> _Outcome:
        try:
            return await self._do(effect)
        except StorageUnavailable as error:
            log.warning("an effect of the desk waits (%s): %s", effect.kind, error)
            return _Outcome(delay=_delay(effect.tries))
        except HandoffRefused as error:
            return _Outcome(failed=f"{error.reason}: {error}")
        except Exception as error:
            log.exception("an effect of the desk failed (%s)", effect.kind)
            if effect.tries + 1 >= _MOST_FAULTS:
                return _Outcome(failed=f"{type(error).__name__} {effect.tries + 1} times")
            return _Outcome(delay=_delay(effect.tries))

    async def _do(self, effect: Effect) -> _Outcome:
        payload = effect.payload
        if effect.kind == "announce":
            await self._floor.announce(effect.conversation_id, effect.handoff_id)
        elif effect.kind == "post":
            await self._floor.post(Outbound.from_json(payload["message"]))
        elif effect.kind == "take":
            return await self._take(effect)
        elif effect.kind == "say":
            await self._say(effect)
        elif effect.kind == "back":
            floor_id = await self._floor_id(effect.handoff_id)
            hand_back = HandBack(floor_id, **payload)
            await self._floor.hand_back(effect.conversation_id, hand_back)
        else:
            return _Outcome(failed=f"unknown kind {effect.kind!r}")
        return _DONE

    async def _take(self, effect: Effect) -> _Outcome:
        floor_id = await self._floor_id(effect.handoff_id)
        if await self._floor.take(effect.conversation_id, floor_id):
            return _DONE
        holder = await self._floor.holder(effect.conversation_id)
        if holder is None and effect.tries >= _MOST_FAULTS:
            return _Outcome(failed="it has given the floor back before")
        if holder is not None:
            as_holder = partial(adopt, handoff_id=effect.handoff_id, floor_id=holder)
            if await self._database.write(as_holder):
                return _DONE
        if effect.tries >= _MOST_WAITS:
            return _Outcome(failed=f"the floor stays with {holder}")
        return _Outcome(delay=_delay(effect.tries))

    async def _say(self, effect: Effect) -> None:
        payload = effect.payload
        utterance = DeskUtterance(
            id=payload["id"],
            conversation_id=effect.conversation_id,
            content=content_from_dict(payload["content"]),
            author=Author.BOT,
            language=payload["language"],
        )
        floor_id = await self._floor_id(effect.handoff_id)
        try:
            await self._floor.say(utterance, floor_id)
        except HandoffRefused as refused:
            if refused.reason != "no_floor":
                raise
            # Another name has it by now, or nobody, since a Redis was restored from a backup.
            now_as, is_open = await self._floor_name(effect.handoff_id)
            if is_open:
                await self._floor.take(effect.conversation_id, now_as)
            await self._floor.say(utterance, now_as)

    async def _floor_id(self, handoff_id: str) -> str:
        return (await self._floor_name(handoff_id))[0]

    async def _floor_name(self, handoff_id: str) -> tuple[str, bool]:
        """The name under which a handoff has the floor, and whether it is to have it."""
        query = select(handoffs.c.floor_id, handoffs.c.state).where(handoffs.c.id == handoff_id)
        row = await self._database.read(lambda c: c.execute(query).one())
        return row.floor_id, row.state in OPEN_STATES

    def _claim(self, connection: Connection, conversation_id: str) -> Sequence[Effect]:
        query = (
            select(desk_effects)
            .where(
                desk_effects.c.conversation_id == conversation_id,
                desk_effects.c.failed_at.is_(None),
            )
            .order_by(desk_effects.c.id)
            .limit(_BATCH)
            .with_for_update()
        )
        rows = connection.execute(query).all()
        now = self._clock()
        if not rows or rows[0].due_at > now:
            return []
        due_at = now + LEASE
        claimed = desk_effects.c.id.in_([row.id for row in rows])
        connection.execute(update(desk_effects).where(claimed).values(due_at=due_at))
        return [
            Effect(
                row.conversation_id,
                row.handoff_id,
                row.kind,
                json.loads(row.payload),
                row.id,
                due_at,
                row.tries,
            )
            for row in rows
        ]

    def _conclude(
        self, connection: Connection, done: Sequence[Effect], conversation_id: str
    ) -> Sequence[Effect]:
        _remove(connection, done)
        return self._claim(connection, conversation_id)

    def _postpone(
        self, connection: Connection, done: Sequence[Effect], effect: Effect, delay: float
    ) -> None:
        _remove(connection, done)
        due_at = self._clock() + timedelta(seconds=delay)
        later = update(desk_effects).where(_still(effect))
        connection.execute(later.values(due_at=due_at, tries=desk_effects.c.tries + 1))

    def _fail(self, connection: Connection, effect: Effect, why: str) -> None:
        failed = update(desk_effects).where(_still(effect))
        connection.execute(failed.values(failed_at=self._clock(), failed=why))


def adopt(connection: Connection, handoff_id: str, floor_id: str) -> bool:
    """Let a handoff speak under the name that has the floor, if no handoff is known by it.

    The bot may hand over in the very moment in which a member of staff takes over: the floor has
    the name of the request then, and theirs is the handoff that stands.
    """
    query = select(handoffs.c.id).where(
        or_(handoffs.c.id == floor_id, handoffs.c.floor_id == floor_id)
    )
    if connection.execute(query).first() is not None:
        return False
    renamed = update(handoffs).where(handoffs.c.id == handoff_id)
    connection.execute(renamed.values(floor_id=floor_id))
    return True


def _still(effect: Effect) -> ColumnElement[Any]:
    # A process that stood still for longer than its lease must not touch what is another one's now.
    return and_(desk_effects.c.id == effect.id, desk_effects.c.due_at == effect.due_at)


def _remove(connection: Connection, done: Sequence[Effect]) -> None:
    if done:
        # A batch was claimed at one moment; see `_still`.
        still = and_(
            desk_effects.c.id.in_([effect.id for effect in done]),
            desk_effects.c.due_at == done[0].due_at,
        )
        connection.execute(delete(desk_effects).where(still))


def _delay(tries: int) -> float:
    return float(min(_LONGEST_DELAY, 0.2 * 2 ** min(tries, 10)))
