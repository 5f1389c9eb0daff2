"""Canned answers: texts that staff send often, with placeholders for who it is about."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from string import Formatter

from sqlalchemy import delete, insert, select
from sqlalchemy.engine import Connection, Row

from bot.errors import HandoffRefused
from bot.handoff.store import utc_now
from bot.record.database import Database
from bot.record.tables import canned_answers

# Always there; the bot's slots come on top of them.
OWN_PLACEHOLDERS = ("customer_name", "agent_name")

_SHORTCUT = re.compile(r"[a-z0-9æøå_-]{1,64}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]+)*")
_LONGEST = 4_000


@dataclass(frozen=True)
class CannedAnswer:
    """`shortcut` is what staff type after `/`; there is one text for each `language`."""

    shortcut: str
    language: str
    title: str
    text: str


@dataclass(frozen=True)
class Filled:
    """A text with what is known filled in; `missing` placeholders stand in it as they were."""

    text: str
    missing: tuple[str, ...] = ()


class CannedAnswers:
    """`placeholders` are the slots that may be filled in, besides the names of the two people."""

    def __init__(
        self,
        database: Database,
        *,
        placeholders: Sequence[str] = ("order_number",),
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database = database
        self.placeholders = (*OWN_PLACEHOLDERS, *placeholders)
        self._clock = clock

    async def list(self) -> Sequence[CannedAnswer]:
        """All, by shortcut and language."""
        query = select(canned_answers).order_by(
            canned_answers.c.shortcut, canned_answers.c.language
        )
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return [_answer(row) for row in rows]

    async def find(self, shortcut: str, language: str) -> CannedAnswer:
        """Raises HandoffRefused (`unknown`)."""
        query = select(canned_answers).where(
            canned_answers.c.shortcut == shortcut, canned_answers.c.language == language
        )
        row = await self._database.read(lambda connection: connection.execute(query).one_or_none())
        if row is None:
            raise HandoffRefused("unknown", "There is no such canned answer")
        return _answer(row)

    async def search(self, words: str, language: str, limit: int = 8) -> Sequence[CannedAnswer]:
        """Those in which all words stand, in the shortcut, the title or the text: first those whose
        shortcut begins so, and those in the customer's language before others.
        """
        # In Python: SQLite's own `lower` knows no letters beyond ASCII, and they are not many.
        wanted = words.casefold().split()
        found = [
            answer
            for answer in await self.list()
            if all(
                word in f"{answer.shortcut} {answer.title} {answer.text}".casefold()
                for word in wanted
            )
        ]
        begin = words.strip().casefold()
        found.sort(
            key=lambda answer: (
                answer.language != language,
                not answer.shortcut.startswith(begin),
                answer.shortcut,
            )
        )
        return found[:limit]

    async def save(self, answer: CannedAnswer) -> None:
        """Make it, or put it in the place of the one with its shortcut and language.

        Raises HandoffRefused (`bad_answer`) with a sentence about what is wrong.
        """
        problem = self._problem(answer)
        if problem:
            raise HandoffRefused("bad_answer", problem)

        def work(connection: Connection) -> None:
            _delete(connection, answer.shortcut, answer.language)
            row = {**answer.__dict__, "updated_at": self._clock()}
            connection.execute(insert(canned_answers), row)

        await self._database.write(work)

    async def delete(self, shortcut: str, language: str) -> None:
        """Nothing where there is none."""
        await self._database.write(lambda connection: _delete(connection, shortcut, language))

    def fill(self, text: str, values: Mapping[str, object]) -> Filled:
        """Put the known values in. What is not known stays, so that nobody sends it unseen."""
        parts, missing = [], []
        try:
            fields = list(Formatter().parse(text))
        except ValueError:
            # Not one of ours: somebody's own words with a brace in them.
            return Filled(text)
        for literal, name, _, _ in fields:
            parts.append(literal)
            if name is None:
                continue
            value = values.get(name)
            if value is None or value == "":
                missing.append(name)
                parts.append(f"{{{name}}}")
            else:
                parts.append(str(value))
        return Filled("".join(parts), tuple(dict.fromkeys(missing)))

    def _problem(self, answer: CannedAnswer) -> str | None:
        if not _SHORTCUT.fullmatch(answer.shortcut):
            return "A shortcut has 1 to 64 of a-z, æ, ø, å, 0-9, _ and -."
        if not _LANGUAGE.fullmatch(answer.language) or len(answer.language) > 16:
            return "The language must be a code such as nb or en."
        if not 0 < len(answer.title.strip()) <= 120:
            return "Give it a title of at most 120 characters."
        if not 0 < len(answer.text.strip()) <= _LONGEST:
            return f"Write a text of at most {_LONGEST} characters."
        return self._problem_of_placeholders(answer.text)

    def _problem_of_placeholders(self, text: str) -> str | None:
        known = ", ".join(f"{{{name}}}" for name in self.placeholders)
        try:
            fields = [part for part in Formatter().parse(text) if part[1] is not None]
        except ValueError:
            return f"A brace is not closed: write {{{{ for a brace, or one of {known}."
        for _, name, spec, how in fields:
            if name not in self.placeholders or spec or how:
                return f"{{{name}}} is no placeholder: use {known}."
        return None


def _answer(row: Row) -> CannedAnswer:
    return CannedAnswer(row.shortcut, row.language, row.title, row.text)


def _delete(connection: Connection, shortcut: str, language: str) -> None:
    connection.execute(
        delete(canned_answers).where(
            canned_answers.c.shortcut == shortcut, canned_answers.c.language == language
        )
    )
