"""Texts of the platforms' JSON, made safe to keep. Pure functions."""

from __future__ import annotations

from typing import Any


def clean_text(text: str) -> str:
    """A text that every store takes: halves of surrogate pairs replaced, no NUL."""
    if text.isascii() and "\0" not in text:
        return text
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return whole.replace("\0", "")


def clean_json(data: Any) -> Any:
    """JSON with `clean_text` of all its texts. Raises RecursionError where it is too deep."""
    if isinstance(data, str):
        return clean_text(data)
    if isinstance(data, dict):
        return {clean_text(name): clean_json(value) for name, value in data.items()}
    if isinstance(data, list):
        return [clean_json(item) for item in data]
    return data
