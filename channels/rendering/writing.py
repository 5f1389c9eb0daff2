"""Texts with the small markup, written. Pure functions; nothing raises."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby

from channels.rendering.markup import Block, Code, Paragraph, Span, join_blocks, parse

# Neither a mark nor seen: it keeps words from being read as a list.
_WORD_JOINER = "\u2060"


def source(blocks: Sequence[Block]) -> str | None:
    """A text that `parse` reads as these blocks; None where the small markup can't say it."""
    written = join_blocks(blocks, [_source_block(block) for block in blocks])
    return written if _inked(parse(written)) == _inked(blocks) else None


def bold(words: str) -> str:
    """Plain words as a text in bold; as they are where marks can't say it."""
    return source([Paragraph((Span(" ".join(words.split()), bold=True),))]) or words


def link(title: str, url: str) -> str:
    """`[title](url)`; `title: url` where marks can't say it."""
    title = " ".join(title.split())
    written = f"[{title}]({url})"
    match parse(written):
        case (Paragraph((Span(text=shown, url=str()),)),) if shown == title:
            return written
    return f"{title}: {url}" if title and url else title or url


def list_line(number: int, words: str) -> str:
    """A line of a numbered list that shows the words, even such as `1. May`."""
    return f"{number}. {literal(' '.join(words.split()))}"


def literal(words: str) -> str:
    """The words, with what makes no line of them an item of a list or code."""
    return "\n".join(_no_block(line) for line in words.split("\n"))


def _no_block(line: str) -> str:
    match parse(line):
        case () | (Paragraph(),) if not line.lstrip().startswith("```"):
            return line
    return f"{_WORD_JOINER}{line}"


def _source_block(block: Block) -> str:
    if isinstance(block, Code):
        fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", block.text)), default=0))
        return f"{fence}\n{block.text}\n{fence}"
    words = _source_spans(block.spans)
    if isinstance(block, Paragraph):
        return words
    mark = "- " if block.number is None else f"{block.number}. "
    indent = "    " * block.depth
    return indent + mark + words.replace("\n", "\n" + indent + " " * len(mark))


def _source_spans(spans: Iterable[Span]) -> str:
    return "".join(
        _marked(
            "".join(
                _marked(
                    "".join(
                        _marked("".join(map(_source_span, same)), "*" if italic else "")
                        for italic, same in groupby(same_weight, key=lambda span: span.italic)
                    ),
                    "**" if bold else "",
                )
                for bold, same_weight in groupby(same_link, key=lambda span: span.bold)
            ),
            "[" if url else "",
            f"]({url})",
        )
        for url, same_link in groupby(spans, key=lambda span: span.url)
    )


def _source_span(span: Span) -> str:
    return _marked(span.text, "`" if span.code else "")


def _marked(text: str, mark: str, closing: str | None = None) -> str:
    # A mark beside a space is none.
    words = text.strip()
    if not mark or not words:
        return text
    before, after = text.split(words, 1)
    return f"{before}{mark}{words}{mark if closing is None else closing}{after}"


def _inked(blocks: Sequence[Block]) -> list[object]:
    """All that is seen of the blocks: a space has no style."""
    seen: list[object] = []
    for block in blocks:
        if isinstance(block, Code):
            seen.append(block)
            continue
        seen.append(replace(block, spans=()))
        for span in block.spans:
            style = replace(span, text="")
            seen += [char if char.isspace() else (char, style) for char in span.text]
    return seen
