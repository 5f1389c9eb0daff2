"""Texts under a platform's limit, counted in the platform's unit. Pure functions.

A text is cut at the end of a paragraph or line where the piece is at least half full, else at the
end of a sentence (UAX #29), else between words, else where a line may be broken (UAX #14), else
between two graphemes. A grapheme itself is cut only where it alone is over the limit.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import accumulate

from uniseg.graphemecluster import grapheme_clusters
from uniseg.linebreak import line_break_boundaries
from uniseg.sentencebreak import sentence_boundaries

from channels.rendering.markup import Block, Code, Item, Paragraph, Span, as_plain, parse
from channels.rendering.writing import literal, source

Length = Callable[[str], int]
Rendered = Callable[[Sequence[Block]], str]

_ELLIPSIS = "…"
# How far before the limit a sentence's end is looked for first: Unicode's rules take their time.
_NEAR = 400
# What ends a sentence without a space behind it.
_FULL_STOPS = frozenset("!?。！？｡．…")
# Each is a grapheme by itself beside another of them: most of what is written in Latin letters.
_PLAIN_RUN = re.compile(r"[\t\n -~À-ɏ](?=[\t\n -~À-ɏ]|\Z)")
# What is not, up to and with the letter after it: some signs join what follows them.
_EITHER = re.compile(rf"(?P<plain>{_PLAIN_RUN.pattern})|(?:(?!{_PLAIN_RUN.pattern})[\s\S])+[\s\S]?")


def utf16_length(text: str) -> int:
    """In UTF-16 code units, as Telegram counts."""
    return len(text) + sum(char > "\uffff" for char in text)


def utf8_length(text: str) -> int:
    """In bytes of UTF-8."""
    return len(text.encode("utf-8", "surrogatepass"))


def graphemes(text: str) -> list[str]:
    """What readers take for single characters (UAX #29), in order."""
    found: list[str] = []
    for match in _EITHER.finditer(text):
        if match["plain"]:
            found.append(match[0])
        else:
            found.extend(grapheme_clusters(match[0]))
    return found


def split(text: str, limit: int, length: Length = len) -> list[str]:
    """Pieces of at most `limit`, without white space at their ends; none of an empty text.

    Raises ValueError where the limit is less than a single code point takes.
    """
    return [piece for piece, _, _ in _pieces(text, lambda part: length(part) <= limit)]


def split_blocks(
    blocks: Sequence[Block],
    limit: int,
    length: Length = len,
    rendered: Rendered = as_plain,
) -> list[tuple[Block, ...]]:
    """Groups of blocks, each at most `limit` long in the form that `rendered` gives them.

    `rendered` is the text that the platform counts: without the marks (the default), or with its
    own. A block that is too long by itself is cut like a text; styles and links go on after the
    cut, a list's mark does not. Where marks alone would fill the limit, they are left out.
    Raises ValueError where the limit is less than a single code point takes.
    """

    def fits(group: Sequence[Block]) -> bool:
        return length(rendered(group)) <= limit

    groups: list[tuple[Block, ...]] = []
    for block in blocks:
        if groups and fits((*groups[-1], block)):
            groups[-1] = (*groups[-1], block)
        elif fits((block,)):
            groups.append((block,))
        else:
            groups.extend((part,) for part in _parts(block, fits))
    return groups


def split_text(
    text: str, limit: int, length: Length = len, rendered: Rendered = as_plain
) -> list[str]:
    """A text with the small markup as several, cut as `split_blocks` does it.

    Where the marks of a piece can't be written again, it has none.
    Raises ValueError where the limit is less than a single code point takes.
    """
    blocks = parse(text)
    if length(rendered(blocks)) <= limit:
        return [text.strip()] if blocks else []
    pieces = []
    for group in split_blocks(blocks, limit, length, rendered):
        written = source(group)
        if written is not None:
            pieces.append(written)
            continue
        for words, _, _ in _pieces(
            as_plain(group), lambda part: length(rendered(parse(literal(part)))) <= limit
        ):
            pieces.append(literal(words))
    return pieces


def shorten(text: str, limit: int, length: Length = len) -> str:
    """The text, or as much of it as fits with `…` after it.

    It is cut between words where that leaves at least half; white space at its ends goes first.
    Empty where not even one grapheme and the `…` fit.
    """
    if length(text) <= limit:
        return text
    parts = graphemes(text)
    first, last = _bounds(parts, 0, len(parts))
    parts = parts[first:last]
    if length("".join(parts)) <= limit:
        return "".join(parts)
    # What is left out is at least the last one.
    fitting = _most(len(parts) - 1, lambda count: length(_trim(parts[:count]) + _ELLIPSIS) <= limit)
    kept = parts[:fitting]
    for count in range(fitting, fitting // 2, -1):
        if parts[count].isspace() or kept[count - 1].isspace():
            kept = parts[:count]
            break
    words = _trim(kept)
    return words + _ELLIPSIS if words else ""


def _parts(block: Block, fits: Callable[[Sequence[Block]], bool]) -> Iterator[Block]:
    text = _text_of(block)
    begun = False

    def part(start: int, end: int) -> Block:
        return _slice(block, start, end, goes_on=begun)

    try:
        for _, start, end in _pieces(text, lambda _: True, lambda a, b: fits((part(a, b),))):
            yield part(start, end)
            begun = True
    except _NothingFits as error:
        # The marks alone fill the limit: the words go on without them, addresses written out.
        rest = as_plain([_slice(block, error.start, len(text), goes_on=begun)])
        for piece, _, _ in _pieces(rest, lambda words: fits((Paragraph((Span(words),)),))):
            yield Paragraph((Span(piece),))


class _NothingFits(ValueError):
    def __init__(self, start: int) -> None:
        self.start = start
        super().__init__("the limit is less than a single character takes")


def _text_of(block: Block) -> str:
    return block.text if isinstance(block, Code) else "".join(span.text for span in block.spans)


def _slice(block: Block, start: int, end: int, *, goes_on: bool) -> Block:
    if isinstance(block, Code):
        # The first line keeps its indentation.
        indented = len(block.text[:start].rstrip(" \t"))
        if indented == 0 or block.text[indented - 1] == "\n":
            start = indented
        return Code(block.text[start:end])
    spans = []
    at = 0
    for span in block.spans:
        words = span.text[max(0, start - at) : max(0, end - at)]
        at += len(span.text)
        if words:
            spans.append(replace(span, text=words))
    if isinstance(block, Item) and not goes_on:
        return replace(block, spans=tuple(spans))
    return Paragraph(tuple(spans))


def _pieces(
    text: str,
    fits: Callable[[str], bool],
    fits_at: Callable[[int, int], bool] | None = None,
) -> Iterator[tuple[str, int, int]]:
    """Each piece with where it starts and ends. Raises _NothingFits."""
    parts = graphemes(text)
    offsets = [0, *accumulate(map(len, parts))]

    def fit(first: int, last: int) -> bool:
        first, last = _bounds(parts, first, last)
        return part_fits(offsets[first], offsets[last])

    def part_fits(at: int, end: int) -> bool:
        return fits(text[at:end]) if fits_at is None else fits_at(at, end)

    start, stop = _bounds(parts, 0, len(parts))
    while start < stop:
        fitting = start + _most(stop - start, partial(_holds, fit, start))
        if fitting == start:
            # A single grapheme over the limit: by code points, and the others as ever.
            grapheme, at = parts[start], offsets[start]
            taken = _most(len(grapheme) - 1, partial(_holds, part_fits, at))
            if not taken:
                raise _NothingFits(at)
            parts[start : start + 1] = [grapheme[:taken], grapheme[taken:]]
            offsets.insert(start + 1, at + taken)
            stop += 1
            cut = start + 1
        else:
            cut = stop if fitting == stop else _best_cut(parts, start, fitting)
        first, last = _bounds(parts, start, cut)
        yield text[offsets[first] : offsets[last]], offsets[first], offsets[last]
        start, _ = _bounds(parts, cut, stop)


def _holds(fit: Callable[[int, int], bool], start: int, count: int) -> bool:
    return fit(start, start + count)


def _best_cut(parts: Sequence[str], start: int, fitting: int) -> int:
    """Where to cut at the latest before `fitting`, which is not the end."""
    half = start + (fitting - start + 1) // 2
    lines = [at for at in range(fitting, half - 1, -1) if at > start and _ends_line(parts, at)]
    for at in lines:
        if _ends_paragraph(parts, at):
            return at
    if lines:
        return lines[0]
    near = max(start, fitting - _NEAR)
    for first, last in ((near, fitting), (start, _last_pause(parts, start, near))):
        ends = _boundaries(sentence_boundaries, parts, first, last, ahead=20)
        if ends:
            return ends[-1]
    for at in range(fitting, start, -1):
        if parts[at].isspace() or parts[at - 1].isspace():
            return at
    ends = _boundaries(line_break_boundaries, parts, near, fitting, ahead=4)
    return ends[-1] if ends else fitting


def _last_pause(parts: Sequence[str], start: int, end: int) -> int:
    """The last place in (start, end] where a sentence may end: a long word is not worth the search."""
    for at in range(end, start, -1):
        if parts[at - 1].isspace() or parts[at - 1] in _FULL_STOPS:
            return at
    return start


def _ends_line(parts: Sequence[str], at: int) -> bool:
    return "\n" in parts[at] or "\n" in parts[at - 1]


def _ends_paragraph(parts: Sequence[str], at: int) -> bool:
    around = "".join(parts[max(0, at - 2) : at + 2])
    return around.count("\n") > 1


def _boundaries(
    found_in: Callable[[str], Iterator[int]],
    parts: Sequence[str],
    first: int,
    fitting: int,
    ahead: int,
) -> list[int]:
    """Where the rule allows a cut in (first, fitting], each between two graphemes.

    What stands `ahead` matters: a sentence goes on where a lower-case letter comes next.
    """
    seen = parts[first : fitting + ahead]
    offsets = [0, *accumulate(map(len, seen))]
    cuts = []
    for boundary in found_in("".join(seen)):
        number = bisect_left(offsets, boundary)
        if number < len(seen) and offsets[number] == boundary and number > 0:
            cuts.append(first + number)
    return [cut for cut in cuts if cut <= fitting]


def _most(count: int, holds: Callable[[int], bool]) -> int:
    """The largest number up to `count` for which it holds, 0 where it holds for none.

    It is taken to hold for every smaller one too; where it does not, a smaller one is found.
    """
    if count > 0 and holds(count):
        return count
    low, high = 0, count
    while high - low > 1:
        middle = (low + high) // 2
        if holds(middle):
            low = middle
        else:
            high = middle
    return low


def _bounds(parts: Sequence[str], start: int, end: int) -> tuple[int, int]:
    """Without white space at either end."""
    while start < end and parts[start].isspace():
        start += 1
    while end > start and parts[end - 1].isspace():
        end -= 1
    return start, end


def _trim(parts: Sequence[str]) -> str:
    first, last = _bounds(parts, 0, len(parts))
    return "".join(parts[first:last])
