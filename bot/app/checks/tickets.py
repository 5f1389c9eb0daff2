"""The ticket system, where customers' cases go."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from urllib.parse import urlsplit

from actions.tickets.errors import TicketsUnavailable
from actions.tickets.provider import build_desk
from bot.app import overview
from bot.app.checks.result import Finding, off, ok, warning
from bot.settings import Settings


async def tickets(settings: Settings) -> Sequence[Finding]:
    """The ticket system answers and takes tickets of this token; the embedded one has its tables."""
    desk = build_desk(settings)
    try:
        await desk.prepare()
        known_as = await desk.check()
    except TicketsUnavailable as error:
        if settings.tickets_system is None and error.retryable:
            # Said there, with what to do about it.
            return [off("Tickets", "kept in the database, which does not answer: see Database")]
        raise
    finally:
        desk.close()
    where = overview.tickets(settings)
    if settings.tickets_system is None or settings.tickets_api_url is None:
        return [ok("Tickets", where)]
    found = [ok("Tickets", f"{where}: {known_as}")]
    if _is_in_clear(settings.tickets_api_url):
        found.append(
            warning(
                "Tickets address",
                "customers' words and the token go there unencrypted",
                "let TICKETS_API_URL begin with https://",
            )
        )
    return found


def _is_in_clear(url: str) -> bool:
    parts = urlsplit(url)
    if parts.scheme == "https":
        return False
    try:
        return not ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return parts.hostname != "localhost"
