"""Values of the platform's JSON, made safe to keep. Pure; nothing raises."""

from __future__ import annotations

from typing import Any

from channels.cleaning import clean_text

_LONGEST_ID = 512


def clean(value: Any) -> str:
    """A text as it can be stored: halves of surrogate pairs replaced, no NUL; else ""."""
    return clean_text(value) if isinstance(value, str) else ""


def text_of(value: Any) -> str:
    """An id, which the platform writes as text or as a number; "" for anything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if abs(value) < 1 << 80 else ""
    text = clean(value)
    return text if len(text) <= _LONGEST_ID else ""


def number_of(value: Any) -> float | None:
    """A finite number, or None."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    # NaN fails both comparisons; a huge int can't become a float.
    return float(value) if -1e15 < value < 1e15 else None
