"""Who a hello turns out to be."""

from __future__ import annotations

from dataclasses import dataclass

from bot.errors import InvalidMessage
from bot.model.people import ChannelIdentity, Participant
from bot.ports import Identities, Sessions
from channels.web.parse import Hello


@dataclass(frozen=True)
class Visitor:
    """A session's bearer. `is_new`: what the client has of a conversation is not of this one.

    `problem`: why the site's word on who that is was not believed.
    """

    token: str
    identity: ChannelIdentity
    participant: Participant
    is_new: bool
    problem: InvalidMessage | None = None

    @property
    def conversation_id(self) -> str:
        """What the socket follows."""
        return self.participant.conversation_id


class Visitors:
    """Finds sessions, begins new ones, signs in."""

    def __init__(self, sessions: Sessions, identities: Identities) -> None:
        self._sessions = sessions
        self._identities = identities

    async def greet(self, hello: Hello) -> Visitor:
        """The session's bearer, signed in where the site says who that is.

        A session that a user has signed in with is opened for that user alone: what they said is
        not for whoever sits at the same screen after them. Everybody else begins a new one.
        """
        visitor = await self._bearer(hello.token)
        problem = None
        if hello.identity is not None:
            try:
                return await self._signed_in(visitor, hello.identity)
            except InvalidMessage as error:
                problem = error
        if visitor.participant.signed_in:
            visitor = await self._stranger()
        return Visitor(
            visitor.token, visitor.identity, visitor.participant, visitor.is_new, problem
        )

    async def _bearer(self, token: str | None) -> Visitor:
        identity = await self._sessions.find(token) if token else None
        if token is None or identity is None:
            return await self._stranger()
        return Visitor(token, identity, await self._identities.resolve(identity), is_new=False)

    async def _signed_in(self, visitor: Visitor, identity_token: str) -> Visitor:
        user = await self._identities.sign_in(visitor.identity, identity_token)
        moved = user.conversation_id != visitor.conversation_id
        return Visitor(visitor.token, visitor.identity, user, is_new=visitor.is_new or moved)

    async def _stranger(self) -> Visitor:
        token, identity = await self._sessions.create()
        return Visitor(token, identity, Participant(identity.name, identity.name), is_new=True)
