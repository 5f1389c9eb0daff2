"""What the desk refuses, in the reader's language and in the form that the asker can use."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.console.view import View
from bot.console.words import SOURCE_LANGUAGE, mark
from bot.errors import HandoffRefused, InvalidMessage
from bot.model.handoff import Handoff

_STATUS: Mapping[str, int] = {"unknown": 404, "empty": 422, "too_long": 422}

# For languages in which the desk's own sentence is not written.
_REASONS: Mapping[str, str] = {
    "taken": mark("Somebody else has taken this conversation already."),
    "not_yours": mark("Somebody else has this conversation."),
    "full": mark("There are as many conversations already as can be had at once."),
    "not_possible": mark("That is not possible now: the conversation has moved on."),
    "unknown": mark("There is no such conversation."),
    "empty": mark("Write something first."),
    "too_long": mark("That is too long."),
    "no_floor": mark("The conversation is not with the desk any more."),
    "no_contact": mark("Nobody has ever written in this conversation."),
}
_BY_NAME: Mapping[str, str] = {
    "taken": mark("%(name)s has taken this conversation already."),
    "not_yours": mark("%(name)s has this conversation."),
}


def refusal(view: View, request: Request, error: HandoffRefused, owner: str | None = None) -> str:
    """The sentence that says why. `owner` is who has the conversation, where that is known."""
    if owner is not None and error.reason in _BY_NAME:
        return view.words(request).gettext(_BY_NAME[error.reason]) % {"name": owner}
    if view.language(request) == SOURCE_LANGUAGE or error.reason not in _REASONS:
        text = str(error)
        return text if text.endswith((".", "!", "?")) else f"{text}."
    return view.words(request).gettext(_REASONS[error.reason])


def by_script(request: Request) -> bool:
    """Whether a script asks, which wants data, and not a form, which wants a page."""
    return "application/json" in request.headers.get("accept", "")


def refused(code: str, message: str, status: int) -> Response:
    """The console's answer to a script, of the same form as every error."""
    return JSONResponse({"error": {"code": code, "message": message}}, status_code=status)


Method = Callable[..., Awaitable[Response]]


def told(method: Method) -> Method:
    """A page's method of an object with `view` and `owner_of`; what the desk refuses is told: to a
    script as data, to a person on the page that they came from.
    """

    @wraps(method)
    async def asked(self: Any, request: Request) -> Response:
        view: View = self.view
        try:
            return await method(self, request)
        except HandoffRefused as error:
            message = refusal(view, request, error, await self.owner_of(request))
            code, status = error.reason, _STATUS.get(error.reason, 409)
        except InvalidMessage as error:
            message = view.words(request).gettext(str(error))
            code, status = error.code, error.status
        if by_script(request):
            return refused(code, message, status)
        return view.redirect(request, view.came_from(request), flash=message, kind="refused")

    return asked


def owner_name(handoff: Handoff | None) -> str | None:
    """Who has it."""
    return None if handoff is None or handoff.owner is None else handoff.owner.name
