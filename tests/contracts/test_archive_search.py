"""What holds for the search over transcripts, whatever the database."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, update
from sqlalchemy.engine import Connection

from bot.archive.search import Search, SearchQuery
from bot.model.messages import Author
from bot.record.database import Database, open_engine, transaction
from bot.record.migrate import migrate
from bot.record.tables import episodes, handoff_events, handoff_tags, handoffs, utterances
from tests.postgres import PostgresServer

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=timezone.utc)

# (conversation, minutes after noon, author, text)
SAID: Sequence[tuple[str, int, str, str]] = [
    ("web:a", 0, "customer", "Hvor er pakken min? Ordre 10042"),
    ("web:a", 1, "bot", "Pakken er på vei fra Ålesund til Tromsø."),
    ("web:a", 2, "staff", "Hei! Jeg ser på **saken** din nå."),
    ("web:b", 60, "customer", "My order never arrived, crème brûlée ruined (ref. RET-2026/7)"),
    ("web:b", 61, "bot", "Sorry to hear that the order never came."),
    ("telegram:c", 120, "customer", "<script>alert('pakke')</script> kjære dere"),
    ("telegram:c", 121, "bot", "ÆRLIG TALT: ØL OG Å"),
]


def line(number: int, conversation: str, minutes: int, author: str, said: str) -> dict[str, Any]:
    return {
        "conversation_id": conversation,
        "cursor": f"{minutes:020d}-{number:020d}",
        "at": NOON + timedelta(minutes=minutes),
        "author": author,
        "name": "Kari" if author == "staff" else None,
        "channel": conversation.partition(":")[0],
        "kind": "text",
        "text": said,
        "turn_id": f"0-{number}-0",
    }


def visit(conversation: str, minutes: int, language: str, handoff: str | None) -> dict[str, Any]:
    at = NOON + timedelta(minutes=minutes)
    return {
        "conversation_id": conversation,
        "began_at": at,
        "last_at": at + timedelta(minutes=2),
        "channel": conversation.partition(":")[0],
        "language": language,
        "turns": 1,
        "misunderstood": 0,
        "failed": 0,
        "ended_understood": True,
        "handoff_id": handoff,
    }


def fill(connection: Connection) -> None:
    connection.execute(
        insert(utterances), [line(number, *said) for number, said in enumerate(SAID)]
    )
    connection.execute(
        insert(episodes),
        [
            visit("web:a", 0, "nb", "h1"),
            visit("web:b", 60, "en", None),
            visit("telegram:c", 120, "nb", None),
        ],
    )
    handoff = {
        "id": "h1",
        "floor_id": "h1",
        "conversation_id": "web:a",
        "state": "with_person",
        "version": 2,
        "cause": "customer_asked",
        "language": "nb",
        "channel": "web",
        "requested_at": NOON,
        "waiting_since": NOON,
        "queued_at": NOON,
    }
    connection.execute(insert(handoffs), handoff)
    connection.execute(insert(handoff_tags), {"handoff_id": "h1", "tag": "delivery"})
    claimed = {"handoff_id": "h1", "version": 2, "at": NOON, "step": "claim", "owner_id": "kari"}
    connection.execute(
        insert(handoff_events), {**claimed, "before": "waiting", "after": "with_person"}
    )


# Filled once for all that only look.
@pytest.fixture(scope="module", params=["sqlite", pytest.param("pg", marks=pytest.mark.postgres)])
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    if request.param == "sqlite":
        folder: Path = tmp_path_factory.mktemp("search")
        yield _filled(f"sqlite:///{folder / 'record.sqlite3'}")
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    with server.database() as dsn:
        yield _filled(dsn)


def _filled(dsn: str) -> str:
    migrate(dsn)
    engine = open_engine(dsn)
    with transaction(engine, write=True) as connection:
        fill(connection)
    engine.dispose()
    return dsn


@pytest.fixture
def search(filled: str) -> Iterator[Search]:
    database = Database(open_engine(filled))
    yield Search(database)
    database.close()


async def found(search: Search, text: str = "", **filters: Any) -> list[int]:
    """The numbers of the lines that were found, in the order of what was said."""
    hits = await search.find(SearchQuery(text, **filters))
    order = [said[3] for said in SAID]
    return sorted(order.index(hit.line.text) for hit in hits.hits)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("pakken", [0, 1]),
        ("pakk", [0, 1, 5]),
        ("PAKK tromsø", [1]),
        ("tromso", []),  # ø is a letter of its own, no o with a mark
        ("alesund", [1]),
        ("Ålesund", [1]),
        ("A\u030alesund", [1]),
        ("creme brulee", [3]),
        ("ærlig øl", [6]),
        ('"never arrived"', [3]),
        ('"arrived never"', []),
        ('"never arr"', []),
        ("order never", [3, 4]),
        ("«order never»", [3, 4]),
        ("10042", [0]),
        ("100", [0]),
        ("ret-2026/7", [3]),
        ("script alert", [5]),
        ("sak", [2]),
        ("nothing-of-this", []),
        ("???", []),
        ("   ", [0, 1, 2, 3, 4, 5, 6]),
        ("NOT pakken", []),
        ("pakken OR order", []),
    ],
)
async def test_what_is_found(search: Search, text: str, lines: list[int]) -> None:
    assert await found(search, text) == lines


@pytest.mark.parametrize(
    ("filters", "lines"),
    [
        ({"channel": "telegram"}, [5, 6]),
        ({"language": "en"}, [3, 4]),
        ({"language": "nb", "channel": "web"}, [0, 1, 2]),
        ({"author": Author.STAFF}, [2]),
        ({"since": NOON + timedelta(minutes=61)}, [4, 5, 6]),
        ({"until": NOON + timedelta(minutes=1)}, [0]),
        ({"handed_over": True}, [0, 1, 2]),
        ({"handed_over": False}, [3, 4, 5, 6]),
        ({"tag": "delivery"}, [0, 1, 2]),
        ({"tag": "other"}, []),
        ({"agent_id": "kari"}, [0, 1, 2]),
        ({"agent_id": "ola"}, []),
    ],
)
async def test_filters(search: Search, filters: dict[str, Any], lines: list[int]) -> None:
    assert await found(search, **filters) == lines
    assert await found(search, "pakk", **filters) == [n for n in lines if n in {0, 1, 5}]


async def test_the_newest_come_first_page_by_page(search: Search) -> None:
    seen: list[str] = []
    before: int | None = None
    for _ in range(4):
        page = await search.find(SearchQuery(), limit=2, before=before)
        seen += [hit.line.text for hit in page.hits]
        before = page.before
    assert before is None
    assert seen == [said[3] for said in reversed(SAID)]


async def test_the_index_follows_what_becomes_of_a_line(database: Database) -> None:
    """Lines are changed and deleted when somebody asks to be forgotten."""
    await database.write(fill)
    search = Search(database)
    columns = utterances.c
    change = update(utterances).where(columns.text.like("Hvor er%")).values(text="[slettet]")
    await database.write(lambda c: c.execute(change))
    await database.write(lambda c: c.execute(delete(utterances).where(columns.author == "bot")))
    hits = await search.find(SearchQuery("pakken"))
    assert hits.hits == []
    assert [hit.line.text for hit in (await search.find(SearchQuery("slettet"))).hits]


async def test_history_page_by_page(search: Search) -> None:
    newest = await search.history("web:a", limit=2)
    assert [line.text for line in newest] == [SAID[1][3], SAID[2][3]]
    assert newest[0].cursor == "1-1"
    older = await search.history("web:a", before=newest[0].cursor)
    assert [line.text for line in older] == [SAID[0][3]]
    assert await search.history("web:none") == []


@given(
    st.lists(
        st.text()
        | st.sampled_from(
            ['"', "*", "'", "\\", "AND", "OR", "NOT", "NEAR(", ")", "^", ":", "-", "pakk", "&|!<->"]
        ),
        max_size=6,
    ).map(" ".join)
)
@example("a" * 3000)
@example('"' * 50)
@example("text:pakken")
@example("ꙮ﷽ 你好 ١٢٣ ½ 1e5 -3 ǅ ß ı İ")
@example("\0")
@example("\ud800")
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_nothing_that_is_typed_is_an_error(filled: str, text: str) -> None:
    async def ask() -> None:
        database = Database(open_engine(filled, threads=1), threads=1)
        try:
            hits = await Search(database).find(SearchQuery(text))
        finally:
            database.close()
        assert len(hits.hits) <= len(SAID)

    asyncio.run(ask())
