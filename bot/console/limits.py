"""What a channel takes of what staff write, as the page shows it while they write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# As long as the desk takes: longer texts are refused.
LONGEST_TEXT = 10_000


@dataclass(frozen=True)
class ChannelLimits:
    """`chars` is the longest message in UTF-16 units (None: none that matters); a longer text goes
    out as several. `files`: whether it can bring files. `window_seconds` after the customer's last
    word nobody may write to them any more (None: never).
    """

    chars: int | None = None
    files: bool = True
    window_seconds: float | None = None


@dataclass(frozen=True)
class ReplyLimits:
    """Those of one conversation now. `closes_at` is in seconds since the epoch."""

    chars: int | None
    files: bool
    closes_at: float | None
    most: int = LONGEST_TEXT


class Limits:
    """By channel; `public_url` is where customers reach this server, if they can."""

    def __init__(self, channels: Mapping[str, ChannelLimits], public_url: str | None) -> None:
        self._channels = channels
        self._public_url = public_url

    @property
    def channels(self) -> Mapping[str, ChannelLimits]:
        """All channels there are."""
        return self._channels

    def of(self, channel: str, heard_at: float | None) -> ReplyLimits:
        """For a customer who was heard last in `channel` at `heard_at`."""
        limits = self._channels.get(channel, ChannelLimits(files=False))
        window = limits.window_seconds
        # Who sits at the widget reaches this server, as it is; a platform has to fetch the file.
        reachable = channel == "web" or self._public_url is not None
        return ReplyLimits(
            chars=limits.chars,
            files=limits.files and reachable,
            closes_at=None if window is None or heard_at is None else heard_at + window,
        )
