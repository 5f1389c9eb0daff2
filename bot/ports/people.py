"""Who somebody is, and where they can be reached."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bot.model.people import ChannelIdentity, Contact, LinkCode, Participant


class Sessions(ABC):
    """Who may read and write a web conversation: the bearer of an unguessable token."""

    @abstractmethod
    async def create(self) -> tuple[str, ChannelIdentity]:
        """A new (token, identity). The token has 256 random bits and is stored hashed."""

    @abstractmethod
    async def find(self, token: str) -> ChannelIdentity | None:
        """The token's identity, or None."""


class Identities(ABC):
    """Who is behind a channel's address, and which conversation they are in.

    An identity that was never linked is a person of its own, in a conversation of its own; both
    carry its name. Linking brings it into another one's conversation, unlinking back to its own.
    """

    @abstractmethod
    async def resolve(self, identity: ChannelIdentity) -> Participant:
        """Who that is, now. Asked for every message, so that a link holds from the next one on."""

    @abstractmethod
    async def issue_code(self, identity: ChannelIdentity, channel: str) -> LinkCode:
        """A new code that brings an identity of `channel` into this one's conversation.

        It works once, for a few minutes, and is stored hashed. An earlier one of the same identity
        for the same channel works no more. Raises LinkRefused (`too_many`) where somebody asks
        for codes again and again.
        """

    @abstractmethod
    async def redeem(self, code: str, identity: ChannelIdentity) -> Participant:
        """Bring `identity` into the conversation that the code was made for.

        Of two who redeem one code at once, one gets in; the same identity again within the code's
        time gets the same answer, since a platform may deliver its event twice. Spaces, dashes and
        case do not matter. Raises LinkRefused: `unknown`, `used`, `late`, `other_channel`, or
        `too_many` for an identity with too many wrong codes lately.
        """

    @abstractmethod
    async def unlink(self, identity: ChannelIdentity) -> Participant:
        """Back to its own conversation. Nothing where it is in no other."""

    @abstractmethod
    async def linked(self, identity: ChannelIdentity) -> Sequence[ChannelIdentity]:
        """The other identities that are in the same conversation, the first linked first."""

    @abstractmethod
    async def sign_in(self, identity: ChannelIdentity, token: str) -> Participant:
        """Let a site's own signed-in user, named by a signed token, be the person behind `identity`.

        The first time the user takes over the identity's conversation; from then on the identity
        gets the user's. Raises InvalidMessage (`bad_identity`) for a token that is forged, stale or
        can't be checked, and changes nothing then.
        """


@dataclass(frozen=True)
class LinkOffer:
    """How a customer goes on in another channel: `url` opens it; where that can't hand the code
    over by itself, `code` is what they send there.
    """

    url: str | None
    code: str | None = None


class LinkTarget(ABC):
    """A channel that conversations can be brought into."""

    name: str
    title: str

    @abstractmethod
    async def offer(self, code: LinkCode) -> LinkOffer:
        """The way there with this code. Raises DeliveryDelayed where the platform can't be asked."""


class Contacts(ABC):
    """Where a conversation's customer was last heard, channel by channel; written by the inbox."""

    @abstractmethod
    async def last(self, conversation_id: str) -> Contact | None:
        """In the channel last used, or None where nobody has ever written."""

    @abstractmethod
    async def on(self, conversation_id: str, channel: str) -> Contact | None:
        """In one channel."""

    @abstractmethod
    async def record_receipt(
        self, conversation_id: str, channel: str, kind: Literal["delivered", "read"], until: float
    ) -> None:
        """The customer was shown all that was sent until then; an older one changes nothing."""
