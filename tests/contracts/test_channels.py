"""One suite for every channel: what is shown, and what comes back when it is answered.

All cases of a channel are shown first, each to a customer of its own and through the whole
pipeline; then each is looked at.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.model.choices import choices_of, day_chosen
from bot.model.content import Button, Content, DateChoice, Rating, Request
from bot.model.messages import Inbound
from channels.rendering.degrade import is_numbered
from tests.channels.all import CHANNELS, channel_named
from tests.channels.base import ChannelUnderTest, Choice, Shown, all_words, squashed
from tests.channels.cases import cases
from tests.channels.line import ScriptedEngine, running_line
from tests.channels.meaning import lost_words, number_of, pages_of
from tests.valkey import ValkeyServer

pytestmark = pytest.mark.timeout(240)

NAMES = list(cases(channel_named("web").abilities))
DAY = "2026-12-03"


@dataclass
class Held:
    """A channel after all cases were shown on it, and some of each screen was pressed.

    `heard` is what the bot then read, in the order of `pressed`.
    """

    channel: ChannelUnderTest
    contents: Mapping[str, Content]
    shown: dict[str, Sequence[Shown]] = field(default_factory=dict)
    pressed: dict[str, Sequence[Choice]] = field(default_factory=dict)
    heard: dict[str, Sequence[Inbound]] = field(default_factory=dict)
    dead: list[str] = field(default_factory=list)


@pytest.fixture(scope="module", params=CHANNELS)
def held(
    request: pytest.FixtureRequest,
    valkey_server: ValkeyServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Held:
    """The cases on one channel, after all of them."""
    valkey_server.flush()
    channel = channel_named(request.param)
    folder = tmp_path_factory.mktemp(channel.name)
    return asyncio.run(hold(channel, valkey_server.url, folder))


async def hold(channel: ChannelUnderTest, redis_url: str, folder: Path) -> Held:
    """Show all, press some."""
    contents = cases(channel.abilities)

    def script(message: Inbound) -> Sequence[Content]:
        return [contents[message.text]] if message.text in contents else []

    held = Held(channel, contents)
    engine = ScriptedEngine(script)
    async with running_line(redis_url, folder, [channel], engine) as line:
        await together(channel.write(name, name, "asked") for name in contents)
        await line.idle()
        for name in contents:
            held.shown[name] = list(await channel.shown(name))
            # What was asked for is shared, not pressed: see what comes in.
            asks = isinstance(contents[name], Request)
            held.pressed[name] = [] if asks else to_press(held.shown[name])
        await together(press_all(channel, name, held.pressed[name]) for name in contents)
        await line.idle()
        for name in contents:
            # A turn may be taken twice, where the machine is so busy that a lease runs out.
            heard = {item.event_id: item for item in engine.heard[channel.conversation(name)]}
            held.heard[name] = list(heard.values())[1:]
        held.dead = await line.dead()
    return held


async def together(doings: Iterable[Awaitable[None]]) -> None:
    """All of them, a few at a time."""
    room = asyncio.Semaphore(20)

    async def one(doing: Awaitable[None]) -> None:
        async with room:
            await doing

    await asyncio.gather(*(one(doing) for doing in doings))


def to_press(shown: Sequence[Shown]) -> Sequence[Choice]:
    """The first, the second, one in the middle and the last."""
    choices = [choice for message in shown for choice in message.choices if choice.url is None]
    numbers = {0, 1, len(choices) // 2, len(choices) - 1}
    return [choice for number, choice in enumerate(choices) if number in numbers]


async def press_all(channel: ChannelUnderTest, name: str, choices: Sequence[Choice]) -> None:
    """One after the other."""
    for number, choice in enumerate(choices):
        await channel.press(name, choice, f"pressed {number}", DAY if choice.day else None)


def test_the_platform_takes_all_of_it(held: Held) -> None:
    assert held.channel.complaints() == []
    assert held.dead == []


@pytest.mark.parametrize("name", NAMES)
def test_all_words_arrive(held: Held, name: str) -> None:
    assert lost_words(held.contents[name], held.shown[name]) == []


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_shown_of_nothing(held: Held, name: str) -> None:
    content, shown = held.contents[name], held.shown[name]
    if content.kind in held.channel.unseen or name in {"text: empty", "text: blank"}:
        assert list(shown) == []
    else:
        assert shown
        assert all(squashed(message.words) or message.choices for message in shown), "an empty one"


@pytest.mark.parametrize("name", NAMES)
def test_every_choice_can_be_made(held: Held, name: str) -> None:
    content = held.contents[name]
    words = all_words(held.shown[name])
    choices = [choice for message in held.shown[name] for choice in message.choices]
    pressable = [
        button.payload
        for choice in choices
        if choice.url is None
        for button in meanings(held, content, choice)
    ]
    assert [
        offered.title
        for offered in choices_of(content)
        if offered.payload not in pressable and not can_be_typed(held, content, offered, words)
    ] == []
    assert [page.url for page in pages_of(content) if squashed(page.url or "") not in words] == []


@pytest.mark.parametrize("name", NAMES)
def test_what_is_pressed_comes_back(held: Held, name: str) -> None:
    content, heard = held.contents[name], held.heard[name]
    assert len(heard) == len(held.pressed[name])
    for choice, message in zip(held.pressed[name], heard, strict=True):
        meant = [button.payload for button in meanings(held, content, choice)]
        assert meant, f"{choice.title} was not offered"
        # What does not fit into what the platform sends back is found again by its title.
        by_title = message.payload is None and message.text in {choice.title, DAY}
        assert message.payload in meant or by_title, f"{choice.title}: {message.for_bot}"


def can_be_typed(held: Held, content: Content, offered: Button, words: str) -> bool:
    """Whether the screen shows the number to type for it; `words` is all that it shows."""
    if not is_numbered(content, held.channel.abilities_for(content)):
        return False
    number = number_of(content, offered)
    if isinstance(content, Rating):
        return f"1to{content.scale}" in words
    if isinstance(content, DateChoice):
        return f"{number}." in words
    return f"{number}." in words and squashed(offered.title) in words


def meanings(held: Held, content: Content, choice: Choice) -> Sequence[Button]:
    """What pressing a choice may stand for: more than one where titles are the same."""
    if isinstance(content, DateChoice):
        if choice.day:
            chosen = day_chosen(content, DAY)
            return [*choices_of(content), *([] if chosen is None else [chosen])]
        return choices_of(content)
    offered = choices_of(content)
    titled = [button for button in offered if squashed(button.title) == squashed(choice.title)]
    if not titled and choice.title.isdigit() and int(choice.title) <= len(offered):
        return [offered[int(choice.title) - 1]]
    return titled
