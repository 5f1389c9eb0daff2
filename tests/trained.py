"""The demo's bot, trained and loaded once for all tests that talk to it in process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bot.model.content import Content
from bot.model.handoff import HandBack
from bot.model.messages import Inbound
from bot.model.turns import TrackerWindow, TurnResult
from bot.settings import load_settings
from bot.training.train import train
from tests.pipeline import inbound

if TYPE_CHECKING:
    from bot.pipeline.rasa_agent import RasaEngine


@pytest.fixture(scope="session")
def trained_model() -> Path:
    """The model that fits the data; trained now where there is none yet."""
    return train(load_settings(), lambda progress: None, if_needed=True)


@pytest.fixture(scope="session")
def engine(trained_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RasaEngine]:
    """The dialogue engine, with the actions in process and the demo's orders in a file of its own."""
    before = os.environ.get("VAR_DIR")
    os.environ["VAR_DIR"] = str(tmp_path_factory.mktemp("var"))
    from bot.app.bootstrap.pipeline import load_engine

    loaded = load_engine(load_settings(models_dir=trained_model.parent))
    yield loaded  # type: ignore[misc]
    del os.environ["VAR_DIR"]
    if before is not None:
        os.environ["VAR_DIR"] = before


class Conversation:
    """A customer in conversation with the engine, as the worker would lead it."""

    def __init__(self, engine: RasaEngine, name: str = "web:someone") -> None:
        self.engine = engine
        self.name = name
        self.window = TrackerWindow()
        self.turns = 0

    async def say(self, text: str, **fields: str) -> list[Content]:
        """One turn; a text that begins with a slash is a pressed button."""
        result = await self.turn(text, **fields)
        return list(result.answers)

    async def turn(self, text: str, **fields: Any) -> TurnResult:
        """The same, with all that came of it."""
        message, parse = self._understood(text, fields)
        return self._take(await self.engine.answer(message, self._next_turn(), parse, self.window))

    async def tell_a_person(self, text: str, **fields: Any) -> TurnResult:
        """A turn while somebody else has the floor."""
        message, parse = self._understood(text, fields)
        return self._take(await self.engine.listen(message, self._next_turn(), parse, self.window))

    async def hand_back(self, **fields: Any) -> TurnResult:
        """The turn in which the bot gets the floor back; `fields` are HandBack's."""
        hand_back = HandBack(fields.pop("handoff_id", "t1-1-0"), **fields)
        message = replace(inbound("", conversation=self.name), hand_back=hand_back)
        return self._take(await self.engine.resume(message, self._next_turn(), self.window))

    def _understood(self, text: str, fields: dict[str, Any]) -> tuple[Inbound, dict[str, Any]]:
        if text.startswith("/"):
            fields.setdefault("payload", text)
        message = inbound(text, conversation=self.name, **fields)
        (parse,) = self.engine.understand([message])
        return message, parse

    def _next_turn(self) -> str:
        self.turns += 1
        return f"{self.name}-{self.turns}"

    def _take(self, result: TurnResult) -> TurnResult:
        self.window = result.window
        return result

    def slot(self, name: str) -> object:
        """A slot's value after the last turn."""
        events = [*self.window.base, *self.window.tail]
        values = [
            event["value"] for event in events if event["event"] == "slot" and event["name"] == name
        ]
        return values[-1] if values else None
