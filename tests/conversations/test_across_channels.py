"""The same conversations over every channel: they mean the same, whatever the platform can show."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

import pytest
import yaml

from actions.orders.model import AttemptLimits
from actions.orders.provider import current_store
from actions.orders.sql_store import SqlOrderStore
from bot.model.choices import choices_of
from bot.model.content import Content
from channels.rendering.degrade import is_numbered
from channels.rendering.markup import plain
from tests.channels.all import channel_named
from tests.channels.base import Shown, all_words, squashed
from tests.channels.line import running_line
from tests.channels.meaning import matching, words_of
from tests.channels.table import PAGE, page_with, rows
from tests.channels.talk import Held, Script, Talker
from tests.valkey import ValkeyServer

if TYPE_CHECKING:
    from bot.pipeline.rasa_agent import RasaEngine

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore::UserWarning:rasa.*"),
    pytest.mark.filterwarnings("ignore:Slot auto-fill has been removed"),
]

ROOT = Path(__file__).resolve().parents[2]
RESPONSES = yaml.safe_load((ROOT / "domain.yml").read_text("utf-8"))["responses"]
SCRIPTS = [
    Script(script["name"], language, script["turns"])
    for language in ("en", "nb")
    for script in yaml.safe_load(
        Path(__file__).with_name(f"across_channels_{language}.yml").read_text("utf-8")
    )
]
CHANNELS = ("web", "rest", "slack", "telegram", "messenger")
# Where programs see all there is, and wait for nobody.
REFERENCE = "rest"


@dataclass
class Round:
    """All scripts over all channels: what was answered, and what stood on the screens."""

    held: Mapping[tuple[str, str, str], Held]
    shown: Mapping[tuple[str, str, str], Sequence[Shown]]
    complaints: Mapping[str, Sequence[str]]
    dead: Sequence[str]

    def of(self, script: Script, channel: str) -> Held:
        return self.held[script.language, script.name, channel]

    def screen(self, script: Script, channel: str) -> Sequence[Shown]:
        return self.shown[script.language, script.name, channel]


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The demo's orders. So many conversations guess wrong that the order's limit is out of reach."""
    path = tmp_path_factory.mktemp("orders") / "orders.sqlite3"
    store = SqlOrderStore(f"sqlite:///{path}", limits=AttemptLimits(per_order=100_000), limit=30)
    current_store.put(store)
    yield
    current_store.close()


@pytest.fixture(scope="module")
def results(
    engine: RasaEngine,
    orders: None,
    valkey_server: ValkeyServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Round:
    """Held once, all at the same time: each customer mostly waits for a platform's rates."""
    valkey_server.flush()
    return asyncio.run(hold_all(engine, valkey_server.url, tmp_path_factory.mktemp("across")))


async def hold_all(engine: RasaEngine, redis_url: str, folder: Path) -> Round:
    channels = [channel_named(name) for name in CHANNELS]
    abilities = {channel.name: channel.abilities_for for channel in channels}

    def numbered(channel: str, content: Content) -> bool:
        native = channel in {"web", "rest"}
        return not native and is_numbered(content, abilities[channel](content))

    with mock.patch.object(engine, "_numbered", numbered):
        # Nobody is to lose a lease because all of this runs in one process.
        async with running_line(redis_url, folder, channels, engine, lease_seconds=60) as line:
            talkers = [Talker(line, channel, script) for script in SCRIPTS for channel in channels]
            held = await asyncio.gather(*(talker.talk() for talker in talkers))
            await line.idle(120)
            shown = {
                (script.language, script.name, channel.name): await channel.shown(
                    f"{script.language} {script.name}"
                )
                for script in SCRIPTS
                for channel in channels
            }
            return Round(
                {(one.script.language, one.script.name, one.channel): one for one in held},
                shown,
                {channel.name: channel.complaints() for channel in channels},
                await line.dead(),
            )


def test_there_are_enough_of_them() -> None:
    languages = [script.language for script in SCRIPTS]
    assert languages.count("en") == languages.count("nb") == 15
    assert len({(script.language, script.name) for script in SCRIPTS}) == 30


def test_no_platform_complained(results: Round) -> None:
    assert {name: found for name, found in results.complaints.items() if found} == {}
    assert results.dead == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: f"{script.language}-{script.name}")
