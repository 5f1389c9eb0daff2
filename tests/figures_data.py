"""Plausible months at an invented company's desk, for tests and for looking at the figures.

    python -m tests.figures_data sqlite:////tmp/figures.sqlite3 --days 90 --visits-a-day 220

fills a database that has this version's tables; the same seed gives the same months.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import insert, select
from sqlalchemy.engine import Connection

from bot.record.database import open_engine, transaction
from bot.record.migrate import migrate
from bot.record.tables import episodes, handoffs, teams, utterances

ZONE = ZoneInfo("Europe/Oslo")
TEAMS = {"orders": "Orders", "returns": "Returns and refunds"}
AGENTS = {"s1": "Kari Nordmann", "s2": "Ola Hansen", "s3": "Sunniva Lie", "s4": "Jonas Bakke"}

_CHANNELS = (("web", 0.55), ("messenger", 0.2), ("telegram", 0.15), ("slack", 0.06), ("rest", 0.04))
_LANGUAGES = (("nb", 0.72), ("en", 0.28))
# How often each is asked for, and how often it ends with a person.
_TOPICS = (
    ("order_status", 0.34, 0.06),
    ("opening_hours", 0.12, 0.02),
    ("start_return", 0.14, 0.16),
    ("damaged_item", 0.08, 0.45),
    ("delivery_cost", 0.1, 0.04),
    ("invoice_copy", 0.09, 0.12),
    ("complaint", 0.05, 0.6),
    ("gift_card", 0.08, 0.07),
)
_CAUSES = (
    ("customer_asked", 0.5),
    ("not_understood", 0.22),
    ("form_failed", 0.12),
    ("action_asked", 0.11),
    ("staff_took_over", 0.05),
)
# Few at night, most before lunch and after work.
_HOURS = np.array(
    [1, 1, 1, 1, 1, 2, 4, 8, 12, 14, 14, 13, 11, 11, 11, 11, 12, 11, 10, 9, 8, 6, 4, 2]
)


def fill(
    connection: Connection,
    last: date,
    days: int,
    visits_a_day: int,
    *,
    seed: int = 7,
    first: int = 0,
) -> int:
    """Write so many days, the last one included; returns how many visits that were.

    Their numbers begin with `first`: two calls need different ones.
    """
    chance = np.random.default_rng(seed)
    if connection.execute(select(teams.c.id)).first() is None:
        connection.execute(insert(teams), [_team(key, name) for key, name in TEAMS.items()])
    total = 0
    for back in range(days - 1, -1, -1):
        day = last - timedelta(days=back)
        growth = 1 + 0.4 * (days - back) / days
        quiet = 0.45 if day.weekday() >= 5 else 1.0
        count = int(chance.poisson(visits_a_day * growth * quiet))
        rows = list(_visits(chance, day, count, first + total, better=0.75 + 0.25 * back / days))
        total += count
        for table, found in (
            (handoffs, [row[1] for row in rows if row[1] is not None]),
            (episodes, [row[0] for row in rows]),
            (utterances, [row[2] for row in rows if row[2] is not None]),
        ):
            if found:
                connection.execute(insert(table), found)
    return total


def _visits(
    chance: np.random.Generator, day: date, count: int, first: int, better: float
) -> Iterator[tuple[dict[str, Any], dict[str, Any] | None, dict[str, Any] | None]]:
    hours = np.sort(chance.choice(24, count, p=_HOURS / _HOURS.sum()))
    topics = chance.choice(len(_TOPICS), count, p=[topic[1] for topic in _TOPICS])
    for number, (hour, topic) in enumerate(zip(hours, topics, strict=True), start=first):
        local = datetime.combine(day, time(int(hour), int(chance.integers(60))), ZONE)
        began = local.astimezone(timezone.utc) + timedelta(seconds=float(chance.uniform(0, 59)))
        name, _, asks = _TOPICS[topic]
        turns = 1 + int(chance.poisson(2.6))
        misunderstood = int(chance.binomial(turns, 0.06))
        visit: dict[str, Any] = {
            "conversation_id": f"demo:{number}",
            "began_at": began,
            "last_at": began + timedelta(minutes=float(turns * chance.uniform(0.3, 2))),
            "channel": _one_of(chance, _CHANNELS),
            "language": _one_of(chance, _LANGUAGES),
            "intent": name,
            "turns": turns,
            "misunderstood": misunderstood,
            "failed": int(chance.random() < 0.004),
            "ended_understood": bool(chance.random() > 0.05 + 0.1 * misunderstood),
            "handoff_id": None,
            "first_answer_seconds": float(chance.lognormal(-2.7, 0.5)),
        }
        handoff = word = None
        if chance.random() < asks * better:
            handoff = _handoff(chance, visit, number, int(hour))
            visit["handoff_id"] = handoff["id"]
            if handoff["first_claimed_at"] is not None:
                word = _word(chance, visit, handoff)
        yield visit, handoff, word


def _handoff(
    chance: np.random.Generator, visit: dict[str, Any], number: int, hour: int
) -> dict[str, Any]:
    requested = visit["began_at"] + timedelta(minutes=float(chance.uniform(0.5, 4)))
    cause = _one_of(chance, _CAUSES)
    closed = not 8 <= hour < 18 and cause != "staff_took_over"
    left = not closed and chance.random() < 0.05
    busy = 1.8 if hour in {10, 11, 16} else 1.0
    wait = 0.0 if cause == "staff_took_over" else float(chance.lognormal(4.2, 0.9)) * busy
    claimed = None if closed or left else requested + timedelta(seconds=wait)
    handling = float(chance.lognormal(5.9, 0.6))
    ended_at = requested + timedelta(seconds=1 if closed else wait + (0 if left else handling))
    ended = "resolved" if chance.random() < 0.86 else str(chance.choice(["unresolved", "returned"]))
    agent = str(chance.choice(list(AGENTS), p=[0.4, 0.3, 0.2, 0.1]))
    points = max(1, min(5, round(float(chance.normal(4.5 - wait / 400, 0.8)))))
    rated = claimed is not None and ended == "resolved" and chance.random() < 0.42
    return {
        "id": f"t{number}",
        "floor_id": f"t{number}",
        "conversation_id": visit["conversation_id"],
        "state": "back_to_bot",
        "version": 4,
        "cause": cause,
        "topic": visit["intent"],
        "language": visit["language"],
        "channel": visit["channel"],
        "team_id": "returns" if visit["intent"] in {"start_return", "damaged_item"} else "orders",
        "owner_id": None if claimed is None else agent,
        "owner_name": None if claimed is None else AGENTS[agent],
        "owner_desk": None if claimed is None else "console",
        "requested_at": requested,
        "waiting_since": requested,
        "queued_at": requested,
        "first_claimed_at": claimed,
        "claimed_at": claimed,
        "ended_at": ended_at,
        "ended": "turned_away" if closed else "left" if left else ended,
        "rating": points if rated else None,
        "rated_at": ended_at + timedelta(minutes=1) if rated else None,
    }


def _word(
    chance: np.random.Generator, visit: dict[str, Any], handoff: dict[str, Any]
) -> dict[str, Any]:
    at = handoff["first_claimed_at"] + timedelta(seconds=float(chance.uniform(4, 40)))
    return {
        "conversation_id": visit["conversation_id"],
        "cursor": f"{int(at.timestamp() * 1000):020d}-{0:020d}",
        "at": at,
        "author": "staff",
        "name": handoff["owner_name"],
        "channel": visit["channel"],
        "kind": "text",
        "text": "Hei! Jeg ser på saken din.",
        "turn_id": f"{handoff['id']}-1",
    }


def _team(key: str, name: str) -> dict[str, Any]:
    return {
        "id": key,
        "name": name,
        "languages": "*",
        "topics": "*",
        "timezone": ZONE.key,
        "hours": "[]",
        "closed_days": "[]",
        "assignment": "take",
        "when_closed": "case",
        "is_default": key == "orders",
        "created_at": datetime(2026, 1, 1, tzinfo=timezone.utc),
    }


def _one_of(chance: np.random.Generator, weighted: tuple[tuple[str, float], ...]) -> str:
    return str(chance.choice([one for one, _ in weighted], p=[weight for _, weight in weighted]))


def main() -> None:
    """Fill a database."""
    parser = argparse.ArgumentParser(description="Fill a database with plausible months.")
    parser.add_argument("dsn")
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--visits-a-day", type=int, default=220)
    parser.add_argument("--last", type=date.fromisoformat, default=datetime.now(ZONE).date())
    given = parser.parse_args()
    migrate(given.dsn)
    engine = open_engine(given.dsn)
    with transaction(engine, write=True) as connection:
        fill(connection, given.last, given.days, given.visits_a_day)
    engine.dispose()


if __name__ == "__main__":
    main()
