"""Where things are in Redis: the names of keys and which partition a conversation belongs to."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Literal

from bot.model.messages import Inbound

Role = Literal["inbox", "outbox"]

GROUPS: dict[Role, str] = {"inbox": "workers", "outbox": "senders"}
NOTICES = "fk:notices"
LAYOUT = "fk:layout"


def holders(role: Role) -> str:
    """The sorted set of a role's live processes."""
    return f"fk:{{{role}}}:holders"


def about(role: Role) -> str:
    """The hash of what a role's live processes say of themselves."""
    return f"fk:{{{role}}}:about"


@dataclass(frozen=True)
class Layout:
    """The keys for a number of partitions. The number is fixed once there is data."""

    partitions: int

    def partition_of(self, conversation_id: str) -> int:
        """The same conversation is always in the same partition."""
        return zlib.crc32(conversation_id.encode()) % self.partitions

    def queue(self, partition: int, role: Role) -> str:
        """The stream of messages to answer, or of answers to deliver."""
        return f"fk:{{{partition}}}:{role}"

    def dead(self, partition: int) -> str:
        """The stream of dead letters."""
        return f"fk:{{{partition}}}:dead"

    def lease(self, partition: int, role: Role) -> str:
        """Who may read the queue now."""
        return f"fk:{{{partition}}}:lease:{role}"

    def epoch(self, partition: int, role: Role) -> str:
        """How often the lease was given."""
        return f"fk:{{{partition}}}:epoch:{role}"

    def chat(self, conversation_id: str) -> str:
        """The transcript."""
        return f"{self._of(conversation_id)}:chat:{conversation_id}"

    def tracker(self, conversation_id: str) -> str:
        """The tracker's events."""
        return f"{self._of(conversation_id)}:tracker:{conversation_id}"

    def base(self, conversation_id: str) -> str:
        """The tracker window's base."""
        return f"{self._of(conversation_id)}:base:{conversation_id}"

    def seen(self, message: Inbound) -> str:
        """The deduplication mark of a message."""
        where = self._of(message.conversation_id)
        return f"{where}:seen:{message.channel}:{message.conversation_id}:{message.event_id}"

    def _of(self, conversation_id: str) -> str:
        return f"fk:{{{self.partition_of(conversation_id)}}}"
