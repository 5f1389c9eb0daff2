"""`POST /webhooks/sms/webhook`: verify, parse, store, and only then say 200."""

from __future__ import annotations

import time
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.errors import InvalidMessage
from bot.observability.metrics import MessageMetrics
from channels.reception import Reception
from docs.examples.sms.parse import CHANNEL, check_signature, parse_message


class SmsChannel:
    """The SMS gateway's webhook. `secret` is what it signs its requests with."""

    name = CHANNEL

    def __init__(self, reception: Reception, metrics: MessageMetrics, *, secret: str) -> None:
        self._reception = reception
        self._metrics = metrics
        self._secret = secret

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """What to mount in the HTTP application."""
        return [Route("/webhooks/sms/webhook", self.webhook, methods=["POST"])]

    async def webhook(self, request: Request) -> Response:
        """One message. Raises InvalidMessage; StorageUnavailable, then the gateway sends it again."""
        body = await request.body()
        now = time.time()
        try:
            check_signature(request.headers, body, self._secret, now)
            arrival = parse_message(body, received_at=now)
        except InvalidMessage as error:
            self._metrics.refused(CHANNEL, error.code)
            raise
        await self._reception.take(arrival)
        return Response(status_code=200)
