"""Where things are in Redis: the names of keys and which partition a conversation belongs to."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from typing import Literal

from bot.model.messages import Inbound, Outbound

Role = Literal["inbox", "outbox", "journal"]

GROUPS: dict[Role, str] = {"inbox": "workers", "outbox": "senders", "journal": "keepers"}
NOTICES = "fk:notices"
LAYOUT = "fk:layout"

_TURN = re.compile(r"(\d{1,4})-\d{1,20}-\d{1,20}", re.ASCII)


def holders(role: Role) -> str:
    """The sorted set of a role's live processes."""
    return f"fk:{{{role}}}:holders"


def about(role: Role) -> str:
    """The hash of what a role's live processes say of themselves."""
    return f"fk:{{{role}}}:about"


def paced(key: str, count: int, seconds: float) -> str:
    """The sorted set of the calls that count against a rate."""
    return f"fk:{{pace}}:{key}:{count}/{seconds:g}"


def held(key: str) -> str:
    """What exists for as long as nothing may be called that counts against that key."""
    return f"fk:{{pace}}:{key}:held"


@dataclass(frozen=True)
class Layout:
    """The keys for a number of partitions. The number is fixed once there is data."""

    partitions: int

    def partition_of(self, conversation_id: str) -> int:
        """The same conversation is always in the same partition."""
        return zlib.crc32(conversation_id.encode()) % self.partitions

    def queue(self, partition: int, role: Role) -> str:
        """The stream of messages to answer, of answers to deliver, or of what is to be recorded."""
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

    def contact(self, conversation_id: str) -> str:
        """Where the customer was last heard."""
        return f"{self._of(conversation_id)}:contact:{conversation_id}"

    def floor(self, conversation_id: str) -> str:
        """The handoff that has the floor; absent where the bot has it."""
        return f"{self._of(conversation_id)}:floor:{conversation_id}"

    def ended(self, partition: int, handoff_id: str) -> str:
        """The mark of a handoff that has given the floor back."""
        return f"fk:{{{partition}}}:ended:{handoff_id}"

    def once(self, partition: int, name: str) -> str:
        """The deduplication mark of something that the desk does."""
        return f"fk:{{{partition}}}:once:{name}"

    def words(self, partition: int) -> str:
        """How many messages were named by the desk."""
        return f"fk:{{{partition}}}:words"

    def counts(self, partition: int) -> str:
        """What the senders have done."""
        return f"fk:{{{partition}}}:counts"

    def partition_of_turn(self, turn_id: str) -> int | None:
        """The partition that a turn's name begins with; None for what is no turn's name."""
        match = _TURN.fullmatch(turn_id)
        if match is None or int(match[1]) >= self.partitions:
            return None
        return int(match[1])

    def partition_of_outbound(self, message: Outbound) -> int:
        """The partition that a message waits in."""
        partition = self.partition_of_turn(message.turn_id)
        return self.partition_of(message.conversation_id) if partition is None else partition

    def delivery(self, partition: int, message_id: str) -> str:
        """What is known of a message's delivery."""
        return f"fk:{{{partition}}}:delivery:{message_id}"

    def offer(self, partition: int, message_id: str) -> str:
        """A message's choices."""
        return f"fk:{{{partition}}}:offer:{message_id}"

    def _of(self, conversation_id: str) -> str:
        return f"fk:{{{self.partition_of(conversation_id)}}}"
