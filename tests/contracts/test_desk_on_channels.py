"""A person talks to customers on every channel: what they are shown, and by whom."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bot.model.content import Content, Text
from bot.model.messages import Inbound
from bot.pipeline.redis_streams.layout import Layout
from tests.channels.all import CHANNELS, channel_named
from tests.channels.line import ScriptedEngine, running_line
from tests.desk_floor import DeskByHand

KARI = "Kari Nordmann"
# Where the client shows the name itself, apart from the words.
APART = {"web", "rest"}


def script(message: Inbound) -> Sequence[Content]:
    return [Text(f"You said: {message.text}")]


async def test_a_persons_words_bear_their_name_on_every_channel(
    redis_url: str, tmp_path: Path
) -> None:
    channels = [channel_named(name) for name in CHANNELS]
    async with running_line(redis_url, tmp_path, channels, ScriptedEngine(script)) as line:
        layout = Layout(line.gateway.settings.partitions)
        pushed = set(CHANNELS) - APART
        for channel in channels:
            await channel.write("chat", "A person, please", "first")
        await line.idle()
        for channel in channels:
            conversation_id = channel.conversation("chat")
            desk = DeskByHand(line.redis, layout, conversation_id, pushed)
            await desk.take()
            await desk.say("You are talking to Kari now.")
            await desk.say("Hi! **Which** order?", KARI)
        # She has the floor: what is said to her gets no answer of the bot's.
        for channel in channels:
            await channel.write("chat", "The newest one", "second")
        await line.idle()

        for channel in channels:
            signature = "" if channel.name in APART else f"{KARI}:\n"
            said = [message.words.strip() for message in await channel.shown("chat")]
            assert said == [
                "You said: A person, please",
                "You are talking to Kari now.",
                f"{signature}Hi! Which order?",
            ], channel.name
            assert channel.complaints() == []
        assert await line.dead() == []
