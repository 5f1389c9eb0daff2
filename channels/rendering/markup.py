"""The small markup of texts, read into blocks that every channel renders in its own way.

`**bold**`, `*italic*`, `[title](https://...)` (http, https, mailto and tel alone), `` `code` ``,
code between lines of three backticks, and lists (`- one`, `* one`, `1. one`) up to four deep.
Whatever else there is stands for itself: HTML, underscores, backslashes, marks without a partner.
A single line break stays one, an empty line ends a paragraph. Pure functions; nothing raises.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from types import SimpleNamespace

from markdown_it import MarkdownIt, helpers
from markdown_it.rules_block import StateBlock
from markdown_it.rules_block.fence import make_fence_rule
from markdown_it.rules_block.list import list_block
from markdown_it.rules_inline import StateInline
from markdown_it.rules_inline.state_inline import Delimiter
from markdown_it.token import Token

_SAFE_LINK = re.compile(r"(?:https?://|mailto:|tel:)\S", re.IGNORECASE)
_LANGUAGE = re.compile(r"[\w+#.-]*")
# markdown-it counts two for each list inside another.
_DEEPEST_LIST = 4 * 2


@dataclass(frozen=True)
class Span:
    """Words in one style. `code`: as they are, in a fixed width. `url`: a link's, ready to use."""

    text: str
    bold: bool = False
    italic: bool = False
    code: bool = False
    url: str | None = None


@dataclass(frozen=True)
class Paragraph:
    """Words; a line break in them is one."""

    spans: tuple[Span, ...]


@dataclass(frozen=True)
class Item:
    """One of a list. `number` where the list has numbers, `depth` 0 for the outermost list."""

    spans: tuple[Span, ...]
    number: int | None = None
    depth: int = 0


@dataclass(frozen=True)
class Code:
    """Lines of code, without a line break at the end."""

    text: str


Block = Paragraph | Item | Code


def parse(text: str) -> tuple[Block, ...]:
    """The text's blocks, in order; none where it holds nothing visible."""
    return tuple(_blocks(_parser().parse(text)))


def plain(text: str) -> str:
    """The text without its marks: links as `title (url)`, lists with `•` and `1.`."""
    return as_plain(parse(text))


def as_plain(blocks: Sequence[Block]) -> str:
    """`plain` of what is parsed already."""
    return join_blocks(blocks, [_plain_block(block) for block in blocks])


def join_blocks(blocks: Sequence[Block], rendered: Sequence[str]) -> str:
    """One text of the blocks' renderings: an empty line between them, but none inside a list."""
    parts = []
    for number, (block, words) in enumerate(zip(blocks, rendered, strict=True)):
        if number:
            before = blocks[number - 1]
            in_list = isinstance(block, Item) and not isinstance(before, Code)
            parts.append("\n" if in_list else "\n\n")
        parts.append(words)
    return "".join(parts)


def link_words(span: Span) -> str:
    """A span for those who can't see links: `title (url)`, or the address alone where they agree."""
    if span.url is None:
        return span.text
    bare = re.sub(r"^(?:mailto:|tel:)", "", span.url)
    if span.text.strip() in (span.url, bare, span.url.rstrip("/")):
        return span.text
    return f"{span.text} ({bare})"


def list_mark(item: Item) -> str:
    """`• ` or `1. `, indented by two spaces for each list around it."""
    mark = "•" if item.number is None else f"{item.number}."
    return f"{'  ' * item.depth}{mark} "


def _plain_block(block: Block) -> str:
    if isinstance(block, Code):
        return block.text
    words = "".join(link_words(span) for span in merged_links(block.spans))
    if isinstance(block, Paragraph):
        return words
    mark = list_mark(block)
    return mark + words.replace("\n", "\n" + " " * len(mark))


def merged_links(spans: Iterable[Span]) -> list[Span]:
    """The spans, those in a row that are parts of one link as one, so that it is named once."""
    merged: list[Span] = []
    for span in spans:
        if merged and span.url is not None and merged[-1].url == span.url:
            merged[-1] = replace(merged[-1], text=merged[-1].text + span.text)
        else:
            merged.append(span)
    return merged


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    parser = MarkdownIt("zero")
    parser.enable(
        [
            "list",
            "fence",
            "newline",
            "backticks",
            "emphasis",
            "link",
            "balance_pairs",
            "fragments_join",
        ]
    )
    parser.block.ruler.at("list", _small_list, {"alt": ["paragraph", "reference", "blockquote"]})
    parser.block.ruler.at("fence", _closed_fence, {"alt": ["paragraph", "list"]})
    parser.inline.ruler.at("emphasis", _stars)
    parser.inline.ruler.before("link", "no_image", _no_image)
    # Words in the place of a link's tooltip would not be seen: there, the whole is no link.
    parser.helpers = SimpleNamespace(  # type: ignore[assignment]
        parseLinkDestination=helpers.parseLinkDestination,
        parseLinkLabel=helpers.parseLinkLabel,
        parseLinkTitle=lambda *_: SimpleNamespace(ok=False),
    )
    parser.validateLink = lambda url: _SAFE_LINK.match(url) is not None  # type: ignore[method-assign]
    return parser


