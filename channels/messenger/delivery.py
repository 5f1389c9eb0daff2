"""Messages on their way to Messenger, by the Send API.

Sources: Meta, "Messenger Platform: Send API", "Policy: Standard Messaging and Message Tags",
"Rate Limits", "Conversations API".
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import structlog

from bot.errors import (
    DeliveryDelayed,
    DeliveryRefused,
    DeliveryUnknown,
    StorageUnavailable,
    WindowClosed,
)
from bot.model.messages import Author, Outbound
from bot.ports import Call, Contacts, PushChannel, Rate, delivery_key
from channels.messenger.graph import GraphApi
from channels.messenger.parse import CHANNEL
from channels.messenger.render import ACTION, MESSAGE, render
from channels.messenger.thread import FIELDS, was_taken
from channels.messenger.values import text_of
from channels.rendering.signing import signed

# How long after the customer's last word the bot may answer, and a person of the staff.
BOT_SECONDS = 24 * 3600.0
STAFF_SECONDS = 7 * 24 * 3600.0

# The Send API's rates for a page. It gives none for pictures and files: they count as the slow
# kind here. Nor does it say how many messages to one thread are too many.
_PAGE = Rate("messenger:page", 300, 1.0)
_MEDIA = Rate("messenger:media", 10, 1.0)
# Above this the page's own inbox stops working, for the staff that answers there.
_MESSAGES = Rate("messenger:messages", 40, 1.0)
_THREAD_COUNT, _THREAD_SECONDS = 10, 10.0
# The Conversations API's rate for a page.
_READING = Rate("messenger:conversations", 2, 1.0)

logger = structlog.get_logger(__name__)


class MessengerDelivery(PushChannel):
    """Sends as the page. `clock` gives seconds since the epoch."""

    name = CHANNEL

    def __init__(
        self,
        api: GraphApi,
        *,
        contacts: Contacts,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._api = api
        self._contacts = contacts
        self._clock = clock

    def calls(self, message: Outbound) -> Sequence[Call]:
        """See the port: one call of the Send API for each message or sender action."""
        return render(signed(message), message.language)

    def rates(self, message: Outbound, call: Call) -> Sequence[Rate]:
        """See the port."""
        thread = Rate(f"messenger:thread:{message.recipient}", _THREAD_COUNT, _THREAD_SECONDS)
        if call.method == ACTION:
            return [_PAGE]
        return [_PAGE, _MESSAGES, *([_MEDIA] if _is_media(call) else []), thread]

    def rates_of_asking(
        self,
        message: Outbound,  # noqa: ARG002 (the port's signature; all threads share one rate)
        call: Call,
    ) -> Sequence[Rate]:
        """See the port."""
        return [] if call.method == ACTION else [_READING]

    async def make(self, message: Outbound, number: int, call: Call) -> str | None:
        """See the port. Raises WindowClosed without a call where the platform would refuse it."""
        kind = await self._messaging_type(message)
        recipient = {"recipient": {"id": message.recipient}}
        if call.method == ACTION:
            return await self._post({**recipient, **call.arguments})
        # The echo of the message brings this back, also where the answer is lost.
        metadata = {"metadata": delivery_key(message, number)}
        what = call.arguments[MESSAGE]
        try:
            return await self._post({**recipient, **kind, MESSAGE: {**what, **metadata}})
        except DeliveryRefused as error:
            if not _is_media(call):
                raise
            # The platform could not fetch it, or it is too large: the customer's own browser may.
            logger.warning("messenger_attachment_refused", error=str(error))
        words = {"text": what["attachment"]["payload"]["url"]}
        return await self._post({**recipient, **kind, MESSAGE: {**words, **metadata}})

    async def was_made(self, message: Outbound, number: int, call: Call) -> bool | None:
        """See the port: by what the conversation shows.

        None where the token may not read conversations, or where they leave it open. What an echo
        tells is in the journal already, and the sender has looked there.
        """
        if call.method == ACTION:
            # A sign of typing that came late would be worse than none.
            return True
        text = call.arguments[MESSAGE].get("text")
        if not isinstance(text, str) or self._says_before(message, number, text):
            return None
        try:
            thread = await self._api.get_if_allowed(
                "me/conversations", platform=CHANNEL, user_id=message.recipient, fields=FIELDS
            )
        except DeliveryUnknown as error:
            # Reading does no harm when it is done again.
            raise DeliveryDelayed(str(error)) from error
        if thread is None:
            logger.info("messenger_thread_unreadable")
            return None
        return was_taken(thread, message.recipient, text, asked_at=message.asked_at)

    async def close(self) -> None:
        """See the port."""
        await self._api.close()

    async def _post(self, body: Mapping[str, Any]) -> str | None:
        answer = await self._api.post("me/messages", body)
        return text_of(answer.get("message_id")) or None

    async def _messaging_type(self, message: Outbound) -> Mapping[str, str]:
        age = self._clock() - message.asked_at
        if age > BOT_SECONDS:
            # They may have written again since, or in Messenger after this came from elsewhere.
            age = self._clock() - max(message.asked_at, await self._heard_at(message))
        if age <= BOT_SECONDS:
            return {"messaging_type": "RESPONSE"}
        if message.author is Author.STAFF and age <= STAFF_SECONDS:
            return {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
        limit = "7 days" if message.author is Author.STAFF else "24 hours"
        raise WindowClosed(
            f"the customer's last word in Messenger is {age / 3600:.0f} hours old,"
            f" and the platform lets nobody answer after {limit}"
        )

    async def _heard_at(self, message: Outbound) -> float:
        try:
            contact = await self._contacts.on(message.conversation_id, CHANNEL)
        except StorageUnavailable as error:
            raise DeliveryDelayed(f"the store does not answer: {error}") from error
        heard = contact is not None and contact.recipient == message.recipient
        return contact.heard_at if contact is not None and heard else 0.0

    def _says_before(self, message: Outbound, number: int, text: str) -> bool:
        """Whether an earlier call of the message says the same."""
        before = self.calls(message)[:number]
        return any(call.arguments.get(MESSAGE, {}).get("text") == text for call in before)


def _is_media(call: Call) -> bool:
    attachment = call.arguments[MESSAGE].get("attachment", {})
    return attachment.get("type") in ("image", "file", "audio", "video")
