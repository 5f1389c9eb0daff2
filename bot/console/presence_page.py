"""Available or away: what members of staff set for themselves, from every page."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.console.pages import ANYBODY, Page
from bot.console.refusals import by_script, refused
from bot.console.view import View, signed_in
from bot.console.words import mark
from bot.model.staff import Presence
from bot.staff.presence import Presences

_LABELS = {Presence.AVAILABLE: mark("Available"), Presence.AWAY: mark("Away")}
_ACTIONS = {
    Presence.AVAILABLE: mark("Set yourself away"),
    Presence.AWAY: mark("Set yourself available"),
}


class PresencePages:
    """One switch."""

    def __init__(self, presences: Presences, view: View) -> None:
        self._presences = presences
        self._view = view

    def pages(self) -> Sequence[Page]:
        """The switch."""
        return [Page("/presence", "presence", self.set, ANYBODY, "POST")]

    async def set(self, request: Request) -> Response:
        """Set it; a script gets the words that the switch is to show."""
        words = self._view.words(request)
        try:
            presence = Presence(str((await request.form()).get("presence")))
        except ValueError:
            message = words.gettext("Choose to be available or away.")
            return refused("bad_presence", message, 422)
        await self._presences.set(signed_in(request).id, presence)
        if not by_script(request):
            return self._view.redirect(request, self._view.came_from(request))
        other = Presence.AWAY if presence is Presence.AVAILABLE else Presence.AVAILABLE
        return JSONResponse(
            {
                "presence": presence.value,
                "other": other.value,
                "label": words.gettext(_LABELS[presence]),
                "action": words.gettext(_ACTIONS[presence]),
            }
        )
