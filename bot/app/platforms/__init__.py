"""The platforms' channels, put together from the settings: one module each.

A new one is added to `_MODULES`.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from bot.app.platforms.platform import Edge, Kept, Platform, Shown, Staff
from bot.settings import CHANNEL_SECRETS, Settings

__all__ = ["Edge", "Kept", "Platform", "Shown", "Staff", "platforms"]

_MODULES: Mapping[str, str] = {
    "slack": "bot.app.platforms.slack",
    "telegram": "bot.app.platforms.telegram",
    "messenger": "bot.app.platforms.messenger",
}


def platforms(settings: Settings) -> dict[str, Platform]:
    """Those that are set up, by name. The platforms' libraries of the others are not imported."""
    return {
        name: import_module(_MODULES[name]).PLATFORM
        for name in CHANNEL_SECRETS
        if settings.is_configured(name)
    }
