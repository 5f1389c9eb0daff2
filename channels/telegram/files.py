"""Pictures and documents that Telegram fetches by their address. Pure functions."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

# What sendDocument takes by its address, in Telegram's words.
_DOCUMENTS = (".pdf", ".zip", ".gif")


def may_be_document(url: str) -> bool:
    """By its ending, where it has one: Telegram goes by the type that the server names."""
    name = name_in(url).lower()
    return "." not in name or name.endswith(_DOCUMENTS)


def name_in(url: str) -> str:
    """The file's name in its address."""
    return unquote(urlsplit(url).path.rpartition("/")[2])
