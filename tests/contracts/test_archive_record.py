"""What holds for the archive, whatever the database: nothing is missed, nothing counts twice."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

import pytest
from sqlalchemy import insert, select, text

from bot.archive.record import SqlRecord
from bot.errors import StorageUnavailable
from bot.model.content import Attachment, Shared
from bot.model.handoff import Cause, HandoffRequest
from bot.model.journal import DeskSpoke, JournalEntry
from bot.model.messages import Author
from bot.pipeline.redis_streams.client import Redis
from bot.pipeline.redis_streams.transcripts import RedisTranscripts
from bot.record.database import Database, open_engine
from bot.record.tables import episodes, handoffs, turns, utterances
from tests.archived import START, say, turn
from tests.pipeline import LAYOUT

REQUEST = HandoffRequest(Cause.CUSTOMER_ASKED)


@pytest.fixture
def record(database: Database, redis: Redis) -> SqlRecord:
    return SqlRecord(database, RedisTranscripts(redis, LAYOUT), episode_minutes=30)


async def rows(database: Database, table: Any) -> Sequence[Any]:
    found: Sequence[Any] = await database.read(
        lambda c: c.execute(select(table).order_by(*table.primary_key)).all()
    )
    return found


def at(minutes: float) -> datetime:
    return datetime.fromtimestamp(START + minutes * 60, timezone.utc)


async def test_lines_and_turns_are_kept(
    record: SqlRecord, database: Database, redis: Redis
) -> None:
    await say(redis, "Hvor er pakken min? 📦")
    last = await say(redis, "Hva er ordrenummeret?", author=Author.BOT)
    await record.keep([turn(1)])

    kept = await rows(database, utterances)
    assert [(line.author, line.text, line.at) for line in kept] == [
        ("customer", "Hvor er pakken min? 📦", at(0)),
        ("bot", "Hva er ordrenummeret?", at(0)),
    ]
    assert kept[1].cursor.lstrip("0").split("-")[0] == last.split("-")[0]
    (taken,) = await rows(database, turns)
    assert (taken.turn_id, taken.at, taken.intent) == ("1-1", at(0), "order_status")
    assert (taken.handled_by, taken.handoff_id) == ("bot", None)
    assert taken.seconds == pytest.approx(0.05, abs=1e-6)


async def test_handed_in_again_nothing_counts_twice(
    record: SqlRecord, database: Database, redis: Redis
) -> None:
    await say(redis, "one")
    entries: list[JournalEntry] = [turn(1), turn(2, 1), DeskSpoke("web:c1"), turn(1)]
    await record.keep(entries)
    before = [await rows(database, table) for table in (utterances, turns, episodes)]
    await asyncio.gather(*(record.keep(entries) for _ in range(4)))
    assert [await rows(database, table) for table in (utterances, turns, episodes)] == before
    assert before[2][0].turns == 2


async def test_two_processes_that_keep_the_same_count_it_once(
    database: Database, redis: Redis, dsn: str
) -> None:
    """As when a partition passes to another process while the first is still at work."""
    other = Database(open_engine(dsn))
    transcripts = RedisTranscripts(redis, LAYOUT)
    records = [SqlRecord(each, transcripts, episode_minutes=30) for each in (database, other)]
    try:
        for round_ in range(8):
            await say(redis, f"word {round_}", minutes=round_)
            entry = turn(round_, round_)
            await asyncio.gather(*(record.keep([entry]) for record in records * 2))
    finally:
        other.close()
    (visit,) = await rows(database, episodes)
    assert visit.turns == 8
    assert len(await rows(database, utterances)) == len(await rows(database, turns)) == 8


async def test_a_transcript_longer_than_a_page_is_kept_whole_and_in_order(
    record: SqlRecord, database: Database, redis: Redis
) -> None:
    for number in range(1203):
        await say(redis, str(number))  # all in one millisecond: the cursor's count decides
    await record.keep([DeskSpoke("web:c1")])
    await say(redis, "1203")
    await record.keep([DeskSpoke("web:c1")])
    kept = await database.read(
        lambda c: c.execute(select(utterances.c.text).order_by(utterances.c.cursor)).scalars().all()
    )
    assert kept == [str(number) for number in range(1204)]


async def test_a_pause_ends_a_visit(record: SqlRecord, database: Database) -> None:
    await record.keep([turn(1, 0, intent="greet"), turn(2, 29), turn(3, 58, understood=False)])
    await record.keep([turn(4, 89, intent="opening_hours", language="nb", failed=True)])
    first, second = await rows(database, episodes)
    assert (first.began_at, first.last_at, first.turns) == (at(0), at(58), 3)
    assert (first.intent, first.misunderstood, first.ended_understood) == ("order_status", 1, False)
    assert (second.began_at, second.intent, second.language) == (at(89), "opening_hours", "nb")
    assert (second.failed, second.ended_understood) == (1, False)


async def test_words_of_staff_keep_a_visit_going_and_begin_none(
    record: SqlRecord, database: Database, redis: Redis
) -> None:
    await record.keep([turn(1, request=REQUEST)])
    await say(redis, "Hei, Kari her.", minutes=25, author=Author.STAFF, name="Kari")
    await record.keep([DeskSpoke("web:c1")])
    await record.keep([turn(2, 50, floor="t1-1")])
    await say(redis, "Er du der?", minutes=200, author=Author.STAFF, name="Kari")
    await record.keep([DeskSpoke("web:c1")])
    (visit,) = await rows(database, episodes)
    assert (visit.last_at, visit.turns, visit.handoff_id) == (at(50), 2, "t1-1")
    assert [row.handled_by for row in await rows(database, turns)] == ["bot", "desk"]
    assert (await rows(database, utterances))[0].name == "Kari"


async def test_points_and_a_conversation_handed_back_are_no_visit(
    record: SqlRecord, database: Database
) -> None:
    await record.keep([turn(1), turn(2, 40, handed_back="t1-1"), turn(3, 90, rated=5)])
    (visit,) = await rows(database, episodes)
    assert (visit.turns, visit.last_at) == (1, at(0))
    assert [row.handled_by for row in await rows(database, turns)] == ["bot", "return", "bot"]


async def test_a_visit_that_staff_took_over_unasked_is_not_the_bots_alone(
    record: SqlRecord, database: Database
) -> None:
    await record.keep([turn(1)])
    handoff = {
        "id": "h1",
        "floor_id": "h1",
        "conversation_id": "web:c1",
        "state": "back_to_bot",
        "version": 2,
        "cause": "staff_took_over",
        "language": "en",
        "channel": "web",
        "requested_at": at(5),
        "waiting_since": at(5),
        "queued_at": at(5),
    }
    await database.write(lambda c: c.execute(insert(handoffs), handoff))
    await record.keep([turn(2, 120, handed_back="h1")])
    (visit,) = await rows(database, episodes)
    assert (visit.handoff_id, visit.turns) == ("h1", 1)


async def test_what_no_database_takes_holds_up_nothing(
    record: SqlRecord, database: Database, redis: Redis
) -> None:
    shared = Shared("see\0this", (Attachment("image", name="søknad.png"), Attachment("sticker")))
    await say(redis, shared, name="N" * 400)
    await say(redis, "other", conversation="web:c2")
    await redis.xadd(LAYOUT.chat("web:c3"), {"u": "no JSON", "t": "1-9"})
    await record.keep(
        [
            turn(1, intent="i" * 500, language="x" * 40),
            turn(2, conversation_id="web:c2"),
            turn(3, conversation_id="web:c3"),
        ]
    )
    kept = await rows(database, utterances)
    assert {line.text for line in kept} == {"seethis\nsøknad.png\n[sticker]", "other"}
    assert len(await rows(database, turns)) == 3


async def test_a_database_that_is_away_is_told(
    record: SqlRecord, database: Database, redis: Redis
) -> None:
    await say(redis, "later")
    await database.write(lambda c: c.execute(text("ALTER TABLE turns RENAME TO away")))
    with pytest.raises(Exception, match="turns") as failed:
        await record.keep([turn(1)])
    assert not isinstance(failed.value, AssertionError)
    await database.write(lambda c: c.execute(text("ALTER TABLE away RENAME TO turns")))
    assert await rows(database, utterances) == []
    await record.keep([turn(1)])
    assert len(await rows(database, utterances)) == 1


async def test_a_transcript_that_can_not_be_read_now_keeps_nothing(
    database: Database, redis: Redis
) -> None:
    class Away(RedisTranscripts):
        async def read(self, *_: Any, **__: Any) -> Any:
            raise StorageUnavailable("Redis does not answer")

    record = SqlRecord(database, Away(redis, LAYOUT), episode_minutes=30)
    with pytest.raises(StorageUnavailable):
        await record.keep([turn(1)])
    assert await rows(database, turns) == []
