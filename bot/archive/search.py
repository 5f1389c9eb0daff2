"""Full text search over transcripts, and a conversation's lines of before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Table, select
from sqlalchemy.engine import Connection
from sqlalchemy.sql import Select
from sqlalchemy.sql.elements import ColumnElement

from bot.archive import matching
from bot.archive.cursors import plain, sortable
from bot.archive.terms import Snippet, parse, snippet
from bot.model.messages import Author
from bot.record.database import Database
from bot.record.moments import epoch
from bot.record.tables import episodes, handoff_events, handoff_tags, handoffs, utterances

MOST_HITS = 100

# A gateway's clock may be ahead of Redis's by as much; in seconds.
_CLOCKS_APART = 60


@dataclass(frozen=True)
class SearchQuery:
    """What to look for; all that is set has to hold.

    `text` is what somebody typed: every word as the beginning of one, what stands in quotes just
    so. `since` and `until` bound the line, the latter not included. `language`, `handed_over` are
    those of the visit in which it was said. `tag` and `agent_id` belong to a handoff of its
    conversation: it was given that tag, somebody had it (see `bot.model.handoff.Agent`).
    """

    text: str = ""
    channel: str | None = None
    language: str | None = None
    author: Author | None = None
    since: datetime | None = None
    until: datetime | None = None
    handed_over: bool | None = None
    tag: str | None = None
    agent_id: str | None = None


@dataclass(frozen=True)
class Line:
    """A kept line of a transcript. `cursor` is the transcript's own; `at` is in UTC."""

    conversation_id: str
    cursor: str
    at: datetime
    author: Author
    name: str | None
    channel: str
    kind: str
    text: str


@dataclass(frozen=True)
class Hit:
    """A line that was found, and the part of it to show."""

    line: Line
    snippet: Snippet


@dataclass(frozen=True)
class Hits:
    """Some hits, the newest first. `before` continues the search; None: these were the last."""

    hits: Sequence[Hit]
    before: int | None


class Search:
    """Finds lines of transcripts. Whatever is typed is words to look for, never a syntax error."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, query: SearchQuery, *, limit: int = 25, before: int | None = None) -> Hits:
        """The newest lines that match, `limit` at most; further ones by the answer's `before`.

        Without text the filters alone decide. Raises StorageUnavailable.
        """
        terms = parse(query.text)
        if query.text.strip() and not terms:
            return Hits((), None)
        limit = max(1, min(limit, MOST_HITS))

        def work(connection: Connection) -> Hits:
            statement = _statement(query).order_by(utterances.c.id.desc()).limit(limit + 1)
            if before is not None:
                statement = statement.where(utterances.c.id < before)
            if terms:
                statement = matching.matching(statement, terms, connection.dialect.name)
            rows = connection.execute(statement).all()
            hits = [Hit(_line(row), snippet(row.text, terms)) for row in rows[:limit]]
            return Hits(hits, rows[limit - 1].id if len(rows) > limit else None)

        return await self._database.read(work)

    async def history(
        self, conversation_id: str, *, before: str | None = None, limit: int = 100
    ) -> Sequence[Line]:
        """The newest kept lines of a conversation before a cursor, the oldest first.

        Raises InvalidMessage (`bad_cursor`), StorageUnavailable.
        """
        columns = utterances.c
        statement = select(utterances).where(columns.conversation_id == conversation_id)
        if before is not None:
            statement = statement.where(columns.cursor < sortable(before))
        statement = statement.order_by(columns.cursor.desc()).limit(limit)
        rows = await self._database.read(lambda c: c.execute(statement).all())
        return [_line(row) for row in reversed(rows)]


def _statement(query: SearchQuery) -> Select:
    columns = utterances.c
    statement = select(utterances)
    for column, wanted in (
        (columns.channel, query.channel),
        (columns.author, query.author.value if query.author else None),
    ):
        if wanted is not None:
            statement = statement.where(column == wanted)
    if query.since is not None:
        statement = statement.where(columns.at >= query.since)
    if query.until is not None:
        statement = statement.where(columns.at < query.until)
    if query.language is not None:
        statement = statement.where(_of_visit(episodes.c.language) == query.language)
    if query.handed_over is not None:
        handoff = _of_visit(episodes.c.handoff_id)
        statement = statement.where(
            handoff.is_not(None) if query.handed_over else handoff.is_(None)
        )
    if query.tag is not None:
        statement = statement.where(_of_handoff(handoff_tags, handoff_tags.c.tag == query.tag))
    if query.agent_id is not None:
        owner = handoff_events.c.owner_id == query.agent_id
        statement = statement.where(_of_handoff(handoff_events, owner))
    return statement


def _of_visit(column: ColumnElement[Any]) -> ColumnElement[Any]:
    return (
        select(column)
        .where(
            episodes.c.conversation_id == utterances.c.conversation_id,
            epoch(episodes.c.began_at) <= epoch(utterances.c.at) + _CLOCKS_APART,
        )
        .order_by(episodes.c.began_at.desc())
        .limit(1)
        .scalar_subquery()
    )


def _of_handoff(table: Table, condition: ColumnElement[Any]) -> ColumnElement[Any]:
    return (
        select(table.c.handoff_id)
        .join(handoffs, handoffs.c.id == table.c.handoff_id)
        .where(handoffs.c.conversation_id == utterances.c.conversation_id, condition)
        .exists()
    )


def _line(row: Any) -> Line:
    return Line(
        conversation_id=row.conversation_id,
        cursor=plain(row.cursor),
        at=row.at,
        author=Author(row.author),
        name=row.name,
        channel=row.channel,
        kind=row.kind,
        text=row.text,
    )
