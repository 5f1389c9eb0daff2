"""Going on in another channel: what a socket's customer is offered, and what is linked."""

from __future__ import annotations

import time
from collections.abc import Sequence

import segno

from bot.errors import DeliveryDelayed, LinkRefused
from bot.model.people import ChannelIdentity
from bot.ports import Identities, LinkOffer, LinkTarget
from channels.web import render
from channels.web.parse import RefusedFrame

# When somebody has asked for codes again and again.
_LATER_SECONDS = 600.0


class Links:
    """The channels that conversations can be brought into, for all sockets."""

    def __init__(self, identities: Identities, targets: Sequence[LinkTarget]) -> None:
        self._identities = identities
        self._targets = {target.name: target for target in targets}

    async def states(self, identity: ChannelIdentity) -> tuple[render.LinkState, ...]:
        """Each channel, and whether the identity's conversation goes on there."""
        if not self._targets:
            return ()
        linked = {other.channel for other in await self._identities.linked(identity)}
        return tuple(
            render.LinkState(name, target.title, name in linked)
            for name, target in self._targets.items()
        )

    async def offer(self, identity: ChannelIdentity, channel: str) -> render.Frame:
        """The frame with the way there. Raises RefusedFrame."""
        target = self._targets.get(channel)
        if target is None:
            raise _unavailable("The conversation can't go on in that channel.")
        try:
            code = await self._identities.issue_code(identity, channel)
            offer = await target.offer(code)
        except LinkRefused as error:
            raise RefusedFrame(
                "slow_down", "Too many links were asked for: wait.", retry_after=_LATER_SECONDS
            ) from error
        except DeliveryDelayed as error:
            raise _unavailable("The channel can't be reached now: try again later.") from error
        return render.link(
            channel,
            offer if offer.code != code.code else LinkOffer(offer.url, code.grouped),
            expires_at=code.expires_at,
            expires_in=code.expires_at - time.time(),
            qr=qr_code(offer.url) if offer.url is not None else None,
        )

    async def unlink(self, identity: ChannelIdentity, channel: str) -> None:
        """Split a channel's chats from the identity's conversation. Raises RefusedFrame."""
        if channel not in self._targets:
            raise _unavailable("There is no such channel to be disconnected.")
        for other in await self._identities.linked(identity):
            if other.channel == channel:
                await self._identities.unlink(other)


def qr_code(url: str) -> str:
    """The address as a picture for a telephone's camera: an SVG data URI."""
    picture: str = segno.make_qr(url, error="m").svg_data_uri(
        border=4, dark="#000", light="#fff", omitsize=True, xmldecl=False
    )
    return picture


def _unavailable(text: str) -> RefusedFrame:
    return RefusedFrame("link_unavailable", text)
