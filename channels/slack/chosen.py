"""A message whose question is answered shows what was chosen in place of the choices. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from slack_sdk.models.blocks import (
    RichTextBlock,
    RichTextElementParts,
    RichTextSectionElement,
)

from channels.slack.layout import fallback
from channels.slack.presses import Press

# Slack hands pictures back with what it has found out about them, and does not take that again.
_OF_IMAGES = ("type", "block_id", "image_url", "alt_text", "title")


def with_choice(press: Press) -> dict[str, Any] | None:
    """What to send to the press's `response_url`; None where there is nothing to change."""
    blocks = press.message.get("blocks") if press.message is not None else None
    if not press.settled or not isinstance(blocks, list):
        return None
    shown = _replaced([block for block in blocks if isinstance(block, dict)], press)
    if shown is None:
        return None
    return {"replace_original": True, "text": fallback(shown), "blocks": shown}


def _replaced(blocks: Sequence[Mapping[str, Any]], press: Press) -> list[dict[str, Any]] | None:
    pressed = [n for n, block in enumerate(blocks) if block.get("block_id") == press.block_id]
    if not pressed or blocks[pressed[0]].get("type") != "actions":
        return None
    # A question's choices may be several rows.
    first = last = pressed[0]
    while first > 0 and blocks[first - 1].get("type") == "actions":
        first -= 1
    while last + 1 < len(blocks) and blocks[last + 1].get("type") == "actions":
        last += 1
    before, after = blocks[:first], blocks[last + 1 :]
    return [*map(_sendable, before), _choice(press).to_dict(), *map(_sendable, after)]


def _choice(press: Press) -> RichTextBlock:
    style = RichTextElementParts.TextStyle(bold=True)
    elements: list[Any] = [RichTextElementParts.Text(text=f"✓ {press.text}", style=style)]
    if press.address.thread is not None:
        elements += [
            RichTextElementParts.Text(text=" – "),
            RichTextElementParts.User(user_id=press.user),
        ]
    return RichTextBlock(elements=[RichTextSectionElement(elements=elements)])


def _sendable(block: Mapping[str, Any]) -> dict[str, Any]:
    if block.get("type") == "image":
        return {name: block[name] for name in _OF_IMAGES if name in block}
    accessory = block.get("accessory")
    if isinstance(accessory, Mapping):
        return {**block, "accessory": _sendable(accessory)}
    return dict(block)
