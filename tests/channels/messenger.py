"""Messenger: a page's threads, against the recording Graph API."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from bot.model.content import Content, Text
from channels.messenger.render import abilities_for
from channels.rendering.abilities import Abilities
from tests.channels.base import Bad, Choice, Event, PlatformUnderTest, Shown, numbers_in
from tests.recording import messenger_events
from tests.recording.messenger import RecordingMessenger

SECRET = "app-secret"
VERIFY = "a-verify-token"
_DAY = 24 * 3600
_FILES: Mapping[str, Mapping[str, Any]] = {
    "image": {"type": "image", "payload": {"url": "https://scontent.example/lampe.jpg"}},
    "file": {"type": "file", "payload": {"url": "https://cdn.fbsbx.example/kvittering.pdf"}},
    "location": {
        "type": "location",
        "payload": {"coordinates": {"lat": 59.91273, "long": 10.74609}},
    },
}


class MessengerUnderTest(PlatformUnderTest[RecordingMessenger]):
    """Threads with a page; `chat` names the customer."""

    name: ClassVar[str] = "messenger"
    abilities = abilities_for(Text(""))
    shares = frozenset(_FILES)

    def __init__(self) -> None:
        super().__init__(RecordingMessenger(app_secret=SECRET, open_to_all=True))

    def abilities_for(self, content: Content) -> Abilities:
        """See ChannelUnderTest."""
        return abilities_for(content)

    @property
    def settings(self) -> Mapping[str, Any]:
        """See ChannelUnderTest."""
        return {
            "messenger_page_token": self._platform.page_token,
            "messenger_app_secret": SECRET,
            "messenger_verify_token": VERIFY,
            "messenger_api_url": self._platform.api_url,
        }

    def address(self, chat: str) -> str:
        """See ChannelUnderTest."""
        return str(numbers_in(chat))

    def written(self, chat: str, text: str, event: str) -> Event:
        """See PlatformUnderTest."""
        return self._message(chat, event, text=text)

    def pressed(self, chat: str, choice: Choice, event: str, day: str | None) -> Event:
        """See PlatformUnderTest: a quick reply, or a button of a template."""
        payload, title = choice.press["payload"], choice.title
        if choice.press["kind"] == "postback":
            postback = {"title": title, "payload": payload, "mid": _mid(chat, event)}
            return self._batch(self._said(chat, postback=postback))
        return self._message(chat, event, text=title, quick_reply={"payload": payload})

    def shared(self, chat: str, kind: str, caption: str, event: str) -> Event:
        """See PlatformUnderTest."""
        words = {"text": caption} if caption else {}
        return self._message(chat, event, attachments=[_FILES[kind]], **words)

    def signed(self, body: bytes, secret: str = SECRET) -> Event:
        """See PlatformUnderTest."""
        return Event(body, messenger_events.headers(body, secret))

    def fresh(self, body: bytes) -> bytes:
        """See PlatformUnderTest: what is older than some days is taken for a replay."""
        return json.dumps(_fresh(json.loads(body), int(time.time() * 1_000))).encode()

    def batched(self, events: Sequence[Event]) -> Event:
        """See PlatformUnderTest."""
        entries = [entry for event in events for entry in json.loads(event.body)["entry"]]
        return self.signed(json.dumps({"object": "page", "entry": entries}).encode())

    def bad(self) -> Sequence[Bad]:
        """See PlatformUnderTest. What can't be understood gets 200, lest the batch come again."""
        body = self.written("bad", "hei", "bad").body
        good = self.signed(body)
        forged, refused, passed = frozenset({403}), frozenset({400}), frozenset({200})
        old = [{**self._said("bad", message={"mid": "m_1", "text": "hei"})}]
        old[0]["timestamp"] -= 4 * _DAY * 1_000
        return [
            Bad("no signature", Event(body), forged),
            Bad("an empty signature", Event(body, {"X-Hub-Signature-256": "sha256="}), forged),
            Bad("another secret", self.signed(body, "another"), forged),
            Bad("another body", Event(body.replace(b"hei", b"hey"), good.headers), forged),
            Bad("no JSON", self.signed(b"{"), refused),
            Bad("no batch", self.signed(b"[1]"), refused),
            Bad("stale", self._batch(*old), passed),
            Bad("no sender", self._batch({"timestamp": 1, "message": {"mid": "m_1"}}), passed),
            Bad("no id", self._batch(self._said("bad", message={"text": "hei"})), passed),
            Bad("of no kind", self._batch(self._said("bad", unheard_of={})), passed),
        ]

    async def shown(self, chat: str) -> Sequence[Shown]:
        """See ChannelUnderTest."""
        return [
            _shown(call.arguments["message"])
            for call in self._platform.calls("message")
            if call.arguments["recipient"]["id"] == self.address(chat)
        ]

    def complaints(self) -> Sequence[str]:
        """See ChannelUnderTest."""
        refused = [
            f"{call.method} {call.status}: {call.arguments}"
            for call in self._platform.received
            if call.answered and 400 <= call.status < 500
        ]
        return refused + [f"too fast: {rate}" for rate in self._platform.broken_rates]

    def _message(self, chat: str, event: str, **message: Any) -> Event:
        return self._batch(self._said(chat, message={"mid": _mid(chat, event), **message}))

    def _said(self, chat: str, **what: Any) -> dict[str, Any]:
        page = self._platform.page_id
        return dict(messenger_events.said(page, self.address(chat), time.time(), **what))

    def _batch(self, *events: Mapping[str, Any]) -> Event:
        return self.signed(messenger_events.batch(self._platform.page_id, *events, at=time.time()))


def _mid(chat: str, event: str) -> str:
    return f"m_{numbers_in(chat)}_{numbers_in(event)}"


def _fresh(value: Any, now: int) -> Any:
    """With the time of now, in milliseconds, wherever there was one."""
    if isinstance(value, dict):
        return {
            name: now if name in {"time", "timestamp"} else _fresh(item, now)
            for name, item in value.items()
        }
    return [_fresh(item, now) for item in value] if isinstance(value, list) else value


def _shown(message: Mapping[str, Any]) -> Shown:
    words, choices = [message.get("text", "")], []
    for reply in message.get("quick_replies", ()):
        if reply["content_type"] == "text":
            press = {"kind": "quick_reply", "payload": reply["payload"]}
            choices.append(Choice(reply["title"], press))
    payload = message.get("attachment", {}).get("payload", {})
    words += [payload.get("url", ""), payload.get("text", "")]
    choices += _buttons(payload.get("buttons", ()))
    for element in payload.get("elements", ()):
        action = element.get("default_action", {})
        words += [element["title"], element.get("subtitle", ""), action.get("url", "")]
        words.append(element.get("image_url", ""))
        choices += _buttons(element.get("buttons", ()))
    return Shown("\n".join(words), tuple(choices))


def _buttons(buttons: Sequence[Mapping[str, Any]]) -> Iterator[Choice]:
    for button in buttons:
        if button["type"] == "web_url":
            yield Choice(button["title"], url=button["url"])
        else:
            press = {"kind": "postback", "payload": button["payload"]}
            yield Choice(button["title"], press)
