"""The REST channel, as the program sees it that uses it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from channels.rendering.abilities import Abilities
from channels.rendering.markup import plain
from tests.channels.base import ChannelUnderTest, Choice, Refused, Shown
from tests.gateway import WEBHOOK


class RestUnderTest(ChannelUnderTest):
    """A program that shows what it gets. It has no means to send files along."""

    name: ClassVar[str] = "rest"
    abilities = Abilities(kinds=frozenset())
    unseen = frozenset({"typing"})

    def __init__(self) -> None:
        self._shown: dict[str, list[Shown]] = defaultdict(list)

    def address(self, chat: str) -> str:
        """See ChannelUnderTest."""
        return chat

    async def write(self, chat: str, text: str, event: str) -> None:
        """Returns with the answer; without one where it does not come in time, and is kept."""
        response = await self.gateway.client.post(
            WEBHOOK,
            json={"sender": chat, "message": text},
            headers={"Idempotency-Key": event},
            timeout=120,
        )
        if response.status_code == 504:
            return
        if response.status_code != 200:
            raise Refused(response.status_code, response.text)
        self._shown[chat] += [shown(message) for message in response.json()]

    async def press(self, chat: str, choice: Choice, event: str, day: str | None = None) -> None:
        """A program sends a choice's payload."""
        payload = str(choice.press)
        await self.write(chat, payload.replace("$date", day) if day else payload, event)

    async def shown(self, chat: str) -> Sequence[Shown]:
        """See ChannelUnderTest."""
        return self._shown[chat]


def shown(message: Mapping[str, Any]) -> Shown:
    """One of the answer's messages."""
    words = [plain(message.get("text", "")), message.get("image", "")]
    attachment = message.get("attachment")
    if isinstance(attachment, str):
        words.append(attachment)
    choices = []
    for button in message.get("buttons", []):
        if button.get("type") == "web_url":
            choices.append(Choice(button["title"], url=button["url"]))
        else:
            choices.append(Choice(button["title"], button["payload"]))
    custom = message.get("custom", {})
    words += _custom(custom)
    if "date" in custom:
        choices.append(Choice("", custom["date"]["payload"], day=True))
    return Shown("\n".join(words), tuple(choices))


def _custom(data: Any) -> list[str]:
    """All texts in a payload for programs: there they have what they show in their own way."""
    if isinstance(data, str):
        return [plain(data)]
    if isinstance(data, dict):
        return [words for value in data.values() for words in _custom(value)]
    if isinstance(data, list):
        return [words for value in data for words in _custom(value)]
    return []
