"""Words with the small markup as Telegram's text and entities. Pure functions.

`parse_mode` is never used: nothing that a customer or an order system wrote can be taken for marks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from telegram import MessageEntity
from telegram.constants import MessageEntityType, MessageLimit

from channels.rendering.markup import (
    Block,
    Code,
    Paragraph,
    Span,
    join_blocks,
    link_words,
    list_mark,
    merged_links,
)
from channels.rendering.split import utf16_length

_SEPARATOR = "\n\n"


def compose(blocks: Sequence[Block]) -> tuple[str, tuple[MessageEntity, ...]]:
    """The text that is shown, and its entities, whose offsets and lengths are in UTF-16 units."""
    rendered = [_pieces(block) for block in blocks]
    words = ["".join(piece.text for piece in pieces) for pieces in rendered]
    text = join_blocks(blocks, words)
    entities: list[MessageEntity] = []
    begin = 0
    for pieces, block_words in zip(rendered, words, strict=True):
        begin = text.index(block_words, begin)
        at = utf16_length(text[:begin])
        for piece in pieces:
            length = utf16_length(piece.text)
            entities += _entities(piece, at, length)
            at += length
        begin += len(block_words)
    return text, _most_telling(entities)


def shown_text(blocks: Sequence[Block]) -> str:
    """The text alone: what the platform counts."""
    return join_blocks(
        blocks, ["".join(piece.text for piece in _pieces(block)) for block in blocks]
    )


def opens_in_telegram(url: str | None) -> bool:
    """Whether a link may stand behind words; other addresses are written out."""
    return url is not None and url.lower().startswith(("http://", "https://"))


def _pieces(block: Block) -> list[Span]:
    if isinstance(block, Code):
        return [Span(block.text, code=True, url="")]
    spans = [_shown(span) for span in merged_links(block.spans)]
    if isinstance(block, Paragraph):
        return spans
    mark = list_mark(block)
    indent = "\n" + " " * len(mark)
    return [Span(mark), *(replace(span, text=span.text.replace("\n", indent)) for span in spans)]


def _shown(span: Span) -> Span:
    if span.url is None or opens_in_telegram(span.url):
        return span
    return replace(span, text=link_words(span), url=None)


def _entities(span: Span, offset: int, length: int) -> list[MessageEntity]:
    if not span.text.strip():
        return []
    if span.code and span.url == "":
        return [MessageEntity(MessageEntityType.PRE, offset, length)]
    entities = []
    if span.url:
        entities.append(MessageEntity(MessageEntityType.TEXT_LINK, offset, length, url=span.url))
    elif span.code:
        # Code can't be in another style as well.
        return [MessageEntity(MessageEntityType.CODE, offset, length)]
    if span.bold:
        entities.append(MessageEntity(MessageEntityType.BOLD, offset, length))
    if span.italic:
        entities.append(MessageEntity(MessageEntityType.ITALIC, offset, length))
    return entities


def _most_telling(entities: list[MessageEntity]) -> tuple[MessageEntity, ...]:
    """Telegram ignores those over its limit: let it be styles, not links."""
    limit = MessageLimit.MESSAGE_ENTITIES
    if len(entities) <= limit:
        return tuple(entities)
    links_first = sorted(entities, key=lambda entity: entity.type != MessageEntityType.TEXT_LINK)
    return tuple(sorted(links_first[:limit], key=lambda entity: entity.offset))
