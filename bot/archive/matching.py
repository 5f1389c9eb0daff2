"""How the two databases are asked for text. Words are letters and digits, so neither can be upset."""

from __future__ import annotations

from sqlalchemy import column, func, literal_column, select, table
from sqlalchemy.sql import Select

from bot.archive.terms import Term, Terms
from bot.record.tables import utterances
from bot.record.tables.archive import SEARCH_COLUMN, SEARCH_TABLE


def matching(statement: Select, terms: Terms, dialect: str) -> Select:
    """Only those lines in which all terms stand."""
    if dialect == "postgresql":
        asked = " & ".join(f"({_for_postgresql(term)})" for term in terms)
        vector = literal_column(f"{utterances.name}.{SEARCH_COLUMN}")
        return statement.where(vector.op("@@")(func.to_tsquery("simple", asked)))
    index = table(SEARCH_TABLE, column("rowid"))
    asked = " AND ".join(map(_for_sqlite, terms))
    found = select(index.c.rowid).where(literal_column(SEARCH_TABLE).op("MATCH")(asked))
    return statement.where(utterances.c.id.in_(found))


def _for_postgresql(term: Term) -> str:
    quoted = [f"'{word}'" for word in term.words]
    if term.prefix:
        quoted[-1] += ":*"
    return " <-> ".join(quoted)


def _for_sqlite(term: Term) -> str:
    return f'"{" ".join(term.words)}"' + ("*" if term.prefix else "")
