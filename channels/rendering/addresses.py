"""Which addresses a platform takes for a page, a picture or a document. Pure functions."""

from __future__ import annotations

from urllib.parse import urlsplit


def is_web_address(url: str) -> bool:
    """Whether it is one of the web that names a server, and so can be opened from anywhere."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False
