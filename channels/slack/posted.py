"""Finding a message again that was posted: each carries its key, in metadata that only apps see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from channels.slack.client import Client

POST = "chat.postMessage"
# What a message carries so that it is known again.
EVENT_TYPE = "flerkanal_delivery"

# The methods that read a channel are of Slack's tier 3: "50+ per minute", each for itself.
READING_PER_MINUTE = 50

# Slack's clock and ours may differ by so much, in seconds.
_CLOCKS = 60.0
_PAGE = 200
_MOST_PAGES = 10


class HistoryTooLong(Exception):
    """So much was written since that the search was given up."""


def reader(thread: str | None) -> str:
    """The method that reads a channel, or one of its threads."""
    return "conversations.history" if thread is None else "conversations.replies"


async def find_posted(
    client: Client, channel: str, thread: str | None, key: str, since: float
) -> str | None:
    """The timestamp of the message with that key, posted at `since` (in seconds since the epoch) or
    later; None where it is not there.

    Raises HistoryTooLong, and what the client's `query` raises.
    """
    arguments: dict[str, Any] = {
        "channel": channel,
        "oldest": f"{max(0.0, since - _CLOCKS):.6f}",
        "include_all_metadata": "true",
        "limit": _PAGE,
    }
    if thread is not None:
        arguments["ts"] = thread
    for _ in range(_MOST_PAGES):
        answer = await client.query(reader(thread), arguments)
        for sent in answer.get("messages", ()):
            if _key_of(sent) == key:
                return str(sent.get("ts", ""))
        cursor = (answer.get("response_metadata") or {}).get("next_cursor")
        if not cursor:
            return None
        arguments["cursor"] = cursor
    raise HistoryTooLong


def post_arguments(
    channel: str,
    blocks: Sequence[Mapping[str, Any]],
    text: str,
    key: str,
    thread: str | None = None,
) -> dict[str, Any]:
    """What POST takes for a message that is to be known again."""
    arguments: dict[str, Any] = {
        "channel": channel,
        "text": text,
        "blocks": list(blocks),
        "metadata": {"event_type": EVENT_TYPE, "event_payload": {"key": key}},
        "unfurl_links": False,
        "unfurl_media": False,
    }
    if thread is not None:
        arguments["thread_ts"] = thread
    return arguments


def _key_of(sent: Any) -> Any:
    metadata = sent.get("metadata") if isinstance(sent, dict) else None
    if not isinstance(metadata, dict) or metadata.get("event_type") != EVENT_TYPE:
        return None
    payload = metadata.get("event_payload")
    return payload.get("key") if isinstance(payload, dict) else None
