"""The small markup as rich text, in which nothing that anybody wrote is read as Slack's markup."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from slack_sdk.models.blocks import (
    RichTextBlock,
    RichTextElementParts,
    RichTextListElement,
    RichTextPreformattedElement,
    RichTextSectionElement,
)

from channels.rendering.addresses import is_web_address
from channels.rendering.markup import Block, Code, Item, Paragraph, Span, link_words

# Slack indents a list eight times at most.
_DEEPEST = 8


def rich_text(blocks: Sequence[Block]) -> RichTextBlock:
    """One block of them all. They must be within Slack's limit already."""
    elements: list[Any] = []
    for kind, group in groupby(blocks, _list_of):
        parts = list(group)
        if kind is not None:
            elements.append(_list([part for part in parts if isinstance(part, Item)]))
        else:
            elements.extend(_plain(parts))
    return RichTextBlock(elements=elements)


def _list_of(block: Block) -> tuple[bool, int] | None:
    """Items with the same are one list of Slack's: those have one style and one depth."""
    return (block.number is not None, block.depth) if isinstance(block, Item) else None


def _list(items: Sequence[Item]) -> RichTextListElement:
    first = items[0]
    sections = [RichTextSectionElement(elements=_spans(item.spans)) for item in items]
    numbered = first.number is not None
    return RichTextListElement(
        style="ordered" if numbered else "bullet",
        indent=min(first.depth, _DEEPEST),
        elements=sections,
        offset=first.number - 1 if first.number is not None and first.number > 1 else None,
    )


def _plain(blocks: Sequence[Block]) -> Iterator[Any]:
    for number, block in enumerate(blocks):
        if isinstance(block, Code):
            yield RichTextPreformattedElement(elements=[RichTextElementParts.Text(text=block.text)])
        elif isinstance(block, Paragraph):
            spans = _spans(block.spans)
            if number + 1 < len(blocks):
                # Sections stand right under each other: an empty line shows a new paragraph.
                spans.append(RichTextElementParts.Text(text="\n"))
            yield RichTextSectionElement(elements=spans)


def _spans(spans: Sequence[Span]) -> list[Any]:
    return [_span(span) for span in spans if span.text] or [RichTextElementParts.Text(text=" ")]


def _span(span: Span) -> Any:
    style = (
        RichTextElementParts.TextStyle(
            bold=span.bold or None, italic=span.italic or None, code=span.code or None
        )
        if span.bold or span.italic or span.code
        else None
    )
    if span.url is not None and not _opens(span.url):
        return RichTextElementParts.Text(text=link_words(span), style=style)
    if span.url is not None:
        return RichTextElementParts.Link(url=span.url, text=span.text, style=style)
    return RichTextElementParts.Text(text=span.text, style=style)


def _opens(url: str) -> bool:
    return is_web_address(url) or url.lower().startswith(("mailto:", "tel:"))
