"""Values out of an update: the platform's library takes them over unchecked. Pure."""

from __future__ import annotations

import math
import re
from typing import Any, TypeVar

from bot.errors import InvalidMessage

T = TypeVar("T")

# C0 and C1 controls but tab, line feed and carriage return.
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_HALF_PAIRS = re.compile(r"[\ud800-\udfff]")
_LOCALE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}", re.ASCII)


def present(value: T | None) -> T:
    """What an update can't be without; the library takes it to be there. Raises InvalidMessage."""
    if value is None:
        raise InvalidMessage("not_an_update", "A field that an update must have is missing.")
    return value


def words(value: Any) -> str:
    """A text without control characters; empty for None. Raises InvalidMessage."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidMessage("not_an_update", "A field that must be text is not.")
    if _HALF_PAIRS.search(value):
        raise InvalidMessage("not_unicode", "A text holds half a surrogate pair.")
    return _CONTROLS.sub("", value)


def whole(value: Any) -> int:
    """A whole number. Raises InvalidMessage."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidMessage("not_an_update", "A field that must be a whole number is not.")
    return value


def optional_whole(value: Any) -> int | None:
    """A whole number or nothing. Raises InvalidMessage."""
    return None if value is None else whole(value)


def number(value: Any) -> float:
    """A finite number. Raises InvalidMessage."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise InvalidMessage("not_an_update", "A field that must be a number is not.")
    return float(value)


def locale(value: Any) -> str | None:
    """A language's tag such as `nb`; None where it is none: it only helps."""
    readable = isinstance(value, str) and _LOCALE.fullmatch(value) is not None
    return value if readable else None
