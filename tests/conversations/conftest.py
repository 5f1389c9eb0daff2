"""The model that fits the project's data, trained once where there is none yet."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.settings import load_settings
from bot.training.train import train

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def model() -> Path:
    """Path of a trained model of the data as it stands; the one in models/ where it fits."""
    settings = load_settings(models_dir=ROOT / "models")
    return train(settings, lambda progress: None, root=ROOT, if_needed=True)
