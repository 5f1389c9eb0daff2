"""A conversation's script, held over a channel as its customers hold it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.model.choices import choice_with
from bot.model.content import Button, Content, Custom
from bot.model.messages import Author, Inbound, Utterance
from bot.pipeline.redis_streams.layout import Layout
from bot.pipeline.redis_streams.transcripts import RedisTranscripts
from channels.rendering.degrade import is_numbered
from tests.channels.base import ChannelUnderTest, Choice, Refused
from tests.channels.line import Line
from tests.channels.meaning import matching, number_of, since

PATIENCE = 120.0
_POLL = 0.1


@dataclass(frozen=True)
class Script:
    """What the customer does, turn by turn; the form is described in across_channels_en.yml."""

    name: str
    language: str
    turns: Sequence[Mapping[str, Any]]


@dataclass
class Held:
    """A conversation that was held. `answers` by turn; None for what the channel has no way to do.

    `problem` is why it ended before its end.
    """

    script: Script
    channel: str
    answers: list[Sequence[Content] | None] = field(default_factory=list)
    problem: str = ""


class Talker:
    """A customer of one channel who holds one script."""

    def __init__(self, line: Line, channel: ChannelUnderTest, script: Script) -> None:
        self._line = line
        self._channel = channel
        self._chat = f"{script.language} {script.name}"
        self._transcripts = RedisTranscripts(line.redis, Layout(line.gateway.settings.partitions))
        self.held = Held(script, channel.name)

    async def talk(self) -> Held:
        """Hold it: each turn when the one before has been answered."""
        try:
            await self._talk()
        except (AssertionError, Refused) as problem:
            self.held.problem = str(problem)
        return self.held

    async def _talk(self) -> None:
        for number, turn in enumerate(self.held.script.turns):
            kind = turn.get("share")
            if kind is not None and kind not in self._channel.shares:
                self.held.answers.append(None)
                continue
            await self._do(turn, f"turn {number}")
            self.held.answers.append(await self._answers(number))

    async def _do(self, turn: Mapping[str, Any], event: str) -> None:
        if "share" in turn:
            await self._channel.share(self._chat, turn["share"], turn.get("write", ""), event)
            return
        if "write" in turn:
            await self._channel.write(self._chat, turn["write"], event)
            return
        (way,) = {"press", "title", "number"} & set(turn)
        content, offered = self._offer(turn[way])
        numbered = is_numbered(content, self._channel.abilities_for(content))
        if way == "title":
            await self._channel.write(self._chat, offered.title, event)
        elif way == "number" and numbered and self._channel.name not in {"web", "rest"}:
            await self._channel.write(self._chat, str(number_of(content, offered)), event)
        else:
            await self._press(content, offered, event)

    async def _press(self, content: Content, offered: Button, event: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            choices = await self._pressable(content, offered)
            if choices:
                await self._channel.press(self._chat, choices[0], event)
                return
            # The answer may still be on its way to the platform.
            assert time.monotonic() < deadline, f"{offered.title} is not to be pressed"
            await asyncio.sleep(_POLL)

    async def _pressable(self, content: Content, offered: Button) -> Sequence[Choice]:
        """What to press for it, by its title or its number, where the content is shown."""
        screen = since(await self._channel.shown(self._chat), content)
        number = Button(str(number_of(content, offered)), offered.payload)
        return matching(offered, screen) or matching(number, screen)

    def _offer(self, payload: str) -> tuple[Content, Button]:
        """Where the choice was offered last."""
        told = [content for answer in self.held.answers for content in answer or ()]
        for content in reversed(told):
            offered = choice_with(content, payload)
            if offered is not None:
                return content, offered
        raise AssertionError(f"{payload} was not offered")

    async def _answers(self, number: int) -> Sequence[Content]:
        """What the turn of the newest message was answered with."""
        deadline = time.monotonic() + PATIENCE
        name = self._channel.conversation(self._chat)
        wanted = number + 1 - self.held.answers.count(None)
        while True:
            lines = await self._transcripts.read(name)
            said = [line for line in lines if line.author is Author.CUSTOMER]
            if len(said) == wanted and await self._is_answered(name, said[-1]):
                lines = await self._transcripts.read(name)
                return [
                    line.content
                    for line in lines
                    if line.turn_id == said[-1].turn_id
                    and line.author is Author.BOT
                    and not isinstance(line.content, Custom)
                ]
            assert time.monotonic() < deadline, f"no answer to turn {number} of {name}"
            await asyncio.sleep(_POLL)

    async def _is_answered(self, conversation: str, said: Utterance) -> bool:
        return await self._transcripts.is_answered(
            Inbound(self._channel.name, "", conversation, said.id, "", 0.0)
        )
