"""What somebody typed into the search, and where it stands in a text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.record.folding import places_of_words, words

_LONGEST_QUERY = 400
_MOST_TERMS = 12
_LONGEST_WORD = 64
_SHOWN = 200
_LEAD = 60

# In straight, typographic and Norwegian quotes, or a run without any.
_PARTS = re.compile(r'["“”„«]([^"“”„«»]*)(?:["“”„»]|$)|([^\s"“”„«»]+)')


@dataclass(frozen=True)
class Term:
    """Folded words that have to stand one after the other; of a prefix the last may go on."""

    words: tuple[str, ...]
    prefix: bool


Terms = Sequence[Term]


@dataclass(frozen=True)
class Snippet:
    """A part of a line, and where the words that were looked for stand in it.

    `marks` are pairs of positions in `text`, in order, that do not overlap. `cut_before` and
    `cut_after`: the line goes on there.
    """

    text: str
    marks: tuple[tuple[int, int], ...]
    cut_before: bool
    cut_after: bool

    @property
    def pieces(self) -> list[tuple[str, bool]]:
        """The text in order, each piece with whether it is to be marked."""
        found, at = [], 0
        for start, end in self.marks:
            found += [(self.text[at:start], False), (self.text[start:end], True)]
            at = end
        return [piece for piece in [*found, (self.text[at:], False)] if piece[0]]


def parse(query: str) -> Terms:
    """The terms of a query, empty where it has no word at all. Takes anything."""
    terms = []
    for quoted, loose in _PARTS.findall(query[:_LONGEST_QUERY]):
        found = tuple(word[:_LONGEST_WORD] for word in words(quoted or loose))
        if found:
            terms.append(Term(found, prefix=not quoted))
    return terms[:_MOST_TERMS]


def snippet(text: str, terms: Terms) -> Snippet:
    """The part of `text` around the first word that was found, with all of them marked."""
    marks = _marks(text, terms)
    first = marks[0][0] if marks else 0
    start = max(0, first - _LEAD) if len(text) > _SHOWN else 0
    if start:
        # Not in the middle of a word, where there is a gap to begin at.
        gap = text.find(" ", start, first)
        start = gap + 1 if gap >= 0 else start
    end = min(len(text), start + _SHOWN)
    kept = tuple(
        (begin - start, min(finish, end) - start) for begin, finish in marks if begin < end
    )
    return Snippet(text[start:end], kept, start > 0, end < len(text))


def _marks(text: str, terms: Terms) -> list[tuple[int, int]]:
    places = places_of_words(text)
    found = {
        index + step
        for term in terms
        for index in range(len(places) - len(term.words) + 1)
        if _stands(term, [place[0] for place in places[index : index + len(term.words)]])
        for step in range(len(term.words))
    }
    return [places[index][1:] for index in sorted(found)]


def _stands(term: Term, there: Sequence[str]) -> bool:
    if not term.prefix:
        return tuple(there) == term.words
    return tuple(there[:-1]) == term.words[:-1] and there[-1].startswith(term.words[-1])
