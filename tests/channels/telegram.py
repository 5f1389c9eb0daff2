"""Telegram: a bot's private chats, against the recording Bot API."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from channels.telegram.render import ABILITIES
from tests.channels.base import Bad, Choice, Event, PlatformUnderTest, Shown, numbers_in
from tests.recording.server import Received
from tests.recording.telegram import TOKEN, RecordingTelegram

SECRET = "a-secret-token-of-the-webhook"
_SENDS = frozenset({"sendMessage", "sendPhoto", "sendDocument"})
_FILES: Mapping[str, Mapping[str, Any]] = {
    "image": {
        "photo": [
            {"file_id": "AgACAgQ1", "file_unique_id": "AQAD1", "width": 90, "height": 60},
            {"file_id": "AgACAgQ2", "file_unique_id": "AQAD2", "width": 1280, "height": 853},
        ]
    },
    "file": {
        "document": {
            "file_id": "BQACAgQ",
            "file_unique_id": "AgAD",
            "file_name": "kvittering.pdf",
            "mime_type": "application/pdf",
            "file_size": 48_213,
        }
    },
    "location": {"location": {"latitude": 59.91273, "longitude": 10.74609}},
}


class TelegramUnderTest(PlatformUnderTest[RecordingTelegram]):
    """Private chats; `chat` names the user too."""

    name: ClassVar[str] = "telegram"
    shares = frozenset(_FILES)

    abilities = ABILITIES

    def __init__(self) -> None:
        super().__init__(RecordingTelegram())

    @property
    def settings(self) -> Mapping[str, Any]:
        """See ChannelUnderTest."""
        return {
            "telegram_bot_token": TOKEN,
            "telegram_secret_token": SECRET,
            "telegram_api_url": self._platform.api_url,
        }

    def address(self, chat: str) -> str:
        """See ChannelUnderTest."""
        return str(numbers_in(chat))

    def written(self, chat: str, text: str, event: str) -> Event:
        """See PlatformUnderTest."""
        return self._update(chat, event, message={**self._message(chat, event), "text": text})

    def pressed(self, chat: str, choice: Choice, event: str, day: str | None) -> Event:
        """See PlatformUnderTest: of an inline keyboard, else of the keyboard below the chat."""
        if "callback_data" not in choice.press:
            return self.written(chat, choice.title, event)
        # The keyboard comes back as it looks now.
        message = dict(choice.press["message"])
        now = self._platform.messages.get((numbers_in(chat), message["message_id"]), {})
        message["reply_markup"] = now.get("reply_markup", message["reply_markup"])
        query = {
            "id": f"{numbers_in(event)}00",
            "from": _user(chat),
            "message": message,
            "chat_instance": "-4871239871293",
            "data": choice.press["callback_data"],
        }
        return self._update(chat, event, callback_query=query)

    def shared(self, chat: str, kind: str, caption: str, event: str) -> Event:
        """See PlatformUnderTest."""
        words = {"caption": caption} if caption else {}
        return self._update(
            chat, event, message={**self._message(chat, event), **_FILES[kind], **words}
        )

    def signed(self, body: bytes, secret: str | None = SECRET) -> Event:
        """See PlatformUnderTest."""
        headers = {"Content-Type": "application/json"}
        if secret is not None:
            headers["X-Telegram-Bot-Api-Secret-Token"] = secret
        return Event(body, headers)

    def bad(self) -> Sequence[Bad]:
        """See PlatformUnderTest. What can't be understood gets 200, lest it come for ever."""
        body = self.written("bad", "hei", "bad").body
        forged, passed = frozenset({401}), frozenset({200})
        return [
            Bad("no secret", self.signed(body, None), forged),
            Bad("another secret", self.signed(body, "another"), forged),
            Bad("an empty secret", self.signed(body, ""), forged),
            Bad("no JSON", self.signed(b"{"), passed),
            Bad("no object", self.signed(b"[1]"), passed),
            Bad("no id", self.signed(b'{"message": {"text": "hei"}}'), passed),
            Bad("no chat", self.signed(b'{"update_id": 1, "message": {"text": "hei"}}'), passed),
            Bad("half a character", self.signed(body.replace(b'"hei"', b'"\\ud83d"')), passed),
            Bad("an edit", self.signed(body.replace(b'"message"', b'"edited_message"')), passed),
            Bad(
                "a bot's", self.signed(body.replace(b'"is_bot": false', b'"is_bot": true')), passed
            ),
        ]

    async def shown(self, chat: str) -> Sequence[Shown]:
        """See ChannelUnderTest: as sent, before any button was marked as pressed."""
        sent = [call for call in self._platform.taken if call.method in _SENDS]
        return [
            _shown(call, number)
            # The recording server numbers messages in this order, too.
            for number, call in enumerate(sent, 1)
            if str(call.arguments["chat_id"]) == self.address(chat)
        ]

    def complaints(self) -> Sequence[str]:
        """See ChannelUnderTest."""
        refused = [
            f"{call.method} {call.status}: {call.arguments}"
            for call in self._platform.received
            # How a pressed keyboard looks is a courtesy: nothing hangs on it.
            if call.method in _SENDS and call.answered and call.status in {400, 401, 403, 404}
        ]
        return refused + [str(broken) for broken in self._platform.rates.broken]

    def _message(self, chat: str, event: str) -> dict[str, Any]:
        user = _user(chat)
        return {
            "message_id": numbers_in(event),
            "from": user,
            "chat": {"id": user["id"], "first_name": user["first_name"], "type": "private"},
            "date": int(time.time()),
        }

    def _update(self, chat: str, event: str, **what: Any) -> Event:
        return self.signed(
            json.dumps({"update_id": numbers_in(f"{chat}/{event}"), **what}).encode()
        )


