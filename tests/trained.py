"""The demo's bot, trained and loaded once for all tests that talk to it in process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.model.content import Content
from bot.model.turns import TrackerWindow
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
        if text.startswith("/"):
            fields.setdefault("payload", text)
        message = inbound(text, conversation=self.name, **fields)
        (parse,) = self.engine.understand([message])
        self.turns += 1
        result = await self.engine.answer(message, f"{self.name}-{self.turns}", parse, self.window)
        self.window = result.window
        return list(result.answers)

    def slot(self, name: str) -> object:
        """A slot's value after the last turn."""
        events = [*self.window.base, *self.window.tail]
        values = [
            event["value"] for event in events if event["event"] == "slot" and event["name"] == name
        ]
        return values[-1] if values else None
