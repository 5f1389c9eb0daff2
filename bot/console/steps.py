"""What staff do with a handoff: take it, pass it on, give it back, close it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.console.pages import DESK, SUPERVISORS, Page
from bot.console.refusals import by_script, owner_name, told
from bot.console.view import View, signed_in
from bot.console.words import mark
from bot.errors import HandoffRefused
from bot.model.handoff import Handoff
from bot.ports import Desk

_SLOT = "slot."
_LONGEST_SLOT = 500


class StepPages:
    """Each is a form that anybody can send without a script; scripts get data instead of a page."""

    def __init__(self, desk: Desk, view: View, slots: Sequence[str]) -> None:
        """`slots` are the bot's that staff may set; others are left as they are."""
        self.desk = desk
        self.view = view
        self._slots = frozenset(slots)

    def pages(self) -> Sequence[Page]:
        """All of them."""
        one = "/handoffs/{handoff_id}"
        return [
            Page("/queue/next", "claim_next", self.claim_next, DESK, "POST"),
            Page("/take-over", "take_over", self.take_over, DESK, "POST"),
            Page(f"{one}/claim", "claim", self.claim, DESK, "POST"),
            Page(f"{one}/transfer", "transfer", self.transfer, DESK, "POST"),
            Page(f"{one}/return", "return_to_bot", self.return_to_bot, DESK, "POST"),
            Page(f"{one}/close", "close", self.close, DESK, "POST"),
            Page(f"{one}/assign", "assign", self.assign, SUPERVISORS, "POST"),
        ]

    async def owner_of(self, request: Request) -> str | None:
        """Who has what the request is about."""
        handoff_id = request.path_params.get("handoff_id")
        if handoff_id is None:
            return owner_name(
                await self.desk.of_conversation(await _text(request, "conversation_id"))
            )
        try:
            return owner_name(await self.desk.find(handoff_id))
        except HandoffRefused:
            return None

    @told
    async def claim_next(self, request: Request) -> Response:
        """The one that has waited longest; an empty queue is told."""
        handoff = await self.desk.claim_next(signed_in(request).agent)
        if handoff is not None:
            return self._open(request, handoff)
        message = self.view.words(request).gettext("Nobody is waiting for your teams now.")
        if by_script(request):
            return JSONResponse({"handoff": None, "message": message})
        return self.view.redirect(request, self.view.came_from(request), flash=message, kind="told")

    @told
    async def claim(self, request: Request) -> Response:
        """One of the queue."""
        handoff_id = request.path_params["handoff_id"]
        return self._open(request, await self.desk.claim(handoff_id, signed_in(request).agent))

    @told
    async def take_over(self, request: Request) -> Response:
        """A conversation, from the bot or out of the queue."""
        conversation_id = await _text(request, "conversation_id")
        agent = signed_in(request).agent
        return self._open(request, await self.desk.take_over(conversation_id, agent))

    @told
    async def transfer(self, request: Request) -> Response:
        """To `staff:<id>` or `team:<id>`."""
        kind, _, to = (await _text(request, "to")).partition(":")
        handoff = await self.desk.transfer(
            request.path_params["handoff_id"],
            signed_in(request).agent,
            to=to if kind == "staff" else None,
            team=to if kind == "team" else None,
            note=await _text(request, "note") or None,
        )
        return self._leave(request, handoff, self._says(request, mark("Transferred.")))

    @told
    async def return_to_bot(self, request: Request) -> Response:
        """With the slots that were filled in."""
        handoff = await self.desk.return_to_bot(
            request.path_params["handoff_id"],
            signed_in(request).agent,
            await self._slots_of(request),
            await _text(request, "note") or None,
        )
        return self._leave(
            request, handoff, self._says(request, mark("The bot has the customer again."))
        )

    @told
    async def close(self, request: Request) -> Response:
        """Resolved or not."""
        handoff = await self.desk.close(
            request.path_params["handoff_id"],
            signed_in(request).agent,
            resolved=await _text(request, "resolved") != "no",
            note=await _text(request, "note") or None,
        )
        return self._leave(
            request, handoff, self._says(request, mark("The conversation is closed."))
        )

    @told
    async def assign(self, request: Request) -> Response:
        """A supervisor gives it to somebody."""
        handoff = await self.desk.assign(
            request.path_params["handoff_id"],
            signed_in(request).agent,
            await _text(request, "to"),
        )
        message = self.view.words(request).gettext("Given to %(name)s.")
        told_who = message % {"name": owner_name(handoff) or ""}
        return self._leave(request, handoff, told_who, self.view.came_from(request))

    def _open(self, request: Request, handoff: Handoff) -> Response:
        to = self.view.url(request, "conversations", c=handoff.conversation_id)
        if by_script(request):
            return JSONResponse({**_summary(handoff), "to": to})
        return self.view.redirect(request, to)

    def _leave(
        self, request: Request, handoff: Handoff, message: str, to: str | None = None
    ) -> Response:
        if by_script(request):
            return JSONResponse(_summary(handoff))
        to = to or self.view.url(request, "conversations")
        return self.view.redirect(request, to, flash=message)

    async def _slots_of(self, request: Request) -> Mapping[str, str | None]:
        """The fields `slot.<name>`; one that is left empty empties its slot."""
        form = await request.form()
        sent = {name: form.get(f"{_SLOT}{name}") for name in sorted(self._slots)}
        return {
            name: value.strip()[:_LONGEST_SLOT] or None
            for name, value in sent.items()
            if isinstance(value, str)
        }

    def _says(self, request: Request, text: str) -> str:
        return self.view.words(request).gettext(text)


def _summary(handoff: Handoff) -> Mapping[str, Any]:
    return {
        "handoff": handoff.id,
        "conversation": handoff.conversation_id,
        "state": handoff.state.value,
        "version": handoff.version,
        "owner": None if handoff.owner is None else handoff.owner.id,
    }


async def _text(request: Request, name: str) -> str:
    value = (await request.form()).get(name)
    return value.strip() if isinstance(value, str) else ""
