"""Handoffs in SQL: how a row is read, begun and moved on, each within a caller's transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from sqlalchemy import insert, or_, select, update
from sqlalchemy.engine import Connection, Row

from bot.errors import HandoffRefused
from bot.model.handoff import OPEN, Agent, Cause, Handoff, State, Step, after
from bot.record.tables import handoff_events, handoffs

OPEN_STATES = tuple(state.value for state in OPEN)


@dataclass(frozen=True)
class Kept:
    """A handoff with what only the desk itself needs to know of it.

    `floor_id` is the name under which it has the floor, `told` what the customer was told last of
    the queue: see `bot.handoff.queue`.
    """

    handoff: Handoff
    floor_id: str
    queued_at: datetime
    escalated_at: datetime | None
    first_claimed_at: datetime | None
    told: str | None
    told_at: datetime | None


def find(connection: Connection, handoff_id: str, lock: bool = False) -> Kept:
    """Raises HandoffRefused (`unknown`). `lock`: nobody else moves it until the transaction ends."""
    query = select(handoffs).where(handoffs.c.id == storable(handoff_id))
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise HandoffRefused("unknown", "There is no such conversation at the desk")
    return kept(row)


def find_open(connection: Connection, conversation_id: str, lock: bool = False) -> Kept | None:
    """The one handoff of a conversation that has not ended, if there is one."""
    query = select(handoffs).where(
        handoffs.c.conversation_id == conversation_id, handoffs.c.state.in_(OPEN_STATES)
    )
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else kept(row)


def find_by_floor(connection: Connection, floor_id: str, lock: bool = False) -> Kept | None:
    """The handoff that has, or had, the floor under that name."""
    query = (
        select(handoffs)
        .where(or_(handoffs.c.floor_id == floor_id, handoffs.c.id == floor_id))
        # One that took the floor over from a request comes before one that never had it.
        .order_by(handoffs.c.floor_id != floor_id)
        .limit(1)
    )
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else kept(row)


def begin(
    connection: Connection,
    now: datetime,
    step: Step,
    *,
    handoff_id: str,
    conversation_id: str,
    cause: Cause,
    language: str,
    channel: str,
    asked_at: datetime | None = None,
    topic: str | None = None,
    team_id: str | None = None,
    note: str | None = None,
    by: Agent | None = None,
) -> Kept:
    """Begin a handoff with its first step. Violates the index of open handoffs where one is open."""
    state = after(State.BOT, step)
    note = None if note is None else storable(note)
    taken_at = now if state is State.WITH_PERSON else None
    row = {
        "id": handoff_id,
        "floor_id": handoff_id,
        "conversation_id": conversation_id,
        "state": state.value,
        "version": 1,
        "cause": cause.value,
        "topic": None if topic is None else storable(topic)[:120],
        "language": language[:16],
        "channel": channel[:32],
        "team_id": team_id,
        **owner_columns(by),
        "requested_at": asked_at or now,
        "waiting_since": asked_at or now,
        "queued_at": now,
        "first_claimed_at": taken_at,
        "claimed_at": taken_at,
        "note": note,
    }
    connection.execute(insert(handoffs), row)
    begun = find(connection, handoff_id)
    _record(connection, State.BOT, begun.handoff, step, now, by, note)
    return begun


def move(
    connection: Connection,
    before: Kept,
    step: Step,
    now: datetime,
    *,
    by: Agent | None = None,
    note: str | None = None,
    **columns: Any,
) -> Kept:
    """Take a step on the version that was seen, with the `columns` that change besides the state.
    `note` is for the staff.

    Raises HandoffRefused (`not_possible`) where the step is none from here, or where somebody has
    moved it on meanwhile.
    """
    handoff = before.handoff
    state = after(handoff.state, step)
    if note:
        note = columns["note"] = storable(note)
    moved = (
        update(handoffs)
        .where(handoffs.c.id == handoff.id, handoffs.c.version == handoff.version)
        .values(state=state.value, version=handoff.version + 1, **columns)
    )
    if connection.execute(moved).rowcount != 1:
        raise HandoffRefused("not_possible", "Somebody else has just changed this conversation")
    moved_on = find(connection, handoff.id)
    _record(connection, handoff.state, moved_on.handoff, step, now, by, note)
    return moved_on


def owner_columns(owner: Agent | None) -> dict[str, str | None]:
    """Who has it, as columns."""
    if owner is None:
        return {"owner_id": None, "owner_name": None, "owner_desk": None}
    return {"owner_id": owner.id, "owner_name": owner.name[:255], "owner_desk": owner.desk}


def kept(row: Row) -> Kept:
    """A whole row of `handoffs`."""
    owner = None
    if row.owner_id is not None:
        owner = Agent(row.owner_id, row.owner_name, row.owner_desk)
    return Kept(
        handoff=Handoff(
            id=row.id,
            conversation_id=row.conversation_id,
            state=State(row.state),
            version=row.version,
            cause=Cause(row.cause),
            topic=row.topic,
            language=row.language,
            channel=row.channel,
            team_id=row.team_id,
            owner=owner,
            requested_at=row.requested_at.timestamp(),
            waiting_since=row.waiting_since.timestamp(),
            claimed_at=seconds(row.claimed_at),
            ended_at=seconds(row.ended_at),
            ended=row.ended,
            rating=row.rating,
            note=row.note,
        ),
        floor_id=row.floor_id,
        queued_at=row.queued_at,
        escalated_at=row.escalated_at,
        first_claimed_at=row.first_claimed_at,
        told=row.told,
        told_at=row.told_at,
    )


def storable(text: str) -> str:
    """As both databases take it: PostgreSQL refuses a NUL."""
    return text.replace("\0", "")


def seconds(at: datetime | None) -> float | None:
    """Since the epoch."""
    return None if at is None else at.timestamp()


def utc(at: float) -> datetime:
    """The moment so many seconds after the epoch."""
    return datetime.fromtimestamp(at, timezone.utc)


def utc_now() -> datetime:
    """The clock of everything at the desk, unless a test brings its own."""
    return datetime.now(timezone.utc)


def _record(
    connection: Connection,
    before: State,
    handoff: Handoff,
    step: Step,
    now: datetime,
    by: Agent | None,
    note: str | None,
) -> None:
    row = {
        "handoff_id": handoff.id,
        "version": handoff.version,
        "at": now,
        "step": step.value,
        "before": before.value,
        "after": handoff.state.value,
        "actor_id": None if by is None else by.id,
        "actor_name": None if by is None else by.name[:255],
        "owner_id": None if handoff.owner is None else handoff.owner.id,
        "team_id": handoff.team_id,
        "note": note,
    }
    connection.execute(insert(handoff_events), row)
