"""The SMS channel of docs/adding-a-channel.md."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar
from unittest import mock

from pydantic import SecretStr

from bot.settings import Settings
from docs.examples.sms.delivery import ABILITIES
from tests.channels.base import Bad, Choice, Event, PlatformUnderTest, Shown, numbers_in
from tests.recording.sms import RecordingSms

SECRET = "a-secret-of-the-sms-gateway"
TOKEN = "a-token-for-the-sms-gateway"


class SmsSettings(Settings):
    """The settings with the recipe's lines."""

    sms_secret: SecretStr | None = None
    sms_token: SecretStr | None = None
    sms_api_url: str = "https://api.sms.example/v1/"


class SmsUnderTest(PlatformUnderTest[RecordingSms]):
    """Text messages: nothing can be pressed, so titles and numbers are typed."""

    name: ClassVar[str] = "sms"
    abilities = ABILITIES

    def __init__(self) -> None:
        super().__init__(RecordingSms(token=TOKEN))

    @property
    def settings(self) -> Mapping[str, Any]:
        """See ChannelUnderTest."""
        return {
            "sms_secret": SECRET,
            "sms_token": TOKEN,
            "sms_api_url": f"{self._platform.url}/",
        }

    @contextlib.contextmanager
    def added(self) -> Iterator[None]:
        """See ChannelUnderTest: the recipe's lines in the settings and in `bot/app/platforms`."""
        modules = {"sms": "docs.examples.sms.platform"}
        with (
            mock.patch("bot.settings.Settings", SmsSettings),
            mock.patch.dict("bot.app.platforms._MODULES", modules),
            mock.patch.dict("bot.settings.CHANNEL_SECRETS", {"sms": ("sms_secret", "sms_token")}),
        ):
            yield

    def address(self, chat: str) -> str:
        """See ChannelUnderTest."""
        return f"+47{numbers_in(chat):09}"

    def written(self, chat: str, text: str, event: str) -> Event:
        """See PlatformUnderTest."""
        return self.signed(_body(self.address(chat), text, event))

    def pressed(self, chat: str, choice: Choice, event: str, day: str | None) -> Event:
        """See PlatformUnderTest."""
        raise NotImplementedError

    def signed(self, body: bytes, at: float | None = None, secret: str = SECRET) -> Event:
        """See PlatformUnderTest."""
        timestamp = str(int(time.time() if at is None else at))
        digest = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256)
        return Event(body, {"X-Sms-Timestamp": timestamp, "X-Sms-Signature": digest.hexdigest()})

    def bad(self) -> Sequence[Bad]:
        """See PlatformUnderTest."""
        body = _body("+4791234567", "hei", "bad")
        good = self.signed(body)
        forged, refused = frozenset({401}), frozenset({400})
        return [
            Bad("no signature", Event(body), forged),
            Bad("another secret", self.signed(body, secret="another"), forged),
            Bad("another body", Event(body.replace(b"hei", b"hey"), good.headers), forged),
            Bad("stale", self.signed(body, at=time.time() - 600), forged),
            Bad("from the future", self.signed(body, at=time.time() + 600), forged),
            Bad("no JSON", self.signed(b"{"), refused),
            Bad("no object", self.signed(b"[]"), refused),
            Bad("no text", self.signed(b'{"from": "+4791234567", "id": "1"}'), refused),
            Bad("no number", self.signed(_body("Nordlys", "hei", "1")), refused),
            Bad("half a character", self.signed(_body("+4791234567", "\ud83d", "1")), refused),
        ]

    async def shown(self, chat: str) -> Sequence[Shown]:
        """See ChannelUnderTest."""
        return [
            Shown(call.arguments["text"])
            for call in self._platform.calls("messages")
            if call.arguments["to"] == self.address(chat) and call.status == 201
        ]

    def complaints(self) -> Sequence[str]:
        """See ChannelUnderTest."""
        return [
            f"{call.method} {call.status}: {call.arguments}"
            for call in self._platform.received
            if call.status in {401, 422}
        ] + [f"too early: {number}" for number in self._platform.too_early]


def _body(number: str, text: str, event: str) -> bytes:
    return json.dumps({"id": event, "from": number, "text": text}).encode()
