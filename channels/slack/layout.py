"""Blocks put together into messages. Pure. What is in none of the library's classes is here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from channels.rendering.markup import Paragraph, Span
from channels.rendering.split import shorten, utf16_length
from channels.slack.mrkdwn import escape
from channels.slack.rich_text import rich_text

# Per message, which the library has no class for: https://docs.slack.dev/reference/block-kit/blocks/
MAX_BLOCKS = 50
# Slack refuses a message's blocks from a length on that it does not document
# (msg_blocks_too_long); this is what it documents for the blocks whose text it adds up.
MAX_CHARS = 12_000
# What notifications and screen readers get; Slack advises to stay under it.
_FALLBACK = 3_000


def messages_of(blocks: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """The blocks in as few messages as Slack's limits allow; choices stay with their words."""
    group: list[dict[str, Any]] = []
    chars = 0
    for unit in _units(blocks):
        size = sum(utf16_length(_words_of(block)) for block in unit)
        if group and (len(group) + len(unit) > MAX_BLOCKS or chars + size > MAX_CHARS):
            yield group
            group, chars = [], 0
        group.extend(unit)
        chars += size
    if group:
        yield group


def fallback(blocks: Sequence[Mapping[str, Any]]) -> str:
    """The words of the blocks, escaped: here Slack would read markup and call people."""
    words = "\n".join(filter(None, (_words_of(block).strip() for block in blocks)))
    return escape(shorten(words, _FALLBACK, utf16_length) or "…")


def without_images(blocks: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The blocks with links in place of pictures: Slack refuses a whole message for one picture
    that it can't fetch.
    """
    shown = []
    for block in blocks:
        if block["type"] == "image":
            span = Span(block["alt_text"], url=block["image_url"])
            shown.append(rich_text([Paragraph((span,))]).to_dict())
        else:
            accessory = block.get("accessory")
            is_image = isinstance(accessory, Mapping) and accessory.get("type") == "image"
            shown.append({k: v for k, v in block.items() if k != "accessory" or not is_image})
    return shown


def has_images(blocks: Sequence[Mapping[str, Any]]) -> bool:
    """Whether Slack has to fetch pictures for them."""
    return any("image" in (block["type"], _accessory(block).get("type")) for block in blocks)


def _accessory(block: Mapping[str, Any]) -> Mapping[str, Any]:
    found = block.get("accessory")
    return found if isinstance(found, Mapping) else {}


def _units(blocks: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    unit: list[dict[str, Any]] = []
    for block in blocks:
        if unit and block["type"] not in ("actions", "context"):
            yield unit
            unit = []
        unit.append(block)
    if unit:
        yield unit


def _words_of(part: Any) -> str:
    """What can be read in a part of a message, line by line."""
    if isinstance(part, str):
        return part
    if isinstance(part, Sequence):
        return "\n".join(filter(None, map(_words_of, part)))
    if not isinstance(part, Mapping):
        return ""
    kind = part.get("type")
    if kind == "rich_text_section":
        return "".join(_words_of(element) for element in part["elements"])
    if kind == "image":
        return str(part.get("alt_text", ""))
    found = (part.get(name) for name in ("text", "elements", "accessory", "options"))
    return "\n".join(filter(None, map(_words_of, found)))
