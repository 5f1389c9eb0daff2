"""Messenger, as the platform sees it."""

from __future__ import annotations

from collections.abc import Sequence

from bot.app.checks.result import Finding, fault, ok, warning
from bot.app.messenger import MessengerState, look
from bot.errors import DeliveryError
from bot.settings import Settings
from channels.messenger.profile import NEEDED_FIELDS

_SET_UP = "flerkanal messenger set-up"


async def messenger(settings: Settings) -> Sequence[Finding]:
    """Which page it is, which events it hears, and its profile; nothing where the channel is off."""
    if not settings.is_configured("messenger"):
        return []
    try:
        state = await look(settings)
    except DeliveryError as error:
        return [
            fault(
                "Messenger page",
                str(error),
                "see docs/messenger-channel.md: MESSENGER_PAGE_TOKEN must be a page's token that"
                " has not expired, MESSENGER_APP_SECRET that of the app that made it",
            )
        ]
    return [
        ok("Messenger page", f"{state.page.name} ({state.page.id})"),
        _events(state),
        _profile(state),
    ]


def _events(state: MessengerState) -> Finding:
    what = "Messenger events"
    if state.missing_fields is None:
        return warning(
            what,
            "the token may not tell which events the app hears",
            "give the token the permission pages_manage_metadata",
        )
    if not state.missing_fields:
        return ok(what, "the app hears all of them")
    names = ", ".join(state.missing_fields)
    if set(NEEDED_FIELDS) & set(state.missing_fields):
        return fault(what, f"the app does not hear {names}: customers get no answers", _SET_UP)
    return warning(what, f"the app does not hear {names}", _SET_UP)


def _profile(state: MessengerState) -> Finding:
    if state.profile_gaps:
        names = ", ".join(state.profile_gaps)
        return warning("Messenger profile", f"not set: {names}", _SET_UP)
    return ok("Messenger profile", "get started button, greeting and menu are set")
