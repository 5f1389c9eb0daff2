"""`POST /webhooks/rest/webhook`: store the message, wait for its turn, answer with what was said."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from typing import Any

import anyio
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.errors import AcceptanceUnknown, AnswerPending, InvalidMessage, StorageUnavailable
from bot.model.content import Content
from bot.model.messages import Author, Inbound
from bot.model.people import ChannelIdentity
from bot.observability.metrics import MessageMetrics
from bot.ports import Accepted, Followers, Identities, Inbox, Notice, Transcripts
from channels.reception import in_conversation
from channels.rest.access import check_local, check_token
from channels.rest.parse import CHANNEL, Limits, check_content_type, parse_message
from channels.rest.render import render

_PAGE = 50


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
        return [Route("/webhooks/rest/webhook", self.webhook, methods=["POST"])]

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
            answers = await self._answers(message.conversation_id, accepted)
        except StorageUnavailable as error:
            raise AnswerPending(message.event_id) from error
        body = json.dumps(render(message.sender, answers), ensure_ascii=False)
        return Response(body.encode("utf-8", "replace"), media_type="application/json")

    async def _parse(self, request: Request) -> Inbound:
        headers = request.headers
        if self._token is not None:
            check_token(headers.get("authorization"), self._token)
        else:
            check_local(_peer(request), headers)
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

    async def _answers(self, conversation_id: str, accepted: Accepted) -> list[Content]:
        answers: list[Content] = []
        cursor = accepted.cursor
        while True:
            page = await self._transcripts.read(conversation_id, after=cursor, limit=_PAGE)
            found = [
                line.content
                for line in page
                if line.turn_id == accepted.turn_id and line.author is Author.BOT
            ]
            answers += found
            # A turn's answers stand together, so what ends before the page's end is complete.
            complete = answers and page and page[-1].turn_id != accepted.turn_id
            if complete or len(page) < _PAGE:
                return answers
            cursor = page[-1].cursor


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
