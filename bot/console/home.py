"""`/console` itself: on to the first page that is somebody's."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bot.console.navigation import Navigation
from bot.console.pages import ANYBODY, Page
from bot.console.view import signed_in

# For whoever has no place in the navigation (yet): everybody has an account.
_ELSE = "account"


def home_pages(pages: Sequence[Page]) -> Sequence[Page]:
    """The console's address, with and without a slash; `pages` are all other ones."""
    navigation = Navigation(pages)

    async def home(request: Request) -> Response:
        places = navigation.of(signed_in(request))
        first = places[0].page if places else _ELSE
        return RedirectResponse(request.app.url_path_for(first), status_code=303)

    return [
        Page("", "console", home, ANYBODY),
        Page("/", "console_slash", home, ANYBODY),
    ]
