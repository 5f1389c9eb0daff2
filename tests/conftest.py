"""What every test gets: an environment of its own making, quick tests first, shared fixtures."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from bot.settings import Settings

pytest_plugins = ["tests.valkey", "tests.pipeline", "tests.trained"]

_ROOT = Path(__file__).resolve().parent
_ORDER = ("unit", "contracts", "conversations", "system")

# Rasa, the hub's client and SQLAlchemy read these when they are imported.
_QUIET = {
    "RASA_TELEMETRY_ENABLED": "false",
    "HF_HUB_OFFLINE": "1",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    # Rasa imports aiogram, which sets uvloop for all loops to come: the order of tests would decide.
    "DISABLE_UVLOOP": "1",
}


def pytest_configure(config: pytest.Config) -> None:
    for name in Settings.__fields__:
        # A developer's own REDIS_URL or DATABASE_URL is never what a test writes to.
        os.environ.pop(name.upper(), None)
    os.environ.update(_QUIET)


def pytest_report_header(config: pytest.Config) -> list[str]:
    if (_ROOT.parent / ".env").exists():
        return ["warning: processes that tests start in the project's folder read its .env"]
    return []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Quick folders first: a broken unit is told before a browser has started."""
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    try:
        folder = item.path.relative_to(_ROOT).parts[0]
    except ValueError:
        return len(_ORDER)
    return _ORDER.index(folder) if folder in _ORDER else len(_ORDER)


@pytest.fixture
def started() -> Callable[[], list[psutil.Process]]:
    """Asks which processes this test has started and not ended; the session's own do not count."""
    before = psutil.Process().children()
    return lambda: [child for child in psutil.Process().children() if child not in before]