def test_it_is_held_to_its_end(results: Round, script: Script) -> None:
    problems = {name: results.of(script, name).problem for name in CHANNELS}
    assert {name: problem for name, problem in problems.items() if problem} == {}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: f"{script.language}-{script.name}")
def test_the_bot_says_what_it_should(results: Round, script: Script) -> None:
    for turn, answers in zip(script.turns, results.of(script, "telegram").answers, strict=True):
        assert answers is not None, "Telegram can send everything along"
        language = turn.get("language", script.language)
        texts = [text for text in (getattr(answer, "text", "") for answer in answers) if text]
        assert len(texts) == len(turn["bot"]), f"{turn}: {texts}"
        for text, response in zip(texts, turn["bot"], strict=True):
            assert is_from(response, text, language), f"{turn}: {text!r} is not {response}"
        words = "\n".join(words for answer in answers for words in words_of(answer))
        for piece in turn.get("says", ()):
            assert piece in words


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: f"{script.language}-{script.name}")
def test_every_channel_means_the_same(results: Round, script: Script) -> None:
    table = "\n".join(rows(results.held, results.shown, [script], CHANNELS))
    wanted = results.of(script, "telegram").answers
    for name in CHANNELS:
        answers = results.of(script, name).answers
        for number, (answer, other) in enumerate(zip(answers, wanted, strict=True)):
            assert answer is None or answer == other, f"{name}, turn {number + 1}\n{table}"
        shown = results.screen(script, name)
        contents = [content for answer in answers for content in answer or ()]
        assert unsaid(contents, shown) == [], f"{name}\n{table}"
        assert unoffered(name, contents, shown) == [], f"{name}\n{table}"


def test_the_table_in_the_documentation_is_current(results: Round) -> None:
    lines = rows(results.held, results.shown, SCRIPTS, CHANNELS)
    page = page_with(PAGE.read_text("utf-8"), lines)
    if os.environ.get("WRITE_DOCS"):
        PAGE.write_text(page, "utf-8")
    assert PAGE.read_text("utf-8") == page, (
        "docs/channels.md is not current: `make channel-table` writes it anew\n" + "\n".join(lines)
    )


def is_from(response: str, text: str, language: str) -> bool:
    """Whether `text` is the response's in that language, whatever its variables hold."""
    norwegian = [{"type": "slot", "name": "language", "value": "nb"}]
    wanted = norwegian if language == "nb" else None
    patterns = (
        re.sub(r"\\\{\w+\\\}", ".+", re.escape(variant["text"]))
        for variant in RESPONSES[response]
        if variant.get("condition") == wanted
    )
    return any(re.fullmatch(pattern, text) for pattern in patterns)


def unsaid(contents: Sequence[Content], shown: Sequence[Shown]) -> list[str]:
    """Words of the answers that do not stand on the screen, in the order of the answers."""
    screen, place, missing = all_words(shown), 0, []
    for content in contents:
        found = [screen.find(squashed(words), place) for words in words_of(content)]
        missing += [words for words, at in zip(words_of(content), found, strict=True) if at < 0]
        place = max([place, *(at for at in found[:1] if at >= 0)])
    return missing


def unoffered(channel: str, contents: Sequence[Content], shown: Sequence[Shown]) -> list[str]:
    """Titles of choices that can neither be pressed nor typed by a number that is shown."""
    words = all_words(shown)
    found = channel_named(channel)
    return [
        choice.title
        for content in contents
        for number, choice in enumerate(choices_of(content), 1)
        if not matching(choice, shown)
        and not (
            is_numbered(content, found.abilities_for(content))
            and squashed(f"{number}. {plain(choice.title)}") in words
        )
    ]
