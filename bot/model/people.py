"""Who is there: a person, who may be in several channels, and what they talk in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ChannelIdentity:
    """A chat of one channel: `address` is the channel's own name for it, such as a page-scoped id.

    As long as it is not linked, it is a person of its own with a conversation of its own.
    """

    channel: str
    address: str

    @property
    def name(self) -> str:
        """`<channel>:<address>`: the person and the conversation that it is by itself."""
        return f"{self.channel}:{self.address}"


@dataclass(frozen=True)
class Participant:
    """Who somebody is, and the conversation that they are in now.

    `previous` are those that they were moved out of lately, the last one first: a platform's retry
    of a message that was accepted there is still no second message. `signed_in`: the person is a
    site's own user, known by a signed token.
    """

    person_id: str
    conversation_id: str
    previous: tuple[str, ...] = ()
    signed_in: bool = False


@dataclass(frozen=True)
class LinkCode:
    """A one-time code that moves its conversation into another channel.

    `code` fits every platform's deep link (`A-Z`, `2-9`, at most 64 characters); `expires_at` is
    in seconds since the epoch.
    """

    code: str
    expires_at: float

    @property
    def grouped(self) -> str:
        """The code as people read and type it: in fives, with dashes between them."""
        return "-".join(self.code[at : at + 5] for at in range(0, len(self.code), 5))


@dataclass(frozen=True)
class Contact:
    """How to reach somebody in a channel: `recipient` is the last message's sender, which came at
    `heard_at`. What they have been shown: `delivered_until` and `read_until`, where the platform
    tells. All in seconds since the epoch.
    """

    channel: str
    recipient: str
    heard_at: float
    delivered_until: float | None = None
    read_until: float | None = None
