"""What every platform's adapter hands its events to: who is it, then into the inbox."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bot.errors import LinkRefused
from bot.model.content import Attachment
from bot.model.languages import known_language
from bot.model.messages import Inbound
from bot.model.people import ChannelIdentity, Participant
from bot.observability.metrics import MessageMetrics
from bot.ports import Accepted, Identities, Inbox

LINKED = "/channel_linked"
UNLINKED = "/channel_unlinked"
REFUSED = "/link_refused"

# What the transcript shows of it: a code is nothing to be read there.
_SAID: Mapping[str, tuple[str, str]] = {
    LINKED: ("Continuing on {title}", "Fortsetter på {title}"),
    UNLINKED: ("Disconnecting {title}", "Kobler fra {title}"),
    REFUSED: ("Trying to continue on {title}", "Prøver å fortsette på {title}"),
}


@dataclass(frozen=True)
class Arrival:
    """A customer's message as a platform brought it; the fields are those of `Inbound`.

    `identity` says who it is from, and its `address` is where answers go. `metadata["locale"]` is
    the customer's language such as `nb-NO`, where the platform tells it.
    """

    identity: ChannelIdentity
    event_id: str
    text: str
    received_at: float
    payload: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    attachments: tuple[Attachment, ...] = ()


class Reception:
    """Takes messages in. When a method returns, its message survives the death of every process.

    Everything may be done again: a platform that was not told delivers its event once more. All
    methods raise StorageUnavailable, and then the platform should come again.
    """

    def __init__(self, inbox: Inbox, identities: Identities, metrics: MessageMetrics) -> None:
        self._inbox = inbox
        self._identities = identities
        self._metrics = metrics

    async def take(self, arrival: Arrival) -> Accepted:
        """Store a message in the conversation that its sender is in."""
        return await self.store(arrival, await self._identities.resolve(arrival.identity))

    async def store(self, arrival: Arrival, participant: Participant) -> Accepted:
        """As `take`, where the sender has been resolved already."""
        message = await in_conversation(self._inbox, _inbound(arrival), participant)
        return await self._inbox.accept(message)

    async def link(self, arrival: Arrival, code: str) -> Accepted:
        """Bring the sender into the conversation of a one-time code, and say so there.

        Where the code is refused the conversation stays, and the bot is told why. Neither the
        transcript nor the bot gets to see the code.
        """
        before = await self._taken_before(arrival)
        if before is not None:
            return before
        try:
            participant = await self._identities.redeem(code, arrival.identity)
        except LinkRefused as error:
            self._metrics.refused(arrival.identity.channel, f"link_{error.reason}")
            entities = json.dumps({"link_problem": error.reason})
            return await self.take(_instead(arrival, REFUSED, entities))
        return await self.store(_instead(arrival, LINKED), participant)

    async def unlink(self, arrival: Arrival) -> Accepted:
        """Bring the sender back into a conversation of their own, and say so there."""
        before = await self._taken_before(arrival)
        if before is not None:
            return before
        participant = await self._identities.unlink(arrival.identity)
        return await self.store(_instead(arrival, UNLINKED), participant)

    async def _taken_before(self, arrival: Arrival) -> Accepted | None:
        """A late retry must not link again what has been unlinked since."""
        message = _inbound(arrival)
        participant = await self._identities.resolve(arrival.identity)
        for conversation_id in (participant.conversation_id, *participant.previous):
            there = replace(message, conversation_id=conversation_id)
            if await self._inbox.find(there) is not None:
                return await self._inbox.accept(there)
        return None


async def in_conversation(inbox: Inbox, message: Inbound, participant: Participant) -> Inbound:
    """The message in its sender's conversation, or in the earlier one that has it already.

    Raises StorageUnavailable.
    """
    for conversation_id in participant.previous:
        there = replace(message, conversation_id=conversation_id)
        if await inbox.find(there) is not None:
            return there
    return replace(message, conversation_id=participant.conversation_id)


def _inbound(arrival: Arrival) -> Inbound:
    identity = arrival.identity
    return Inbound(
        channel=identity.channel,
        sender=identity.address,
        conversation_id=identity.name,
        event_id=arrival.event_id,
        text=arrival.text,
        received_at=arrival.received_at,
        payload=arrival.payload,
        metadata=arrival.metadata,
        attachments=arrival.attachments,
    )


def _instead(arrival: Arrival, payload: str, entities: str = "") -> Arrival:
    """The arrival with that payload, and what it says in words."""
    english, norwegian = _SAID[payload]
    locale = arrival.metadata.get("locale")
    language = known_language(locale) if isinstance(locale, str) else None
    words = norwegian if language == "nb" else english
    return replace(
        arrival,
        text=words.format(title=arrival.identity.channel.capitalize()),
        payload=payload + entities,
        attachments=(),
    )
