"""What a message can hold, the same for every channel.

A channel renders each kind natively where its platform can, else degraded without losing meaning.
Text carries a small markup: `**bold**`, `*italic*`, `[title](https://...)`, lists, `` `code` ``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, Literal, get_args

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
class QuickReplies:
    """Words with suggested answers, which are gone once one was given. `replies` carry no `url`."""

    kind: ClassVar[str] = "quick_replies"
    text: str
    replies: tuple[Button, ...]


@dataclass(frozen=True)
class Image:
    """A picture at `url`; `alt` describes it for those who do not see it."""

    kind: ClassVar[str] = "image"
    url: str
    alt: str = ""


@dataclass(frozen=True)
class File:
    """A document at `url` to download. `name` is its file name, `text` says what it is."""

    kind: ClassVar[str] = "file"
    url: str
    name: str
    text: str = ""


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
class Carousel:
    """Cards side by side."""

    kind: ClassVar[str] = "carousel"
    cards: tuple[Card, ...]


@dataclass(frozen=True)
class Option:
    """One of a list to choose from. `payload` comes back when it is chosen."""

    title: str
    payload: str
    description: str = ""


@dataclass(frozen=True)
class ListChoice:
    """Words with a list of which one is chosen. `label` is what the closed list says."""

    kind: ClassVar[str] = "list_choice"
    text: str
    options: tuple[Option, ...]
    label: str = ""


@dataclass(frozen=True)
class DateChoice:
    """Asks for a day. `earliest` and `latest` bound it, as YYYY-MM-DD, both included.

    `payload` comes back with the day as YYYY-MM-DD in place of its `$date`, such as
    `/choose_day{"day": "$date"}`.
    """

    kind: ClassVar[str] = "date_choice"
    text: str
    payload: str
    earliest: str | None = None
    latest: str | None = None


@dataclass(frozen=True)
class Request:
    """Asks for the customer's place, telephone number or e-mail address, which come back as words
    (a place as `59.91273,10.74609` and as an attachment).
    """

    kind: ClassVar[str] = "request"
    text: str
    what: Literal["location", "phone", "email"]


@dataclass(frozen=True)
class Rating:
    """Asks for 1 to `scale` points. `payload` comes back with them in place of its `$rating`."""

    kind: ClassVar[str] = "rating"
    text: str
    payload: str
    scale: int = 5


@dataclass(frozen=True)
class Typing:
    """A sign that an answer is on its way. It may be lost, and no transcript keeps it."""

    kind: ClassVar[str] = "typing"


@dataclass(frozen=True)
class Attachment:
    """Something that a customer sent along.

    `url` is where anybody may fetch it, `ref` the platform's own id for what only the bot may.
    `size` in bytes; a `location` has degrees north and east instead of either.
    """

    kind: Literal["image", "audio", "video", "file", "location", "contact", "sticker"]
    name: str = ""
    url: str | None = None
    ref: str | None = None
    media_type: str | None = None
    size: int | None = None
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True)
class Shared:
    """What a customer wrote with something sent along; in transcripts only, bots do not send it."""

    kind: ClassVar[str] = "shared"
    text: str
    attachments: tuple[Attachment, ...]


@dataclass(frozen=True)
class Custom:
    """A payload for programs (`{"handoff": {...}}`). Channels for people do not show it."""

    kind: ClassVar[str] = "custom"
    data: Mapping[str, Any] = field(default_factory=dict)


Content = (
    Text
    | Buttons
    | QuickReplies
    | Image
    | File
    | Card
    | Carousel
    | ListChoice
    | DateChoice
    | Request
    | Rating
    | Typing
    | Shared
    | Custom
)

_KINDS: dict[str, type[Any]] = {cls.kind: cls for cls in get_args(Content)}
# The fields that hold parts, in contents and in parts of contents.
_PARTS: dict[str, type[Any]] = {
    "attachments": Attachment,
    "buttons": Button,
    "cards": Card,
    "facts": Fact,
    "options": Option,
    "replies": Button,
}


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
        content: Content = read_part(cls, fields)
    except (TypeError, AttributeError) as error:
        raise UnreadableEntry(f"content of kind {kind!r}: {error}") from error
    return content


def read_part(cls: type[Any], data: Mapping[str, Any]) -> Any:
    """A content or a part of one from its dict. Raises TypeError, AttributeError."""
    fields = {
        name: tuple(read_part(_PARTS[name], item) for item in value) if name in _PARTS else value
        for name, value in data.items()
    }
    return cls(**fields)
