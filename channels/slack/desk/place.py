"""A handoff's thread in the staff's channel, as one string. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PLACE = re.compile(r"([CG][A-Z0-9]{1,31})/([0-9]{1,12}\.[0-9]{1,8})", re.ASCII)


@dataclass(frozen=True)
class Place:
    """`thread` is the timestamp of the thread's first message."""

    channel: str
    thread: str

    def __str__(self) -> str:
        return f"{self.channel}/{self.thread}"


def parse_place(text: str) -> Place | None:
    """The inverse of `str`; None for what is no place."""
    match = _PLACE.fullmatch(text)
    return None if match is None else Place(*match.groups())
