"""What a message can hold, the same for every channel.

A channel renders each kind natively where its platform can, else degraded without losing meaning.
Text carries a small markup: `**bold**`, `*italic*`, `[title](https://...)`, lists, `` `code` ``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

from bot.errors import UnreadableEntry


@dataclass(frozen=True)
class Button:
    """A choice. `payload` comes back when it is pressed; a button with `url` opens a page instead."""

    title: str
    payload: str | None = None
    url: str | None = None


@dataclass(frozen=True)
class Fact:
    """A labelled value on a card, such as ("Expected", "Friday 27 November")."""

    label: str
    value: str


@dataclass(frozen=True)
class Text:
    """Plain words, with the small markup."""

    kind: ClassVar[str] = "text"
    text: str


@dataclass(frozen=True)
class Buttons:
    """Words with choices under them."""

    kind: ClassVar[str] = "buttons"
    text: str
    buttons: tuple[Button, ...]


@dataclass(frozen=True)
class Image:
    """A picture at `url`; `alt` describes it for those who do not see it."""

    kind: ClassVar[str] = "image"
    url: str
    alt: str = ""


@dataclass(frozen=True)
class Card:
    """A titled box: facts, a picture, choices."""

    kind: ClassVar[str] = "card"
    title: str
    subtitle: str = ""
    image: str | None = None
    url: str | None = None
    facts: tuple[Fact, ...] = ()
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True)
class Custom:
    """A payload for programs (`{"handoff": {...}}`). Channels for people do not show it."""

    kind: ClassVar[str] = "custom"
    data: Mapping[str, Any] = field(default_factory=dict)


Content = Text | Buttons | Image | Card | Custom

_KINDS: dict[str, type[Any]] = {cls.kind: cls for cls in (Text, Buttons, Image, Card, Custom)}
_PARTS: dict[str, type[Any]] = {"buttons": Button, "facts": Fact}


def content_to_dict(content: Content) -> dict[str, Any]:
    """`{"kind": "text", "text": "..."}`: JSON-ready, read back by `content_from_dict`."""
    return {"kind": content.kind, **asdict(content)}


def content_from_dict(data: Mapping[str, Any]) -> Content:
    """The inverse of `content_to_dict`. Raises UnreadableEntry."""
    fields = dict(data)
    kind = fields.pop("kind", None)
    cls = _KINDS.get(kind) if isinstance(kind, str) else None
    if cls is None:
        raise UnreadableEntry(f"unknown kind of content: {kind!r}")
    try:
        for name, part in _PARTS.items():
            if name in fields:
                fields[name] = tuple(part(**item) for item in fields[name])
        content: Content = cls(**fields)
    except TypeError as error:
        raise UnreadableEntry(f"content of kind {kind!r}: {error}") from error
    return content
