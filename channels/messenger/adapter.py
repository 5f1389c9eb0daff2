"""`/webhooks/messenger/webhook`: verify, store, and only then answer 200."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import structlog
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from bot.errors import InvalidMessage
from bot.model.people import ChannelIdentity
from bot.observability.metrics import MessageMetrics
from bot.ports import Contacts, Deliveries, Identities
from channels.messenger.access import challenge, check_signature
from channels.messenger.page import OwnPage
from channels.messenger.parse import (
    CHANNEL,
    Echo,
    Event,
    Ignored,
    RawEvent,
    Receipt,
    Said,
    parse_batch,
    parse_event,
)
from channels.reception import UNLINKED, Arrival, Reception

# The platform repeats a webhook for 36 hours. What is older than this is no retry but a replay
# of a body that somebody has kept: signatures carry no time.
STALE_AFTER = 3 * 24 * 3600.0

logger = structlog.get_logger(__name__)


class MessengerChannel:
    """The webhook. `page`: events of other pages are left alone once it is known which one it is.

    `clock` gives seconds since the epoch.
    """

    name = CHANNEL

    def __init__(
        self,
        reception: Reception,
        *,
        identities: Identities,
        contacts: Contacts,
        deliveries: Deliveries,
        metrics: MessageMetrics,
        page: OwnPage,
        app_secret: str,
        verify_token: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._reception = reception
        self._identities = identities
        self._contacts = contacts
        self._deliveries = deliveries
        self._metrics = metrics
        self._page = page
        self._app_secret = app_secret
        self._verify_token = verify_token
        self._clock = clock

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """What to mount in the HTTP application."""
        path = "/webhooks/messenger/webhook"
        return [
            Route(path, self.handshake, methods=["GET"]),
            Route(path, self.webhook, methods=["POST"]),
        ]

    async def handshake(self, request: Request) -> Response:
        """Answer the platform's challenge. Raises InvalidMessage."""
        return PlainTextResponse(challenge(request.query_params, self._verify_token))

    async def webhook(self, request: Request) -> Response:
        """Take in a batch. Raises InvalidMessage, and StorageUnavailable where not all of it is
        safe: the platform sends all of it again then, and what was stored is known again.
        """
        try:
            body = await request.body()
            check_signature(body, request.headers.get("x-hub-signature-256"), self._app_secret)
            batch = parse_batch(body)
        except InvalidMessage as error:
            self._metrics.refused(CHANNEL, error.code)
            raise
        for raw in batch:
            await self._handle(raw)
        return PlainTextResponse("EVENT_RECEIVED")

    async def _handle(self, raw: RawEvent) -> None:
        now = self._clock()
        try:
            events = parse_event(raw, now)
        except InvalidMessage as error:
            # To refuse the batch for it would only bring it back, and hold up the others.
            self._metrics.refused(CHANNEL, error.code)
            logger.warning("event_refused", channel=CHANNEL, code=error.code, reason=str(error))
            return
        for event in events:
            if self._is_ours(event):
                await self._do(event, now)

    def _is_ours(self, event: Event) -> bool:
        if self._page.known is None or event.page == self._page.known.id:
            return True
        if not isinstance(event, Ignored):
            self._metrics.refused(CHANNEL, "other_page")
            logger.warning(
                "event_of_another_page",
                channel=CHANNEL,
                page_id=event.page,
                own=self._page.known.id,
            )
        return False

    async def _do(self, event: Event, now: float) -> None:
        if isinstance(event, Said):
            await self._said(event, now)
        elif isinstance(event, Echo):
            await self._deliveries.confirm(event.key, event.mid)
        elif isinstance(event, Receipt):
            participant = await self._identities.resolve(ChannelIdentity(CHANNEL, event.sender))
            await self._contacts.record_receipt(
                participant.conversation_id, CHANNEL, event.kind, event.until
            )
        elif event.what == "policy_enforcement":
            logger.warning("messenger_policy_enforcement", page_id=event.page)
        else:
            logger.debug("event_ignored", channel=CHANNEL, what=event.what)

    async def _said(self, said: Said, now: float) -> None:
        if now - said.at > STALE_AFTER:
            self._metrics.refused(CHANNEL, "stale")
            logger.warning("event_stale", channel=CHANNEL, hours=round((now - said.at) / 3600))
            return
        arrival = Arrival(
            identity=ChannelIdentity(CHANNEL, said.sender),
            event_id=said.event_id,
            text=said.text,
            received_at=said.at,
            payload=said.payload,
            metadata=said.metadata,
            attachments=said.attachments,
        )
        if said.code is not None:
            await self._reception.link(arrival, said.code)
        elif said.payload == UNLINKED:
            await self._reception.unlink(arrival)
        else:
            await self._reception.take(arrival)
