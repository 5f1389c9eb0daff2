"""A transcript's cursors as the database can order them.

A cursor is two numbers, `<milliseconds>-<count>`; as text, 10 would stand before 9.
"""

from __future__ import annotations

from bot.errors import InvalidMessage

# Before every line of a transcript.
BEGINNING = "0-0"
_DIGITS = 20


def sortable(cursor: str) -> str:
    """With leading zeros. Raises InvalidMessage (`bad_cursor`) for what is no cursor."""
    parts = cursor.split("-")
    if len(parts) != 2 or not all(
        part.isascii() and part.isdigit() and len(part) <= _DIGITS for part in parts
    ):
        raise InvalidMessage("bad_cursor", "The cursor is not one that this server gave out.")
    return "-".join(part.zfill(_DIGITS) for part in parts)


def plain(stored: str) -> str:
    """As the transcript has it."""
    return "-".join(part.lstrip("0") or "0" for part in stored.split("-"))


def following(cursor: str) -> str:
    """The next one that could be: what is before it includes the line at `cursor`.

    Raises InvalidMessage (`bad_cursor`).
    """
    milliseconds, count = plain(sortable(cursor)).split("-")
    return f"{milliseconds}-{int(count) + 1}"
