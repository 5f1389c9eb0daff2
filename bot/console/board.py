"""The supervisors' live board: teams, who waits longest, who talks to whom; and assigning."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from bot.console.pages import SUPERVISORS, Page
from bot.console.view import View
from bot.handoff.views import DeskViews

_LONGEST = 10


class BoardPages:
    """The page, and its rows alone for when something has changed."""

    def __init__(self, views: DeskViews, view: View) -> None:
        self._views = views
        self._view = view

    def pages(self) -> Sequence[Page]:
        """Both."""
        return [
            Page("/board", "board", self.show, SUPERVISORS),
            Page("/board/rows", "board_rows", self.rows, SUPERVISORS),
        ]

    async def show(self, request: Request) -> Response:
        """The page."""
        return self._view.render(request, "board.html", **await self._context())

    async def rows(self, request: Request) -> Response:
        """The rows."""
        return self._view.render(request, "_board_rows.html", **await self._context())

    async def _context(self) -> Mapping[str, Any]:
        teams, agents, queue = await asyncio.gather(
            self._views.teams_board(),
            self._views.agents_board(),
            self._views.queue(limit=_LONGEST),
        )
        return {"teams": teams, "agents": agents, "queue": queue}
