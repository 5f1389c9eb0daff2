"""Slack: direct messages with the bot, against the recording Web API."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from channels.slack.render import ABILITIES
from tests import slack_events
from tests.channels.base import Bad, Choice, Event, PlatformUnderTest, Shown, numbers_in
from tests.recording.slack import TEAM, TOKEN, RecordingSlack
from tests.slack_events import SECRET

_FILES: Mapping[str, Mapping[str, Any]] = {
    "image": {"id": "F0LAMP", "name": "lampe.jpg", "mimetype": "image/jpeg", "size": 120_311},
    "file": {
        "id": "F0PDF",
        "name": "kvittering.pdf",
        "mimetype": "application/pdf",
        "size": 48_213,
    },
}
# What a text of Slack's is made of; an element of its own is a line of its own.
_INLINE = frozenset({"text", "link", "user", "emoji"})


class SlackUnderTest(PlatformUnderTest[RecordingSlack]):
    """Direct messages; `chat` names the user too. Files can be sent, places can't."""

    name: ClassVar[str] = "slack"
    abilities = ABILITIES
    shares = frozenset(_FILES)

    def __init__(self) -> None:
        super().__init__(RecordingSlack())

    @property
    def settings(self) -> Mapping[str, Any]:
        """See ChannelUnderTest."""
        return {
            "slack_bot_token": TOKEN,
            "slack_signing_secret": SECRET,
            "slack_api_url": self._platform.api_url,
        }

    def address(self, chat: str) -> str:
        """See ChannelUnderTest."""
        return f"{TEAM}/{_direct(chat)}"

    def written(self, chat: str, text: str, event: str) -> Event:
        """See PlatformUnderTest."""
        return self._said(chat, text, event)

    def pressed(self, chat: str, choice: Choice, event: str, day: str | None) -> Event:
        """See PlatformUnderTest."""
        action = {**choice.press["action"], "action_ts": f"{numbers_in(event)}.000100"}
        if day is not None:
            action["selected_date"] = day
        payload = {
            "type": "block_actions",
            "user": {"id": _user(chat), "username": "kari", "team_id": TEAM},
            "api_app_id": "A0BOT",
            "container": {
                "type": "message",
                "message_ts": choice.press["message"]["ts"],
                "channel_id": _direct(chat),
                "is_ephemeral": False,
            },
            "trigger_id": f"1.2.{numbers_in(event):08x}",
            "team": {"id": TEAM, "domain": "nordlys"},
            "is_enterprise_install": False,
            "channel": {"id": _direct(chat), "name": "directmessage"},
            "message": {**choice.press["message"], "type": "message"},
            "response_url": self._platform.response_url(f"{_direct(chat)}-{numbers_in(event)}"),
            "actions": [action],
        }
        return _event(slack_events.press_delivery(payload))

    def shared(self, chat: str, kind: str, caption: str, event: str) -> Event:
        """See PlatformUnderTest."""
        file = {**_FILES[kind], "url_private": "https://files.slack.com/files-pri/T0-F0/file"}
        return self._said(chat, caption, event, subtype="file_share", files=[file])

    def signed(self, body: bytes) -> Event:
        """See PlatformUnderTest: as an event, an interaction or a command, whichever it is."""
        try:
            payload = json.loads(body)
        except ValueError:
            payload = None
        if isinstance(payload, dict) and "command" in payload:
            return _event(slack_events.command_delivery(payload))
        if isinstance(payload, dict) and payload.get("type") == "block_actions":
            return _event(slack_events.press_delivery(payload))
        return _event(slack_events.signed(body))

    def bad(self) -> Sequence[Bad]:
        """See PlatformUnderTest."""
        body = self._said("bad", "hei", "bad").body
        good = _event(slack_events.signed(body))
        forged, refused = frozenset({401}), frozenset({400})
        old, early = time.time() - 400, time.time() + 400
        empty = {**good.headers, "x-slack-signature": ""}
        return [
            Bad("no signature", Event(body, {"content-type": slack_events.JSON}), forged),
            Bad("an empty signature", Event(body, empty), forged),
            Bad("another secret", _event(slack_events.signed(body, secret="another")), forged),
            Bad("another body", Event(body.replace(b"hei", b"hey"), good.headers), forged),
            Bad("stale", _event(slack_events.signed(body, at=old)), forged),
            Bad("from the future", _event(slack_events.signed(body, at=early)), forged),
            Bad("no JSON", self.signed(b"{"), refused),
            Bad("no object", self.signed(b"[1]"), refused),
            Bad("no event", self.signed(b'{"type": "event_callback"}'), refused),
            Bad("not UTF-8", self.signed(b'{"type": "\xff"}'), refused | forged),
        ]

    def repeated(self, event: Event) -> Event:
        """See PlatformUnderTest."""
        return Event(event.body, {**event.headers, "x-slack-retry-num": "1"})

    async def shown(self, chat: str) -> Sequence[Shown]:
        """See ChannelUnderTest: as posted, before anything was marked as chosen."""
        posted = self._platform.posted(_direct(chat))
        return [Shown(_words(message["blocks"]), tuple(_choices(message))) for message in posted]

    def complaints(self) -> Sequence[str]:
        """See ChannelUnderTest."""
        refused = [
            f"{call.method} {call.status}: {call.arguments}"
            for call in self._platform.received
            if call.answered and not call.taken and call.status < 429
        ]
        return refused + [f"too early: {channel}" for channel in self._platform.too_early]

    def _said(self, chat: str, text: str, event: str, **fields: Any) -> Event:
        stamp = f"{numbers_in(event)}.000200"
        message = slack_events.message(
            text, _direct(chat), _user(chat), f"Ev{numbers_in(chat + '/' + event):08d}", **fields
        )
        message["event"] |= {"ts": stamp, "event_ts": stamp}
        return _event(slack_events.event_delivery(message))


