"""Words without their case and accents, as the search compares them.

PostgreSQL's index of transcripts was built with FOLDS: a change needs a migration that builds it
anew. SQLite's tokenizer `unicode61 remove_diacritics 2` does the same by itself.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import chain

# Latin, Greek and Cyrillic letters; punctuation below U+2070.
_LETTERS = (range(0x41, 0x5B), range(0xA0, 0x250), range(0x370, 0x530), range(0x1E00, 0x1F00))
_MARKS = (range(0x21, 0x7F), range(0xA0, 0xC0), range(0x2010, 0x2070))
_COMBINING = range(0x300, 0x370)

_TOKEN = re.compile(r"[^\W_]+")


def _folds() -> tuple[str, str]:
    pairs: dict[str, str] = {}
    for letter in map(chr, chain(*_LETTERS)):
        plain = unicodedata.normalize("NFD", letter.lower())[0]
        if letter.isalpha() and plain != letter:
            pairs[letter] = plain
    for mark in map(chr, chain(*_MARKS)):
        if not mark.isalnum():
            pairs[mark] = " "
    # What has no counterpart is left out.
    return "".join(pairs) + "".join(map(chr, _COMBINING)), "".join(pairs.values())


# What PostgreSQL's `translate` takes: each of the first becomes its counterpart in the second.
FOLDS = _folds()
_TABLE = str.maketrans(FOLDS[0][: len(FOLDS[1])], FOLDS[1], FOLDS[0][len(FOLDS[1]) :])


def fold(text: str) -> str:
    """Without case, accents and punctuation, in Unicode's composed form."""
    return unicodedata.normalize("NFC", text).translate(_TABLE).lower()


def words(text: str) -> list[str]:
    """The folded words: runs of letters and digits."""
    return _TOKEN.findall(fold(text))


def places_of_words(text: str) -> list[tuple[str, int, int]]:
    """Each folded word with where it begins and ends in `text` itself."""
    return [
        (folded, found.start(), found.end())
        for found in re.finditer(r"(?:[^\W_][\u0300-\u036f]*)+", text)
        if (folded := fold(found.group()))
    ]
