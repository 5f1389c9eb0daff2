"""What staff wrote in Slack, in the small markup that every channel renders. Pure.

People's messages come as rich text, https://docs.slack.dev/reference/block-kit/blocks/rich-text-block/,
with the same words beside it in Slack's own marks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from channels.rendering.markup import Block, Code, Item, Paragraph, Span
from channels.rendering.writing import literal, source
from channels.slack.mrkdwn import plain_words

Json = Mapping[str, Any]
Names = Mapping[str, str]


def written(event: Json, names: Names) -> str:
    """A message's words. `names` are those of the users whom it mentions, by their ids."""
    blocks = event.get("blocks")
    if isinstance(blocks, list) and len(blocks) == 1 and _kind(blocks[0]) == "rich_text":
        found = source(_trimmed([*_blocks(blocks[0], names)]))
        if found is not None and found.strip():
            return found.strip()
    text = event.get("text")
    words = plain_words(text) if isinstance(text, str) else ""
    for user, name in names.items():
        words = words.replace(f"@{user}", f"@{name}")
    return literal(words).strip()


def mentioned(event: Json) -> frozenset[str]:
    """The ids of the users whom a message mentions."""
    return frozenset(_mentions(event.get("blocks")))


def _mentions(part: Any) -> Iterator[str]:
    if isinstance(part, list):
        for item in part:
            yield from _mentions(item)
    elif isinstance(part, Mapping):
        user = part.get("user_id")
        if part.get("type") == "user" and isinstance(user, str):
            yield user
        yield from _mentions(part.get("elements"))


def _blocks(block: Json, names: Names) -> Iterator[Block]:
    for element in _elements(block):
        kind = _kind(element)
        spans = tuple(_spans(element, names))
        if kind == "rich_text_list":
            ordered = element.get("style") == "ordered"
            depth = element.get("indent")
            offset = element.get("offset")
            first = 1 + (offset if isinstance(offset, int) and offset > 0 else 0)
            for number, item in enumerate(_elements(element), first):
                yield Item(
                    tuple(_spans(item, names)),
                    number=number if ordered else None,
                    depth=depth if isinstance(depth, int) and 0 <= depth <= 8 else 0,
                )
        elif kind == "rich_text_preformatted":
            yield Code("".join(span.text for span in spans))
        elif kind == "rich_text_quote":
            yield Paragraph((Span("“"), *spans, Span("”")))
        else:
            yield Paragraph(spans)


def _trimmed(blocks: Sequence[Block]) -> Sequence[Block]:
    """Without the line breaks that Slack leaves at the ends of its sections."""
    found: list[Block] = []
    for block in blocks:
        if not isinstance(block, Paragraph):
            found.append(block)
            continue
        spans = [span for span in block.spans if span.text]
        while spans and not spans[-1].text.strip():
            spans.pop()
        if spans:
            last = spans[-1]
            spans[-1] = Span(last.text.rstrip("\n"), last.bold, last.italic, last.code, last.url)
            found.append(Paragraph(tuple(spans)))
    return found


def _spans(element: Json, names: Names) -> Iterator[Span]:
    for part in _elements(element):
        style = part.get("style")
        styles: Json = style if isinstance(style, Mapping) else {}
        text, url = _words(part, names)
        if text:
            yield Span(
                text,
                bold=bool(styles.get("bold")),
                italic=bool(styles.get("italic")),
                code=bool(styles.get("code")),
                url=url,
            )


def _words(part: Json, names: Names) -> tuple[str, str | None]:
    match _kind(part):
        case "text":
            return _text(part, "text"), None
        case "link":
            url = _text(part, "url")
            return _text(part, "text") or url, url
        case "emoji":
            return _emoji(part), None
        case "user":
            user = _text(part, "user_id")
            return f"@{names.get(user, user)}", None
        case "broadcast":
            return f"@{_text(part, 'range')}", None
        case "date":
            return _text(part, "fallback"), None
        case _:
            # A channel, a group or a colour: names of the workspace's own.
            return _text(part, "text") or _text(part, "value"), None


def _emoji(part: Json) -> str:
    """The character; the workspace's own ones have none."""
    try:
        return "".join(chr(int(code, 16)) for code in _text(part, "unicode").split("-"))
    except (ValueError, OverflowError):
        name = _text(part, "name")
        return f":{name}:" if name else ""


def _elements(part: Any) -> Sequence[Json]:
    found = part.get("elements") if isinstance(part, Mapping) else None
    return [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []


def _kind(part: Any) -> str:
    return _text(part, "type") if isinstance(part, Mapping) else ""


def _text(part: Json, name: str) -> str:
    value = part.get(name)
    return value if isinstance(value, str) else ""
