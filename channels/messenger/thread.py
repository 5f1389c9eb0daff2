"""Whether a text is in a conversation, by what the Conversations API shows of it. Pure.

It names neither the metadata of a message nor the app that sent it, so this compares words, and
answers None wherever the same words could be there for another reason: to say a message twice is
better than never.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from channels.messenger.values import clean, text_of

_COUNT = 25
FIELDS = f"messages.limit({_COUNT}){{message,created_time,from}}"
# The platform tells whole seconds.
_ROUNDING = 1.0


@dataclass(frozen=True)
class _Line:
    text: str
    at: float
    by_customer: bool


def was_taken(
    thread: Mapping[str, Any], customer: str, text: str, *, asked_at: float
) -> bool | None:
    """Whether `text`, the last that was said to `customer`, is in the answer for `FIELDS`.

    It answers what they said at `asked_at`. None: that can't be told. The same words said twice in
    a row in one turn may be taken for one.
    """
    lines = _lines(thread, customer)
    if lines is None:
        return None
    said = [line for line in lines if not line.by_customer and line.at >= asked_at - _ROUNDING]
    same = [line for line in said if line.text.strip() == text.strip()]
    if not same:
        # Where all that is shown is newer, it may be further back.
        whole = len(lines) < _COUNT or lines[0].at < asked_at - _ROUNDING
        return False if whole else None
    if len(same) > 1 or said[-1] is not same[0] or not _asked_alone(lines, asked_at):
        return None
    return True


def _asked_alone(lines: list[_Line], asked_at: float) -> bool:
    """Whether the question is there and no other stands right before it, whose answer may be the
    same.
    """
    for number, line in enumerate(lines):
        if line.by_customer and abs(line.at - asked_at) <= _ROUNDING:
            return number == 0 or not lines[number - 1].by_customer
    return False


def _lines(thread: Mapping[str, Any], customer: str) -> list[_Line] | None:
    """The oldest first; None where they are not as documented."""
    conversations = thread.get("data")
    if not isinstance(conversations, list):
        return None
    if not conversations:
        return []
    first = conversations[0]
    messages = first.get("messages") if isinstance(first, dict) else None
    found = messages.get("data") if isinstance(messages, dict) else None
    if not isinstance(found, list):
        return None
    lines = []
    for item in reversed(found):
        line = _line(item, customer) if isinstance(item, dict) else None
        if line is None:
            return None
        lines.append(line)
    return sorted(lines, key=lambda line: line.at)


def _line(item: Mapping[str, Any], customer: str) -> _Line | None:
    sender = item.get("from")
    author = text_of(sender.get("id")) if isinstance(sender, dict) else ""
    try:
        at = datetime.strptime(clean(item.get("created_time")), "%Y-%m-%dT%H:%M:%S%z").timestamp()
    except (ValueError, OverflowError):
        return None
    return _Line(clean(item.get("message")), at, author == customer) if author else None
