"""Logging as the settings ask for it."""

from __future__ import annotations

import logging

from pydantic import SecretStr

from bot.observability.logging import configure_logging
from bot.settings import Settings


def set_up_logging(settings: Settings) -> None:
    """Set up this process's log; what is secret in the settings is blotted out of it."""
    as_json = {"auto": None, "json": True, "text": False}[settings.log_format]
    secrets = [
        value.get_secret_value()
        for _, value in settings
        if isinstance(value, SecretStr) and value.get_secret_value()
    ]
    configure_logging(settings.log_level, as_json, secrets)
    if settings.log_level != "DEBUG":
        # What old packages warn other packages' authors of, nobody who runs them can mend.
        logging.getLogger("py.warnings").setLevel(logging.ERROR)
