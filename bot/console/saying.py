"""A content in a few plain words: for lists, notifications and drafts."""

from __future__ import annotations

from bot.model.content import Content

_CHARS = 160


def brief(content: Content | None, chars: int = _CHARS) -> str:
    """Its words, cut at `chars`; of what has none, the names of its parts."""
    text = getattr(content, "text", "") or getattr(content, "title", "")
    if not text:
        named = [*getattr(content, "attachments", ()), *getattr(content, "cards", ())]
        parts = [getattr(one, "name", "") or getattr(one, "title", "") for one in named]
        text = ", ".join(part for part in parts if part) or getattr(content, "alt", "")
    return text if len(text) <= chars else f"{text[: chars - 1].rstrip()}…"
