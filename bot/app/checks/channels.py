"""The channels' settings."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from importlib import import_module

from bot.app import overview
from bot.app.checks.result import Finding, off, ok, warning
from bot.settings import CHANNEL_SECRETS, Settings

_SHORT_TOKEN = 20


def channels(settings: Settings) -> Sequence[Finding]:
    """Which channels are on; half-set ones have been refused when the settings were read."""
    return [
        _web(settings),
        _rest(settings),
        *(_platform(settings, name) for name in CHANNEL_SECRETS),
    ]


async def platform(settings: Settings, channel: str) -> Sequence[Finding]:
    """What the channel's platform tells, asked with the settings' secrets; nothing where it is off."""
    if not settings.is_configured(channel):
        return []
    # Here, for the sake of the library that an unused platform would bring in.
    findings: Sequence[Finding] = await getattr(
        import_module(f"bot.app.checks.{channel}"), channel
    )(settings)
    return findings


def _web(settings: Settings) -> Finding:
    if settings.allowed_origins:
        return ok("Web chat", f"for {', '.join(settings.allowed_origins)}")
    if _is_loopback(settings.host):
        return ok("Web chat", "for pages of this address: WEB_ALLOWED_ORIGINS is not set")
    return warning(
        "Web chat",
        f"listens on {settings.host}, but other sites may not carry the widget",
        "set WEB_ALLOWED_ORIGINS to your sites, such as https://shop.example",
    )


def _rest(settings: Settings) -> Finding:
    access = overview.rest_access(settings)
    if settings.rest_token is None:
        return ok("REST", access)
    if len(settings.rest_token.get_secret_value()) < _SHORT_TOKEN:
        return warning(
            "REST",
            f"REST_TOKEN has fewer than {_SHORT_TOKEN} characters: it can be guessed",
            'make one: python3 -c "import secrets; print(secrets.token_urlsafe(32))"',
        )
    return ok("REST", access)


def _platform(settings: Settings, channel: str) -> Finding:
    name = channel.capitalize()
    if settings.is_configured(channel):
        return ok(name, "is set up")
    return off(name, f"to use it set {', '.join(settings.missing_for(channel))}")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
