"""What every test gets: an environment of its own making, quick tests first, shared fixtures."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest_plugins = ["tests.valkey"]

_ROOT = Path(__file__).resolve().parent
_ORDER = ("unit", "contracts", "conversations", "system")

# Rasa, the hub's client and SQLAlchemy read these when they are imported.
_QUIET = {
    "RASA_TELEMETRY_ENABLED": "false",
    "HF_HUB_OFFLINE": "1",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}


def pytest_configure(config: pytest.Config) -> None:
    os.environ.update(_QUIET)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Quick folders first: a broken unit is told before a browser has started."""
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    try:
        folder = item.path.relative_to(_ROOT).parts[0]
    except ValueError:
        return len(_ORDER)
    return _ORDER.index(folder) if folder in _ORDER else len(_ORDER)


@pytest.fixture(autouse=True, scope="session")
def _no_outside_settings(tmp_path_factory: pytest.TempPathFactory) -> object:
    raise NotImplementedError
