"""What holds for the figures, whatever the database: they are what counting by hand gives."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, select

from bot.record.database import Database, open_engine, transaction
from bot.record.migrate import migrate
from bot.record.tables import episodes, handoffs, utterances
from bot.reporting.figures import Dimension, Selection, Spread
from bot.reporting.monitor import SqlDeskMonitor
from bot.reporting.periods import Grain, Period
from bot.reporting.reports import Reports
from tests import figures_data
from tests.postgres import PostgresServer

OSLO = ZoneInfo("Europe/Oslo")
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=timezone.utc)
# Over both changes of the clock, at the hours around them.
PERIODS = [
    (date(2026, 3, 27), date(2026, 3, 31), Grain.HOUR),
    (date(2026, 10, 23), date(2026, 10, 27), Grain.HOUR),
    (date(2026, 3, 20), date(2026, 10, 30), Grain.DAY),
    (date(2026, 3, 20), date(2026, 10, 30), Grain.WEEK),
]


@pytest.fixture(scope="module", params=["sqlite", pytest.param("pg", marks=pytest.mark.postgres)])
def seeded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Some days around the changes of the clock; an address, for all tests here."""
    if request.param == "sqlite":
        dsn = f"sqlite:///{tmp_path_factory.mktemp('figures') / Path('record.sqlite3')}"
        yield _seed(dsn)
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    with server.database() as dsn:
        yield _seed(dsn)


def _seed(dsn: str) -> str:
    migrate(dsn)
    engine = open_engine(dsn)
    with transaction(engine, write=True) as connection:
        written = figures_data.fill(connection, date(2026, 3, 31), 6, 120)
        written += figures_data.fill(connection, date(2026, 10, 27), 6, 120, first=written)
        # To the second, on both sides of midnight and of the hour that comes twice.
        edges = [
            datetime(2026, 10, 24, 22, 0, 0, tzinfo=timezone.utc),
            datetime(2026, 10, 24, 21, 59, 59, 999_999, tzinfo=timezone.utc),
            datetime(2026, 10, 25, 0, 30, tzinfo=timezone.utc),
            datetime(2026, 10, 25, 1, 30, tzinfo=timezone.utc),
            datetime(2026, 3, 29, 0, 59, 59, tzinfo=timezone.utc),
            datetime(2026, 3, 29, 1, 0, 0, tzinfo=timezone.utc),
        ]
        row = {
            "channel": "web",
            "turns": 1,
            "misunderstood": 0,
            "failed": 0,
            "ended_understood": True,
        }
        connection.execute(
            insert(episodes),
            [
                {**row, "conversation_id": f"edge:{at}", "began_at": at, "last_at": at}
                for at in edges
            ],
        )
    engine.dispose()
    return dsn


@pytest.fixture
def database(seeded: str) -> Iterator[Database]:
    database = Database(open_engine(seeded))
    yield database
    database.close()


@pytest.fixture
def reports(database: Database) -> Reports:
    return Reports(database, episode_minutes=30, clock=lambda: NOW)


async def rows(database: Database, table: Any) -> Sequence[Any]:
    found: Sequence[Any] = await database.read(lambda c: c.execute(select(table)).all())
    return found


def spread(values: Sequence[float]) -> Spread:
    if not values:
        return Spread()
    ordered = sorted(values)

    def rank(share: float) -> float:
        return ordered[math.ceil(share * len(ordered)) - 1]

    return Spread(len(ordered), sum(ordered) / len(ordered), rank(0.5), rank(0.9))


def assert_same(found: Spread, expected: Spread) -> None:
    assert found.count == expected.count
    for one, other in zip(
        (found.mean, found.median, found.p90),
        (expected.mean, expected.median, expected.p90),
        strict=True,
    ):
        assert one == (None if other is None else pytest.approx(other, abs=0.002))


def waits(found: Sequence[Any]) -> list[float]:
    return [
        ((row.first_claimed_at or row.ended_at) - row.requested_at).total_seconds()
        for row in found
        if row.cause != "staff_took_over"
        and not (row.ended == "turned_away" and row.first_claimed_at is None)
    ]


def handling(found: Sequence[Any]) -> list[float]:
    return [
        (row.ended_at - row.first_claimed_at).total_seconds()
        for row in found
        if row.first_claimed_at is not None
    ]


@pytest.mark.parametrize(("first", "last", "grain"), PERIODS)
async def test_each_time_is_what_counting_by_hand_gives(
    reports: Reports, database: Database, first: date, last: date, grain: Grain
) -> None:
    period = Period(first, last, grain, OSLO)
    report = await reports.report(period, Selection())
    visits = await rows(database, episodes)
    asked = await rows(database, handoffs)
    seen = 0
    for bucket, figures in report.times:
        there = [row for row in visits if bucket.start <= row.began_at < bucket.end]
        here = [row for row in asked if bucket.start <= row.requested_at < bucket.end]
        assert figures.visits is not None
        assert figures.visits.visits == len(there)
        assert figures.visits.messages == sum(row.turns for row in there)
        assert figures.visits.alone == sum(
            row.handoff_id is None and row.ended_understood for row in there
        )
        answers = [row.first_answer_seconds for row in there if row.first_answer_seconds]
        assert_same(figures.visits.first_answer, spread(answers))
        assert figures.handoffs.count == len(here)
        assert_same(figures.handoffs.wait, spread(waits(here)))
        assert_same(figures.handoffs.handling, spread(handling(here)))
        assert figures.handoffs.rated == sum(row.rating is not None for row in here)
        seen += len(there)
    assert seen == report.total.visits.visits  # type: ignore[union-attr]
    assert seen > 400
    assert_same(report.total.handoffs.wait, spread(waits(_within(asked, period))))


