"""What Slack finds wrong with blocks, as https://docs.slack.dev/reference/block-kit/ has it.

Written down from the documentation, not taken from the library: it checks what the library made.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from typing import Any

_ACTION_ELEMENTS = frozenset({"button", "static_select", "datepicker", "overflow"})
_STYLES = frozenset({"bold", "italic", "strike", "code"})


def block_problems(blocks: Any, unreachable: Collection[str] = (), most: int = 50) -> list[str]:
    """The messages of `invalid_blocks`; none where all is well, or where there are no blocks."""
    if blocks is None:
        return []
    if not isinstance(blocks, list):
        return ["[ERROR] blocks must be an array"]
    return list(_Check(unreachable).blocks(blocks, most))


class _Check:
    def __init__(self, unreachable: Collection[str]) -> None:
        self._unreachable = unreachable
        self._block_ids: set[str] = set()

    def blocks(self, blocks: list[Any], most: int) -> Iterator[str]:
        if len(blocks) > most:
            yield f"[ERROR] no more than {most} items allowed [json-pointer:/blocks]"
        for number, block in enumerate(blocks):
            for problem in self._block(block):
                yield f"[ERROR] {problem} [json-pointer:/blocks/{number}]"

    def _block(self, block: Any) -> Iterator[str]:
        if not isinstance(block, dict):
            yield "must be an object"
            return
        block_id = block.get("block_id")
        if block_id is not None:
            if not isinstance(block_id, str) or not 1 <= len(block_id) <= 255:
                yield "block_id must have 1 to 255 characters"
            elif block_id in self._block_ids:
                yield f"`block_id` already exists: {block_id}"
            self._block_ids.add(str(block_id))
        checks = {
            "actions": self._actions,
            "context": self._context,
            "divider": lambda _: iter(()),
            "header": self._header,
            "image": self._image,
            "rich_text": self._rich_text,
            "section": self._section,
        }
        kind = block.get("type")
        if kind not in checks:
            yield f"unsupported type: {kind}"
            return
        yield from checks[kind](block)

    def _section(self, block: Mapping[str, Any]) -> Iterator[str]:
        if "text" not in block and "fields" not in block:
            yield "missing required field: text or fields"
        if "text" in block:
            yield from _text(block["text"], 3_000, ("plain_text", "mrkdwn"))
        fields = block.get("fields", [])
        if len(fields) > 10:
            yield "no more than 10 items allowed in fields"
        for field in fields:
            yield from _text(field, 2_000, ("plain_text", "mrkdwn"))
        accessory = block.get("accessory")
        if accessory is not None:
            if accessory.get("type") == "image":
                yield from self._image(accessory)
            else:
                yield from self._element(accessory)

    def _header(self, block: Mapping[str, Any]) -> Iterator[str]:
        yield from _text(block.get("text"), 150, ("plain_text",))

    def _context(self, block: Mapping[str, Any]) -> Iterator[str]:
        elements = block.get("elements", [])
        if not 1 <= len(elements) <= 10:
            yield "elements must have 1 to 10 items"
        for element in elements:
            if element.get("type") == "image":
                yield from self._image(element)
            else:
                yield from _text(element, 3_000, ("plain_text", "mrkdwn"))

    def _image(self, block: Mapping[str, Any]) -> Iterator[str]:
        url, alt = block.get("image_url"), block.get("alt_text")
        if not isinstance(url, str) or not url.startswith(("http://", "https://")):
            yield "image_url must be an address"
        elif len(url) > 3_000:
            yield "must be less than 3001 characters: image_url"
        elif url in self._unreachable:
            yield "downloading image failed"
        if not isinstance(alt, str) or not 1 <= len(alt) <= 2_000:
            yield "alt_text must have 1 to 2000 characters"

    def _actions(self, block: Mapping[str, Any]) -> Iterator[str]:
        elements = block.get("elements", [])
        if not 1 <= len(elements) <= 25:
            yield "elements must have 1 to 25 items"
        seen: set[str] = set()
        for element in elements:
            action_id = element.get("action_id")
            if action_id in seen:
                yield f"`action_id` already exists: {action_id}"
            seen.add(action_id)
            yield from self._element(element)

    def _element(self, element: Mapping[str, Any]) -> Iterator[str]:
        kind = element.get("type")
        if kind not in _ACTION_ELEMENTS:
            yield f"unsupported element: {kind}"
            return
        action_id = element.get("action_id", "x")
        if not isinstance(action_id, str) or not 1 <= len(action_id) <= 255:
            yield "action_id must have 1 to 255 characters"
        if kind == "button":
            yield from _button(element)
        elif kind == "datepicker":
            yield from _datepicker(element)
        else:
            yield from _options(element, 100 if kind == "static_select" else 5)

    def _rich_text(self, block: Mapping[str, Any]) -> Iterator[str]:
        elements = block.get("elements", [])
        if not elements:
            yield "missing required field: elements"
        for element in elements:
            yield from _rich_part(element)


def _rich_part(element: Mapping[str, Any]) -> Iterator[str]:
    kind = element.get("type")
    parts = element.get("elements", [])
    if kind == "rich_text_list":
        if element.get("style") not in ("bullet", "ordered"):
            yield "rich_text_list needs a style"
        if not 0 <= element.get("indent", 0) <= 8:
            yield "indent must be from 0 to 8"
        for part in parts:
            if part.get("type") != "rich_text_section":
                yield "a list holds sections only"
            yield from _rich_part(part)
        return
    if kind not in ("rich_text_section", "rich_text_preformatted", "rich_text_quote"):
        yield f"unsupported rich text: {kind}"
        return
    if not parts:
        yield f"{kind} must not be empty"
    for part in parts:
        yield from _rich_leaf(part)


def _rich_leaf(part: Mapping[str, Any]) -> Iterator[str]:
    kind = part.get("type")
    if kind == "text":
        if not isinstance(part.get("text"), str) or not part["text"]:
            yield "text must have at least 1 character"
    elif kind == "link":
        if not isinstance(part.get("url"), str) or ":" not in part["url"]:
            yield "url must be an address"
    elif kind == "user":
        if not isinstance(part.get("user_id"), str):
            yield "user_id must be an id"
    elif kind == "date":
        if not isinstance(part.get("timestamp"), int) or "{" not in str(part.get("format")):
            yield "a date needs a timestamp and a format"
    else:
        yield f"unsupported rich text element: {kind}"
    if not set(part.get("style", {})) <= _STYLES:
        yield "unknown style"


def _button(element: Mapping[str, Any]) -> Iterator[str]:
    yield from _text(element.get("text"), 75, ("plain_text",))
    value, url = element.get("value"), element.get("url")
    if value is not None and not 1 <= len(value) <= 2_000:
        yield "must be less than 2001 characters: value"
    if url is not None and (len(url) > 3_000 or ":" not in url):
        yield "url must be an address of at most 3000 characters"
    if len(element.get("accessibility_label", "")) > 75:
        yield "must be less than 76 characters: accessibility_label"
    if element.get("style", "primary") not in ("primary", "danger"):
        yield "style must be primary or danger"
    if "confirm" in element:
        confirm = element["confirm"]
        yield from _text(confirm.get("title"), 100, ("plain_text",))
        yield from _text(confirm.get("text"), 300, ("plain_text", "mrkdwn"))
        yield from _text(confirm.get("confirm"), 30, ("plain_text",))
        yield from _text(confirm.get("deny"), 30, ("plain_text",))


def _datepicker(element: Mapping[str, Any]) -> Iterator[str]:
    if "placeholder" in element:
        yield from _text(element["placeholder"], 150, ("plain_text",))
    if "initial_date" in element:
        try:
            date.fromisoformat(element["initial_date"])
        except ValueError:
            yield "initial_date must be YYYY-MM-DD"


def _options(element: Mapping[str, Any], most: int) -> Iterator[str]:
    options = element.get("options", [])
    if not 1 <= len(options) <= most:
        yield f"options must have 1 to {most} items"
    if "placeholder" in element:
        yield from _text(element["placeholder"], 150, ("plain_text",))
    for option in options:
        yield from _text(option.get("text"), 75, ("plain_text", "mrkdwn"))
        if not 1 <= len(option.get("value", "")) <= 150:
            yield "value must have 1 to 150 characters"
        if "description" in option:
            yield from _text(option["description"], 75, ("plain_text", "mrkdwn"))


def _text(text: Any, limit: int, kinds: tuple[str, ...]) -> Iterator[str]:
    if not isinstance(text, Mapping) or text.get("type") not in kinds:
        yield f"a text object of type {' or '.join(kinds)} is needed"
        return
    words = text.get("text")
    if not isinstance(words, str) or not words:
        yield "must be more than 0 characters"
    elif len(words) > limit:
        yield f"must be less than {limit + 1} characters"
