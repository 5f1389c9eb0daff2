"""What the packages that Flerkanal uses read from the environment, most of them when imported."""

from __future__ import annotations

import os
from collections.abc import Mapping

# No telemetry, no hub, no word about a GPU that is not needed.
DEFAULTS: Mapping[str, str] = {
    "RASA_TELEMETRY_ENABLED": "false",
    "HF_HUB_OFFLINE": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    "TOKENIZERS_PARALLELISM": "false",
}


def apply_defaults() -> None:
    """Set what this process's environment does not, before any of the packages is imported."""
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)


def environment(**more: str) -> dict[str, str]:
    """This process's environment with the defaults for what it does not set, and `more` over it."""
    return {**DEFAULTS, **os.environ, **more}