def _small_list(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    # markdown-it drops what lies too deep; here it becomes a paragraph.
    if state.level >= _DEEPEST_LIST:
        return False
    first = state.bMarks[start] + state.tShift[start]
    if state.src[first : first + 1] == "+":
        return False
    return list_block(state, start, end, silent)


_any_fence = make_fence_rule(markers=("`",))


def _closed_fence(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    if silent:
        return _any_fence(state, start, end, silent)
    line = state.line
    if not _any_fence(state, start, end, silent):
        return False
    token = state.tokens[-1]
    assert token.map is not None
    last = token.map[1] - 1
    closing = state.src[state.bMarks[last] + state.tShift[last] : state.eMarks[last]].strip()
    closed = last > start and set(closing) == {"`"} and len(closing) >= len(token.markup)
    if closed and _LANGUAGE.fullmatch(token.info.strip()) and token.content.strip():
        return True
    # Left open, or with words where only a language may stand: no code, just as it is written.
    state.tokens.pop()
    state.line = line
    return False


def _stars(state: StateInline, silent: bool) -> bool:
    # markdown-it's rule, but `_` is no mark, and 2*3*4 is not italic.
    if silent or state.src[state.pos] != "*":
        return False
    run = state.scanDelims(state.pos, True)
    if run.length == 1:
        run = state.scanDelims(state.pos, False)
    for _ in range(run.length):
        state.push("text", "", 0).content = "*"
        state.delimiters.append(
            Delimiter(
                marker=ord("*"),
                length=run.length,
                token=len(state.tokens) - 1,
                end=-1,
                open=run.can_open,
                close=run.can_close,
            )
        )
    state.pos += run.length
    return True


def _no_image(state: StateInline, silent: bool) -> bool:
    if not state.src.startswith("![", state.pos):
        return False
    if not silent:
        state.pending += "!["
    state.pos += 2
    return True


def _blocks(tokens: Sequence[Token]) -> Iterator[Block]:
    numbers: list[int | None] = []  # of the next item, for each list that is open
    item: Item | None = None
    for token in tokens:
        inner = token.type in ("bullet_list_open", "ordered_list_open", "fence")
        if item is not None and (token.type == "list_item_close" or inner):
            # An item that only holds a list or code is seen by that.
            if item.spans or not inner:
                yield item
            item = None
        if token.type == "list_item_open":
            item = Item((), numbers[-1], len(numbers) - 1)
            numbers[-1] = None if item.number is None else item.number + 1
        elif token.type == "fence":
            yield Code(token.content.removesuffix("\n"))
        elif token.type == "inline":
            spans = _spans(token.children or ())
            if item is None:
                # Also what follows inside an item after a list or code of its own. White space
                # that is neither space nor line break leaves a paragraph of nothing.
                if spans:
                    yield Paragraph(spans)
            else:
                before = [*item.spans, Span("\n")] if item.spans else []
                item = replace(item, spans=_joined([*before, *spans]))
        else:
            _count(token, numbers)


def _count(token: Token, numbers: list[int | None]) -> None:
    """Note the lists that a token opens or closes."""
    if token.type == "bullet_list_open":
        numbers.append(None)
    elif token.type == "ordered_list_open":
        first = token.attrGet("start")
        numbers.append(1 if first is None else int(first))
    elif token.type in ("bullet_list_close", "ordered_list_close"):
        numbers.pop()


def _spans(tokens: Sequence[Token]) -> tuple[Span, ...]:
    spans: list[Span] = []
    style = Span("")
    linked_from = 0
    for token in tokens:
        if token.type in ("strong_open", "strong_close"):
            style = replace(style, bold=token.nesting == 1)
        elif token.type in ("em_open", "em_close"):
            style = replace(style, italic=token.nesting == 1)
        elif token.type == "link_open":
            style = replace(style, url=str(token.attrGet("href")))
            linked_from = len(spans)
        elif token.type == "link_close":
            if not "".join(span.text for span in spans[linked_from:]).strip():
                spans.append(replace(style, text=style.url or ""))
            style = replace(style, url=None)
        elif token.type in ("softbreak", "hardbreak"):
            spans.append(replace(style, text="\n"))
        else:
            spans.append(replace(style, text=token.content, code=token.type == "code_inline"))
    return _joined(spans)


def _joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    joined: list[Span] = []
    for span in spans:
        if joined and replace(joined[-1], text="") == replace(span, text=""):
            joined[-1] = replace(span, text=joined[-1].text + span.text)
        elif span.text:
            joined.append(span)
    return tuple(joined)