def _user(chat: str) -> dict[str, Any]:
    return {"id": numbers_in(chat), "is_bot": False, "first_name": "Kari"}


def _shown(call: Received, number: int) -> Shown:
    arguments = call.arguments
    words = [str(arguments.get("photo") or arguments.get("document") or "")]
    if "text" in arguments:
        words.append(_with_links(arguments["text"], arguments.get("entities")))
    if "caption" in arguments:
        words.append(_with_links(arguments["caption"], arguments.get("caption_entities")))
    markup = arguments.get("reply_markup") or {}
    message = {
        "message_id": number,
        "date": int(time.time()),
        "chat": {"id": arguments["chat_id"], "type": "private", "first_name": "Kari"},
        "from": {"id": 110201543, "is_bot": True, "first_name": "Nordlys Handel"},
        "text": arguments.get("text", ""),
    }
    if "inline_keyboard" in markup:
        message["reply_markup"] = markup
    return Shown("\n".join(words), tuple(_choices(markup, message)))


def _choices(markup: Mapping[str, Any], message: Mapping[str, Any]) -> Iterator[Choice]:
    for row in markup.get("inline_keyboard", []):
        for button in row:
            if "url" in button:
                yield Choice(button["text"], url=button["url"])
            else:
                data = button["callback_data"]
                yield Choice(button["text"], {"callback_data": data, "message": message})
    for row in markup.get("keyboard", []):
        for button in row:
            # A button that shares a place or a number is none of the answer's choices.
            if not {"request_location", "request_contact"} & set(button):
                yield Choice(button["text"], {"title": button["text"]})


def _with_links(text: str, entities: Sequence[Mapping[str, Any]] | None) -> str:
    """The words, each link followed by its address in brackets."""
    encoded = text.encode("utf-16-le")
    links = [entity for entity in entities or () if entity["type"] == "text_link"]
    for entity in sorted(links, key=lambda entity: -int(entity["offset"])):
        end = 2 * (entity["offset"] + entity["length"])
        bare = str(entity["url"]).removeprefix("mailto:").removeprefix("tel:")
        title = encoded[2 * entity["offset"] : end].decode("utf-16-le")
        if title.strip() not in {bare, entity["url"]}:
            encoded = encoded[:end] + f" ({bare})".encode("utf-16-le") + encoded[end:]
    return encoded.decode("utf-16-le")