def _within(found: Sequence[Any], period: Period) -> list[Any]:
    return [row for row in found if period.since <= row.requested_at < period.until]


async def test_splits_and_selections_agree(reports: Reports, database: Database) -> None:
    period = Period(date(2026, 3, 20), date(2026, 10, 30), Grain.WEEK, OSLO)
    whole = await reports.report(period, Selection(), Dimension.LANGUAGE)
    for dimension in Dimension:
        split = await reports.report(period, Selection(), dimension)
        assert sum(part.handoffs.count for _, part in split.parts) == whole.total.handoffs.count
        for choice, part in split.parts[:3]:
            if choice is None:
                continue
            selection = Selection(**{dimension.value: choice.value})
            alone = (await reports.report(period, selection)).total
            assert alone.handoffs == part.handoffs
            assert alone.visits == part.visits
    by_agent = await reports.report(period, Selection(), Dimension.AGENT)
    assert {choice.name for choice, _ in by_agent.parts if choice} <= {
        *figures_data.AGENTS.values()
    }
    assert all(part.visits is None for _, part in by_agent.parts)


async def test_first_words_of_staff_and_ratings(reports: Reports, database: Database) -> None:
    period = Period(date(2026, 3, 20), date(2026, 10, 30), Grain.WEEK, OSLO)
    figures = (await reports.report(period, Selection())).total.handoffs
    said = {row.conversation_id: row.at for row in await rows(database, utterances)}
    asked = await rows(database, handoffs)
    words = [
        (said[row.conversation_id] - row.requested_at).total_seconds()
        for row in asked
        if row.conversation_id in said and said[row.conversation_id] <= row.ended_at
    ]
    assert_same(figures.first_word, spread(words))
    given = [row.rating for row in asked if row.rating is not None]
    assert figures.rating == pytest.approx(sum(given) / len(given))
    assert figures.points == {points: given.count(points) for points in set(given)}
    ends = [row.ended for row in asked]
    assert figures.share_resolved == pytest.approx(
        ends.count("resolved") / (ends.count("resolved") + ends.count("unresolved"))
    )


async def test_a_visit_that_is_not_over_counts_for_nobody(database: Database) -> None:
    """Half an hour after the last word it is over."""
    day = Period(date(2026, 10, 25), date(2026, 10, 25), Grain.DAY, OSLO)
    began = [row for row in await rows(database, episodes) if day.since <= row.began_at < day.until]
    for minutes in (60, 600, 1200):
        now = day.since + timedelta(minutes=minutes)
        reports = Reports(database, episode_minutes=30, clock=lambda now=now: now)  # type: ignore[misc]
        figures = (await reports.report(day, Selection())).total.visits
        assert figures is not None
        over = [row for row in began if row.last_at < now - timedelta(minutes=30)]
        assert figures.ended == len(over) < figures.visits == len(began)


async def test_the_handoffs_one_by_one(reports: Reports, database: Database) -> None:
    period = Period(date(2026, 3, 20), date(2026, 10, 30), Grain.WEEK, OSLO)
    found = [row async for row in reports.handoffs(period, Selection())]
    asked = {row.id: row for row in await rows(database, handoffs)}
    assert {row.id for row in found} == set(asked)
    assert len(found) == len(asked)
    assert [row.requested_at for row in found] == sorted(row.requested_at for row in found)
    assert all(row.team in figures_data.TEAMS.values() for row in found)
    some = next(row for row in found if row.handling is not None)
    kept = asked[some.id]
    assert some.handling == pytest.approx(handling([kept])[0], abs=0.002)
    nb = [row async for row in reports.handoffs(period, Selection(language="nb"))]
    assert [row.id for row in nb] == [row.id for row in found if row.language == "nb"]


async def test_what_is_there_to_choose_from(reports: Reports) -> None:
    period = Period(date(2026, 3, 20), date(2026, 10, 30), Grain.WEEK, OSLO)
    choices = await reports.choices(period)
    assert choices[Dimension.CHANNEL][0].value == "web"
    assert {choice.name for choice in choices[Dimension.TEAM]} == set(figures_data.TEAMS.values())
    names = [choice.name for choice in choices[Dimension.AGENT]]
    assert names == sorted(names, key=str)


async def test_what_prometheus_is_told(seeded: str, database: Database) -> None:
    asked = await rows(database, handoffs)
    monitor = SqlDeskMonitor(
        database, episode_minutes=30, agent_gone_seconds=120, clock=lambda: NOW
    )
    totals = await monitor.totals()
    assert sum(totals.causes.values()) == len(asked)
    assert totals.wait.count == len(waits(asked))
    assert totals.wait.seconds == pytest.approx(sum(waits(asked)), rel=1e-4)
    bound = totals.wait.bounds[2]
    assert sum(totals.wait.within[:3]) == sum(wait <= bound for wait in waits(asked))
    assert sum(totals.points.values()) == sum(row.rating is not None for row in asked)
    visits = await rows(database, episodes)
    assert totals.visits_ended == len(visits)
    assert totals.visits_alone == sum(
        row.handoff_id is None and row.ended_understood for row in visits
    )
