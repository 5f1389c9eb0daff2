"""Words that others wrote, as safe HTML: built from parsed structure, never from their HTML."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Protocol

from markupsafe import Markup, escape

_ADDRESS = re.compile(r"https?://[^\s<>\"'()]+[^\s<>\"'().,;:!?]")
_SAFE = re.compile(r"(?:https?://|mailto:|tel:)\S", re.IGNORECASE)
_LINK = Markup('<a href="{}" target="_blank" rel="noopener noreferrer nofollow">{}</a>')


class Span(Protocol):
    """Words in one style, as the small markup's parser gives them; `url` is a safe one."""

    @property
    def text(self) -> str: ...
    @property
    def bold(self) -> bool: ...
    @property
    def italic(self) -> bool: ...
    @property
    def code(self) -> bool: ...
    @property
    def url(self) -> str | None: ...


# Reads the small markup of `bot.model.content` into blocks: with `spans` (and with `number` and
# `depth` where they are a list's), or with `text` where they are lines of code.
Parser = Callable[[str], Sequence[object]]


def linked(text: str) -> Markup:
    """Plain words: line breaks stay (the style sheet shows them), web addresses can be followed."""
    parts: list[Markup] = []
    end = 0
    for found in _ADDRESS.finditer(text):
        parts += [escape(text[end : found.start()]), _LINK.format(found[0], found[0])]
        end = found.end()
    return Markup("").join([*parts, escape(text[end:])])


def safe_url(url: str | None) -> bool:
    """Whether a link may lead there: to the web, an e-mail address or a telephone number."""
    return url is not None and _SAFE.match(url) is not None


class SmallMarkup:
    """The markup of what the bot and staff say, as HTML."""

    def __init__(self, parse: Parser) -> None:
        self._parse = parse

    def __call__(self, text: str) -> Markup:
        """Paragraphs, lists and code."""
        blocks = self._parse(text)
        return Markup("").join(
            _list(group) if is_list else Markup("").join(map(_block, group))
            for is_list, group in groupby(blocks, key=lambda block: hasattr(block, "depth"))
        )


def _block(block: object) -> Markup:
    spans: Iterable[Span] | None = getattr(block, "spans", None)
    if spans is None:
        code: str = getattr(block, "text")  # noqa: B009 (it is an `object` to mypy)
        return Markup("<pre><code>{}</code></pre>").format(code)
    return Markup("<p>{}</p>").format(_words(spans))


def _list(items: Iterable[object]) -> Markup:
    return Markup('<ul class="written">{}</ul>').format(Markup("").join(map(_item, items)))


def _item(item: object) -> Markup:
    number: int | None = getattr(item, "number")  # noqa: B009
    depth: int = getattr(item, "depth")  # noqa: B009
    spans: Iterable[Span] = getattr(item, "spans")  # noqa: B009
    mark = "•" if number is None else f"{number}."
    return Markup('<li class="depth-{}"><span class="bullet">{}</span> {}</li>').format(
        min(depth, 4), mark, _words(spans)
    )


def _words(spans: Iterable[Span]) -> Markup:
    return Markup("").join(map(_span, spans))


def _span(span: Span) -> Markup:
    words = escape(span.text)
    if span.code:
        words = Markup("<code>{}</code>").format(words)
    if span.italic:
        words = Markup("<em>{}</em>").format(words)
    if span.bold:
        words = Markup("<strong>{}</strong>").format(words)
    return words if span.url is None else _LINK.format(span.url, words)
