"""How long somebody who waits has still to wait: their place, and what the last days tell of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import mean, median

from sqlalchemy import and_, func, or_, select
from sqlalchemy.engine import Connection

from bot.handoff.routing import Account
from bot.handoff.store import Kept, utc
from bot.model.handoff import State
from bot.record.tables import handoffs

# How far back is recent enough: what a conversation takes changes slowly, the rush of an hour fast.
_HANDLING_SINCE = timedelta(days=7)
_WAITS_SINCE = timedelta(hours=1)
_FEWEST_HANDLED = 5
_FEWEST_WAITS = 3
_SAMPLE = 50


def place(connection: Connection, kept: Kept) -> int:
    """Counted from 1 among those who wait for the same team, the longest waiting first."""
    handoff = kept.handoff
    since = utc(handoff.waiting_since)
    before = or_(
        handoffs.c.waiting_since < since,
        and_(handoffs.c.waiting_since == since, handoffs.c.id < handoff.id),
    )
    query = (
        select(func.count())
        .select_from(handoffs)
        .where(
            handoffs.c.state == State.WAITING.value,
            handoffs.c.team_id == handoff.team_id,
            handoffs.c.id != handoff.id,
            before,
        )
    )
    ahead: int = connection.execute(query).scalar_one()
    return ahead + 1


def expected_wait(
    connection: Connection, team_id: str | None, at: int, there: Sequence[Account], now: datetime
) -> timedelta | None:
    """How long the one at a place will wait: the longer of what the work ahead takes, shared by
    those who are there, and of what others have waited in the last hour. None where there is too
    little to tell by, or nobody there: no promise is better than a wrong one.
    """
    if not there:
        return None
    told = []
    handling = _handling(connection, team_id, now)
    if len(handling) >= _FEWEST_HANDLED:
        ahead = at - sum(max(0, account.capacity - account.busy) for account in there)
        room = sum(account.capacity for account in there)
        told.append(max(0.0, ahead) * mean(handling) / max(1, room))
    waits = _waits(connection, team_id, now)
    if len(waits) >= _FEWEST_WAITS:
        told.append(median(waits))
    return timedelta(seconds=max(told)) if told else None


def _handling(connection: Connection, team_id: str | None, now: datetime) -> Sequence[float]:
    query = (
        select(handoffs.c.claimed_at, handoffs.c.ended_at)
        .where(
            handoffs.c.team_id == team_id,
            handoffs.c.claimed_at.is_not(None),
            handoffs.c.ended_at > now - _HANDLING_SINCE,
        )
        .order_by(handoffs.c.ended_at.desc())
        .limit(_SAMPLE)
    )
    return [(row[1] - row[0]).total_seconds() for row in connection.execute(query)]


def _waits(connection: Connection, team_id: str | None, now: datetime) -> Sequence[float]:
    query = (
        select(handoffs.c.waiting_since, handoffs.c.first_claimed_at)
        .where(
            handoffs.c.team_id == team_id,
            handoffs.c.first_claimed_at > now - _WAITS_SINCE,
            handoffs.c.first_claimed_at > handoffs.c.waiting_since,
        )
        .order_by(handoffs.c.first_claimed_at.desc())
        .limit(_SAMPLE)
    )
    return [(row[1] - row[0]).total_seconds() for row in connection.execute(query)]
