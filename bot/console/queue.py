"""The queue: who waits, for how long and why; taken with one press."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from bot.console.pages import DESK, Page
from bot.console.view import View, signed_in
from bot.handoff.teams import Teams
from bot.handoff.views import DeskViews

SHOWN = 50


class QueuePages:
    """The page, and its rows alone for when something has changed."""

    def __init__(self, views: DeskViews, teams: Teams, view: View) -> None:
        self._views = views
        self._teams = teams
        self._view = view

    def pages(self) -> Sequence[Page]:
        """Both."""
        return [
            Page("/queue", "queue", self.show, DESK),
            Page("/queue/rows", "queue_rows", self.rows, DESK),
        ]

    async def show(self, request: Request) -> Response:
        """The page."""
        return self._view.render(request, "queue.html", **await self._context(request))

    async def rows(self, request: Request) -> Response:
        """The rows."""
        return self._view.render(request, "_queue_rows.html", **await self._context(request))

    async def _context(self, request: Request) -> Mapping[str, Any]:
        all_teams = request.query_params.get("teams") == "all"
        mine = None if all_teams else await self._teams.of_member(signed_in(request).id)
        page = await self._views.queue(mine, limit=SHOWN)
        return {"all_teams": all_teams, "rows": page.rows, "total": page.total}