def _event(delivery: slack_events.Delivery) -> Event:
    return Event(delivery.body, delivery.headers)


def _direct(chat: str) -> str:
    return f"D{numbers_in(chat):09d}"


def _user(chat: str) -> str:
    return f"U{numbers_in(chat):09d}"


def _choices(message: Mapping[str, Any]) -> Iterator[Choice]:
    for block in message["blocks"]:
        for element in block.get("elements", ()) if block["type"] == "actions" else ():
            if "url" in element:
                yield Choice(element["text"]["text"], url=element["url"])
        buttons = {**block, "elements": [e for e in block.get("elements", ()) if "url" not in e]}
        for title, action in slack_events.choices([buttons]):
            press = {"action": action, "message": message}
            yield Choice(title, press, day=action["type"] == "datepicker")


def _words(part: Any) -> str:
    """Everything to be read in blocks, titles of choices left out: those are choices."""
    if isinstance(part, Sequence) and not isinstance(part, str):
        return "\n".join(_words(item) for item in part)
    if not isinstance(part, Mapping):
        return ""
    kind = part.get("type", "")
    if kind == "actions":
        return "\n".join(_descriptions(part))
    if kind in {"text", "link"}:
        return _link(part) if kind == "link" else str(part["text"])
    if kind == "rich_text_list":
        return "\n".join(_items(part))
    if kind in {"rich_text_section", "rich_text_preformatted", "rich_text_quote"}:
        return "".join(_words(element) for element in part["elements"])
    if kind == "image":
        return f"{part['image_url']}\n{part['alt_text']}"
    if kind in {"plain_text", "mrkdwn"}:
        return str(part["text"])
    names = ("text", "fields", "accessory", "elements")
    return "\n".join(_words(part[name]) for name in names if name in part)


def _items(part: Mapping[str, Any]) -> Iterator[str]:
    for number, item in enumerate(part["elements"], 1 + part.get("offset", 0)):
        mark = f"{number}. " if part["style"] == "ordered" else "• "
        yield mark + _words(item)


def _descriptions(actions: Mapping[str, Any]) -> Iterator[str]:
    for element in actions["elements"]:
        for option in element.get("options", ()):
            yield _words(option.get("description"))


def _link(link: Mapping[str, Any]) -> str:
    url = str(link["url"])
    bare = url.removeprefix("mailto:").removeprefix("tel:")
    text = str(link.get("text", url))
    return text if text.strip() in {url, bare} else f"{text} ({bare})"
