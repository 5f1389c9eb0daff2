"""`POST /webhooks/rest/webhook`: store the message, wait for its turn, answer with what was said.
`GET /webhooks/rest/messages`: what was said since then.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import anyio
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.errors import AcceptanceUnknown, AnswerPending, InvalidMessage, StorageUnavailable
from bot.model.messages import Author, Inbound
from bot.model.people import ChannelIdentity
from bot.observability.metrics import MessageMetrics
from bot.ports import Accepted, Followers, Identities, Inbox, Notice, Transcripts
from channels.reception import in_conversation
from channels.rest.access import check_local, check_token
from channels.rest.parse import (
    CHANNEL,
    Limits,
    check_content_type,
    check_sender,
    parse_message,
)
from channels.rest.render import Fields, render, render_line
from channels.rest.transcript import reply_to

# All that was said to the sender until there is in this answer or an earlier one.
CURSOR_HEADER = "Flerkanal-Cursor"
_PAGE = 100


class RestChannel:
    """The REST channel over the pipeline's ports.

    `token`: what a client must bear; None lets in programs on this machine only. `reply_timeout`:
    how long a request waits for its answer, in seconds; then it raises AnswerPending, the turn
    goes on. `poll_seconds`: how often it looks for an answer whose notice was lost.
    """

    name = CHANNEL

    def __init__(
        self,
        inbox: Inbox,
        identities: Identities,
        transcripts: Transcripts,
        followers: Followers,
        metrics: MessageMetrics,
        *,
        token: str | None,
        reply_timeout: float,
        limits: Limits,
        poll_seconds: float = 2.0,
    ) -> None:
        self._inbox = inbox
        self._identities = identities
        self._transcripts = transcripts
        self._followers = followers
        self._metrics = metrics
        self._token = token
        self._reply_timeout = reply_timeout
        self._limits = limits
        self._poll_seconds = poll_seconds

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """What to mount in the HTTP application."""
        return [
            Route("/webhooks/rest/webhook", self.webhook, methods=["POST"]),
            Route("/webhooks/rest/messages", self.messages, methods=["GET"]),
        ]

    async def webhook(self, request: Request) -> Response:
        """Answer one message. Raises InvalidMessage, AcceptanceUnknown, AnswerPending."""
        try:
            message = await self._parse(request)
        except InvalidMessage as error:
            self._metrics.refused(CHANNEL, error.code)
            raise
        participant = await self._identities.resolve(ChannelIdentity(CHANNEL, message.sender))
        message = await in_conversation(self._inbox, message, participant)
        # Following begins before the message is in: the answer can't slip by in between.
        async with self._followers.follow(message.conversation_id) as notices:
            accepted = await self._accept(message)
            await self._until_answered(message, accepted, notices, request)
        try:
            reply = await reply_to(self._transcripts, message.conversation_id, accepted)
        except StorageUnavailable as error:
            raise AnswerPending(message.event_id) from error
        fields: list[Fields] = []
        for line in reply.lines:
            # An answer to the message itself is as Rasa's channel has it, to the letter.
            if line.turn_id == accepted.turn_id and line.author is Author.BOT:
                fields += render(message.sender, [line.content])
            else:
                fields += render_line(message.sender, line)
        return _json(fields, {CURSOR_HEADER: reply.cursor})

    async def messages(self, request: Request) -> Response:
        """What was said to a sender after a cursor. Raises InvalidMessage, StorageUnavailable."""
        try:
            self._check_access(request)
            sender = check_sender(request.query_params.get("sender"), self._limits)
            identity = ChannelIdentity(CHANNEL, sender)
            conversation_id = (await self._identities.resolve(identity)).conversation_id
            after = request.query_params.get("after") or None
            lines = await self._transcripts.read(conversation_id, after, _PAGE)
        except InvalidMessage as error:
            self._metrics.refused(CHANNEL, error.code)
            raise
        told = [
            fields
            for line in lines
            if line.channel == CHANNEL and line.author is not Author.CUSTOMER
            for fields in render_line(sender, line)
        ]
        return _json({"messages": told, "cursor": lines[-1].cursor if lines else after})

    def _check_access(self, request: Request) -> None:
        if self._token is not None:
            check_token(request.headers.get("authorization"), self._token)
        else:
            check_local(_peer(request), request.headers)

    async def _parse(self, request: Request) -> Inbound:
        headers = request.headers
        self._check_access(request)
        check_content_type(headers.get("content-type"))
        return parse_message(
            await request.body(),
            event_id=str(uuid.uuid4()),
            key=headers.get("idempotency-key"),
            received_at=time.time(),
            limits=self._limits,
        )

    async def _accept(self, message: Inbound) -> Accepted:
        try:
            return await self._inbox.accept(message)
        except StorageUnavailable as error:
            raise AcceptanceUnknown(message.event_id, str(error)) from error

    async def _until_answered(
        self,
        message: Inbound,
        accepted: Accepted,
        notices: AsyncIterator[Notice | None],
        request: Request,
    ) -> None:
        if accepted.duplicate and await self._is_answered_now(message):
            return
        with anyio.move_on_after(self._reply_timeout):
            while True:
                with anyio.move_on_after(self._poll_seconds):
                    if await _answered(accepted.turn_id, notices):
                        return
                if await self._is_answered_now(message):
                    return
                if await request.is_disconnected():
                    raise ClientDisconnect
        raise AnswerPending(message.event_id)

    async def _is_answered_now(self, message: Inbound) -> bool:
        try:
            return await self._transcripts.is_answered(message)
        except StorageUnavailable:
            # The message is safe already: a store that is away for a moment only delays.
            return False


def _json(data: Any, headers: Mapping[str, str] | None = None) -> Response:
    body = json.dumps(data, ensure_ascii=False).encode("utf-8", "replace")
    return Response(body, media_type="application/json", headers=headers)


def _peer(request: Request) -> str:
    """The client's address, `unix` for a unix socket, empty where it is not known.

    A client that is gone already has no address either: that must not make it a local one.
    """
    if request.client is not None:
        return request.client.host
    server = request.scope.get("server")
    return "unix" if server is not None and server[1] is None else ""


async def _answered(turn_id: str, notices: AsyncIterator[Any]) -> bool:
    """True once the turn is over, False where that notice may have been lost."""
    async for notice in notices:
        if notice is None:
            return False
        if notice.kind == "answered" and notice.turn_id == turn_id:
            return True
    return False
