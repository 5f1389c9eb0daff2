"""What the archive writes and reads, statement by statement; each call is one for many rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, literal, select, text, union_all, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.sql.selectable import CTE

from bot.archive.cursors import sortable
from bot.archive.texts import text_of
from bot.archive.visits import Visit, handoff_of, moment, seconds_of
from bot.model.journal import TurnRecord
from bot.model.messages import Utterance
from bot.record.tables import episodes, handoffs, turns, utterances

# Fewer than the terms that SQLite takes in one compound statement.
_AT_ONCE = 200
# Longer ones are cut: nothing that people read is, and PostgreSQL indexes no more than a megabyte.
_LONGEST_TEXT = 100_000

_VISIT_FIELDS = [column.name for column in episodes.c]


def last_cursors(connection: Connection, conversations: Sequence[str]) -> dict[str, str]:
    """The last line that is kept of each conversation, as it is stored; none: not in it."""
    found: dict[str, str] = {}
    for wanted in _given(conversations):
        last = (
            select(func.max(utterances.c.cursor))
            .where(utterances.c.conversation_id == wanted.c.id)
            .scalar_subquery()
        )
        rows = connection.execute(select(wanted.c.id, last))
        found.update({row[0]: row[1] for row in rows if row[1] is not None})
    return found


def last_visits(connection: Connection, conversations: Sequence[str]) -> dict[str, Visit]:
    """The last visit of each conversation that has had one."""
    found: dict[str, Visit] = {}
    each = episodes.alias("each_visit")
    for wanted in _given(conversations):
        last = (
            select(each.c.id)
            .where(each.c.conversation_id == wanted.c.id)
            .order_by(each.c.began_at.desc(), each.c.id.desc())
            .limit(1)
            .scalar_subquery()
        )
        rows = connection.execute(select(episodes).join(wanted, episodes.c.id == last)).mappings()
        found.update({row["conversation_id"]: Visit(**row) for row in rows})
    return found


def known_turns(connection: Connection, ids: Sequence[str]) -> set[str]:
    """Which of these turns are kept already."""
    found = connection.execute(select(turns.c.turn_id).where(turns.c.turn_id.in_(ids)))
    return {row.turn_id for row in found}


def beginnings(connection: Connection, floors: Sequence[str]) -> dict[str, datetime]:
    """When each of the handoffs that had the floor under these names began."""
    if not floors:
        return {}
    found = connection.execute(
        select(handoffs.c.floor_id, handoffs.c.requested_at).where(handoffs.c.floor_id.in_(floors))
    )
    return {row.floor_id: row.requested_at for row in found}


def hold(connection: Connection, conversations: Sequence[str]) -> None:
    """Let nobody else count these conversations' turns until the transaction is over.

    SQLite has one writer anyway.
    """
    if connection.dialect.name == "postgresql":
        keys = "SELECT hashtextextended(id, 0) AS key FROM unnest(:ids) AS id ORDER BY key"
        connection.execute(
            text(f"SELECT pg_advisory_xact_lock(key) FROM ({keys}) AS keys"),  # noqa: S608
            {"ids": sorted(conversations)},
        )


def add_lines(connection: Connection, lines: Mapping[str, Sequence[Utterance]]) -> None:
    """Add a transcript's lines, by conversation; those that are there are left as they are."""
    rows = [_line(conversation, line) for conversation, said in lines.items() for line in said]
    _add(connection, utterances, rows)


def add_turns(connection: Connection, records: Sequence[TurnRecord]) -> None:
    """Add turns; those that are there are left as they are."""
    _add(connection, turns, [_turn(record) for record in records])


def save_visits(connection: Connection, visits: Sequence[Visit]) -> None:
    """Add new visits and bring known ones up to date."""
    rows = [_visit(visit) for visit in visits]
    _add(connection, episodes, [_without_id(row) for row in rows if row["id"] is None])
    known = [
        {f"new_{name}": value for name, value in row.items()}
        for row in rows
        if row["id"] is not None
    ]
    if known:
        changed: dict[str, Any] = {
            name: bindparam(f"new_{name}") for name in _VISIT_FIELDS if name != "id"
        }
        connection.execute(
            update(episodes).where(episodes.c.id == bindparam("new_id")).values(changed), known
        )


def _add(connection: Connection, table: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        return
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    connection.execute(dialect.insert(table).on_conflict_do_nothing(), rows)


def _given(ids: Sequence[str]) -> Iterator[CTE]:
    for start in range(0, len(ids), _AT_ONCE):
        part = ids[start : start + _AT_ONCE]
        terms = [
            select(literal(value, utterances.c.conversation_id.type).label("id")) for value in part
        ]
        yield union_all(*terms).cte("wanted")


def _line(conversation: str, line: Utterance) -> dict[str, Any]:
    return {
        "conversation_id": conversation,
        "cursor": sortable(line.cursor),
        "at": moment(line.at),
        "author": line.author.value,
        "name": _fitting(line.name, utterances.c.name),
        "channel": _fitting(line.channel, utterances.c.channel),
        "kind": line.content.kind,
        "text": text_of(line.content)[:_LONGEST_TEXT],
        "turn_id": _fitting(line.turn_id, utterances.c.turn_id),
    }


def _turn(record: TurnRecord) -> dict[str, Any]:
    handled_by = "bot" if record.floor is None else "desk"
    return {
        "turn_id": record.turn_id,
        "conversation_id": record.conversation_id,
        "event_id": _fitting(record.event_id, turns.c.event_id),
        "at": moment(record.received_at),
        "seconds": seconds_of(record),
        "channel": _fitting(record.channel, turns.c.channel),
        "language": _fitting(record.language, turns.c.language),
        "intent": _fitting(record.intent, turns.c.intent),
        "confidence": record.confidence,
        "understood": record.understood,
        "failed": record.failed,
        "handled_by": "return" if record.handed_back is not None else handled_by,
        "handoff_id": record.handed_back or handoff_of(record),
    }


def _visit(visit: Visit) -> dict[str, Any]:
    cut = ("channel", "language", "intent")
    return {
        **asdict(visit),
        **{name: _fitting(getattr(visit, name), episodes.c[name]) for name in cut},
    }


def _without_id(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "id"}


def _fitting(value: str | None, column: Any) -> str | None:
    # PostgreSQL refuses what is too long, and one such row would hold up all that came with it.
    return None if value is None else value.replace("\0", "")[: column.type.length]
