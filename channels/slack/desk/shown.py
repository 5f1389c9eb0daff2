"""What there is to be shown in a handoff's thread: the one content of messages for this desk. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from bot.errors import UnreadableEntry
from bot.model.content import Content, Custom, content_from_dict, content_to_dict
from bot.model.handoff import Agent, Cause, Handoff, State
from bot.model.messages import Author

# The name of this desk among the channels that senders deliver to.
CHANNEL = "slack_desk"

_KEY = "slack_desk"

Change = Literal[
    "begun",
    "taken",
    "given",
    "requeued",
    "moved",
    "escalated",
    "closed",
    "returned",
    "turned_away",
    "left",
    "rated",
    "other",
]


@dataclass(frozen=True)
class Changed:
    """A handoff began or was changed. `note` is for the staff alone."""

    handoff: Handoff
    change: Change
    note: str | None = None


@dataclass(frozen=True)
class Spoken:
    """The desk has said that to the customer. `name`: of the member of staff who did."""

    handoff: Handoff
    author: Author
    content: Content
    name: str | None = None


@dataclass(frozen=True)
class Heard:
    """The customer wrote that."""

    handoff: Handoff
    text: str


Shown = Changed | Spoken | Heard


def shown_to_content(shown: Shown) -> Custom:
    """Read back by `shown_from_content`."""
    data: dict[str, Any] = {"handoff": asdict(shown.handoff)}
    if isinstance(shown, Changed):
        data |= {"kind": "changed", "change": shown.change, "note": shown.note}
    elif isinstance(shown, Spoken):
        content = content_to_dict(shown.content)
        data |= {"kind": "spoken", "author": shown.author.value, "content": content}
        data["name"] = shown.name
    else:
        data |= {"kind": "heard", "text": shown.text}
    return Custom({_KEY: data})


def shown_from_content(content: Content) -> Shown:
    """Raises UnreadableEntry for any other content."""
    data = content.data.get(_KEY) if isinstance(content, Custom) else None
    if not isinstance(data, Mapping):
        raise UnreadableEntry(f"nothing for the Slack desk: a content of kind {content.kind!r}")
    try:
        handoff = _handoff(data["handoff"])
        if data["kind"] == "changed":
            return Changed(handoff, data["change"], data["note"])
        if data["kind"] == "spoken":
            said = content_from_dict(data["content"])
            return Spoken(handoff, Author(data["author"]), said, data["name"])
        return Heard(handoff, str(data["text"]))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnreadableEntry(f"message for the Slack desk: {error!r}") from error


def _handoff(data: Mapping[str, Any]) -> Handoff:
    owner = data["owner"]
    return Handoff(
        **{
            **data,
            "state": State(data["state"]),
            "cause": Cause(data["cause"]),
            "owner": None if owner is None else Agent(**owner),
        }
    )
