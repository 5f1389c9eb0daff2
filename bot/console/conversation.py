"""The pages of conversations: one's own, and one that is open, with its lines and its details."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from bot.archive.cursors import following
from bot.console.chronicle import Chronicle, Chronicles, slots_of
from bot.console.pages import DESK, Page
from bot.console.readings import Readings
from bot.console.titles import customer_title
from bot.console.uploads import MOST_BYTES, accepted
from bot.console.view import View, signed_in
from bot.console.words import mark
from bot.handoff.keeping import Tags
from bot.handoff.teams import Teams
from bot.handoff.views import DeskViews
from bot.model.handoff import State

NOBODY = mark("Nobody has ever written in this conversation.")
_UNNAMED = mark("The address does not say which conversation it is about.")
_NO_PLACE = mark("The address names no place in a conversation.")
_CURSOR = re.compile(r"[0-9]{1,20}-[0-9]{1,20}", re.ASCII)


class ConversationPages:
    """Whoever works at the desk may read any conversation; reading one that is not theirs is in the
    audit log. `slots` are those that can be set where a customer is returned to the bot.
    """

    def __init__(
        self,
        *,
        chronicles: Chronicles,
        views: DeskViews,
        teams: Teams,
        tags: Tags,
        readings: Readings,
        view: View,
        slots: Sequence[str],
    ) -> None:
        self._chronicles = chronicles
        self._views = views
        self._teams = teams
        self._tags = tags
        self._readings = readings
        self._view = view
        self._slots = slots

    def pages(self) -> Sequence[Page]:
        """The page, and its parts for when something has changed."""
        return [
            Page("/conversations", "conversations", self.show, DESK),
            Page("/conversations/mine", "conversation_list", self.mine, DESK),
            Page("/conversations/lines", "conversation_lines", self.lines, DESK),
            Page("/conversations/parts", "conversation_parts", self.parts, DESK),
        ]

    async def show(self, request: Request) -> Response:
        """The page; `c` is the conversation that is open, `before` a cursor to read back from, `at`
        one to be shown with what was said before it.
        """
        mine = await self._views.mine(signed_in(request).id)
        conversation_id = request.query_params.get("c")
        if conversation_id is None:
            return self._view.render(
                request, "conversations.html", mine=mine, open=None, open_id=None
            )
        before, at = _cursor(request, "before"), _cursor(request, "at")
        chronicle = await self._chronicle(conversation_id, following(at) if at else before)
        context = await self._context(request, chronicle)
        await self._readings.opened(signed_in(request).id, conversation_id)
        shown = {**context, "at": at, "open_id": conversation_id}
        return self._view.render(request, "conversations.html", mine=mine, **shown)

    async def mine(self, request: Request) -> Response:
        """The list."""
        mine = await self._views.mine(signed_in(request).id)
        open_id = request.query_params.get("c")
        return self._view.render(request, "_mine.html", mine=mine, open_id=open_id)

    async def lines(self, request: Request) -> Response:
        """The lines after the cursor `after`."""
        conversation_id = _asked(request)
        lines = await self._chronicles.news(conversation_id, _cursor(request, "after"))
        await self._readings.goes_on(signed_in(request).id, conversation_id)
        return self._view.render(request, "_lines.html", lines=lines)

    async def parts(self, request: Request) -> Response:
        """All but the lines: where it stands, the details, what can be written and done."""
        conversation_id = _asked(request)
        context = await self._context(request, await self._chronicle(conversation_id, None))
        await self._readings.goes_on(signed_in(request).id, conversation_id)
        return self._view.render(request, "_parts.html", **context)

    async def _chronicle(self, conversation_id: str, before: str | None) -> Chronicle:
        chronicle = await self._chronicles.open(conversation_id, before)
        if chronicle is None:
            raise HTTPException(404, NOBODY)
        return chronicle

    async def _context(self, request: Request, chronicle: Chronicle) -> Mapping[str, Any]:
        staff = signed_in(request)
        handoff = chronicle.handoff
        with_person = handoff is not None and handoff.state is State.WITH_PERSON
        owner = handoff.owner if handoff is not None and with_person else None
        is_mine = owner is not None and owner.id == staff.id
        tagged = await self._tags_of(chronicle)
        slots = slots_of(chronicle.state)
        context: dict[str, Any] = {
            "open": chronicle,
            "customer": customer_title(
                self._view.words(request), chronicle.customer.name, chronicle.conversation_id
            ),
            # What can be written and done depends on these alone.
            "version": f"{handoff.id}.{handoff.version}" if handoff is not None else "bot",
            "handoff": handoff,
            "is_mine": is_mine,
            "lines": chronicle.lines,
            "limits": chronicle.limits,
            "suggestions": chronicle.suggestions,
            "slots": slots,
            "slots_to_set": [(name, slots.get(name, "")) for name in self._slots],
            "fresh_id": f"f{secrets.token_hex(12)}",
            "upload_types": accepted(),
            "upload_bytes": MOST_BYTES,
            **tagged,
        }
        if is_mine:
            context.update(await self._recipients(staff.id))
        return context

    async def _tags_of(self, chronicle: Chronicle) -> Mapping[str, Any]:
        if chronicle.row is None:
            return {"tags": (), "known_tags": ()}
        return {"tags": chronicle.row.tags, "known_tags": await self._tags.known()}

    async def _recipients(self, staff_id: str) -> Mapping[str, Any]:
        """To whom a conversation can be passed on."""
        teams, agents = await asyncio.gather(self._teams.list(), self._views.agents_board())
        people = [one for one in agents if one.desk == "console" and one.id != staff_id]
        return {"teams": teams, "people": sorted(people, key=lambda one: one.status != "there")}


def _asked(request: Request) -> str:
    conversation_id = request.query_params.get("c")
    if not conversation_id:
        raise HTTPException(400, _UNNAMED)
    return conversation_id


def _cursor(request: Request, name: str) -> str | None:
    cursor = request.query_params.get(name) or None
    if cursor is not None and not _CURSOR.fullmatch(cursor):
        raise HTTPException(400, _NO_PLACE)
    return cursor
