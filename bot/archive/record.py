"""Keeps the journal in the database. See `bot.ports.Record`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta

import structlog
from sqlalchemy.engine import Connection

from bot.archive import rows
from bot.archive.cursors import BEGINNING, plain
from bot.archive.visits import SMALL_TALK, VisitBook, moment
from bot.errors import UnreadableEntry
from bot.model.journal import JournalEntry, TurnRecord
from bot.model.messages import Author, Utterance
from bot.ports import Record, Transcripts
from bot.record.database import Database

logger = structlog.get_logger(__name__)

_PAGE = 500
_READERS = 16


class SqlRecord(Record):
    """Transcripts, turns and visits, one transaction for each batch of the journal.

    A transcript is read from the line that was kept last, so nothing is missed whatever got lost
    before. `episode_minutes` without a word end a visit; `small_talk` are the intents, `*` standing
    for anything, that do not say what one is about.
    """

    def __init__(
        self,
        database: Database,
        transcripts: Transcripts,
        *,
        episode_minutes: int,
        small_talk: Sequence[str] = SMALL_TALK,
    ) -> None:
        self._database = database
        self._transcripts = transcripts
        self._pause = timedelta(minutes=episode_minutes)
        self._small_talk = small_talk

    async def keep(self, entries: Sequence[JournalEntry]) -> None:
        """See the port."""
        conversations = list(dict.fromkeys(entry.conversation_id for entry in entries))
        if not conversations:
            return
        last = await self._database.read(lambda c: rows.last_cursors(c, conversations))
        gate = asyncio.Semaphore(_READERS)

        async def news(conversation_id: str) -> list[Utterance]:
            after = last.get(conversation_id)
            async with gate:
                return await self._read(conversation_id, plain(after) if after else BEGINNING)

        read = await asyncio.gather(*map(news, conversations))
        lines = dict(zip(conversations, read, strict=True))
        records = {entry.turn_id: entry for entry in entries if isinstance(entry, TurnRecord)}
        await self._database.write(lambda c: self._save(c, lines, list(records.values())))

    async def _read(self, conversation_id: str, after: str) -> list[Utterance]:
        lines: list[Utterance] = []
        try:
            while page := await self._transcripts.read(conversation_id, after, _PAGE):
                lines += page
                after = page[-1].cursor
                if len(page) < _PAGE:
                    break
        except UnreadableEntry as error:
            # Its turns are counted all the same, and the other conversations are kept.
            logger.error("transcript_not_kept", conversation=conversation_id, error=str(error))
        return lines

    def _save(
        self,
        connection: Connection,
        lines: Mapping[str, Sequence[Utterance]],
        records: Sequence[TurnRecord],
    ) -> None:
        rows.hold(connection, list(lines))
        known = rows.known_turns(connection, [record.turn_id for record in records])
        fresh = [record for record in records if record.turn_id not in known]
        began = rows.beginnings(
            connection, [turn.handed_back for turn in fresh if turn.handed_back is not None]
        )
        visits = rows.last_visits(connection, list(lines))
        taken: dict[str, list[TurnRecord]] = {}
        for record in fresh:
            taken.setdefault(record.conversation_id, []).append(record)
        changed = []
        for conversation_id, said in lines.items():
            book = VisitBook(visits.get(conversation_id), self._pause, self._small_talk)
            events: list[TurnRecord | Utterance] = [
                *(line for line in said if line.author is Author.STAFF),
                *taken.get(conversation_id, ()),
            ]
            for event in sorted(events, key=_time):
                if isinstance(event, Utterance):
                    book.staff_spoke(moment(event.at))
                    continue
                book.count(event)
                if event.handed_back in began:
                    book.handed_over(event.handed_back, began[event.handed_back])
            changed += book.changed
        rows.add_lines(connection, lines)
        rows.add_turns(connection, fresh)
        rows.save_visits(connection, changed)


def _time(event: TurnRecord | Utterance) -> float:
    return event.at if isinstance(event, Utterance) else event.received_at
