"""Where an answer goes in Slack, as one string. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

CHANNEL = "slack"

_ADDRESS = re.compile(
    r"([A-Z0-9]{1,32})/([A-Z0-9]{1,32})(?:/([0-9]{1,12}\.[0-9]{1,8})|/@([A-Z0-9]{1,32}))?", re.ASCII
)


@dataclass(frozen=True)
class Address:
    """A direct message `<team>/<channel>`, a thread of a channel `<team>/<channel>/<thread_ts>`, or
    one of a channel's members who is answered so that nobody else sees it
    `<team>/<channel>/@<user>`: a command's answer.

    `team` is the workspace (or the organisation) that the app is installed in.
    """

    team: str
    channel: str
    thread: str | None = None
    user: str | None = None

    @property
    def is_direct(self) -> bool:
        """Whether it is the customer's direct messages with the bot."""
        return self.thread is None and self.user is None

    def __str__(self) -> str:
        if self.user is not None:
            return f"{self.team}/{self.channel}/@{self.user}"
        return "/".join(part for part in (self.team, self.channel, self.thread) if part)


def parse_address(text: str) -> Address:
    """The inverse of `str`. Raises ValueError."""
    match = _ADDRESS.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no address of a Slack chat")
    return Address(*match.groups())
