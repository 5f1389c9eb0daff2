"""What stands before every page of the console: who is it, may they, and did they mean to."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode, urlsplit

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from bot.console.network import is_foreign, local_path
from bot.console.pages import Endpoint, Page
from bot.console.session_cookie import SessionCookie
from bot.console.view import View
from bot.console.words import mark
from bot.errors import StorageUnavailable
from bot.staff.sessions import StaffSession, StaffSessions

logger = structlog.get_logger(__name__)

SIGN_IN = "/console/sign-in"

_SAFE = frozenset({"GET", "HEAD"})
_TITLES: Mapping[int, str] = {
    400: mark("It can't be read"),
    403: mark("Not allowed"),
    404: mark("Not found"),
    408: mark("It took too long"),
    413: mark("Too large"),
    503: mark("Out of order"),
}
_NO_STORAGE = mark("The server's storage does not answer. Try again in a while.")
# What pages say of what there is not.
NOT_FOUND: Sequence[str] = (
    mark("There is no such account."),
    mark("There is no such team."),
    mark("There is no such canned answer."),
)
# Nothing inline and nothing of other hosts; only pictures that customers' messages name may be.
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: https:; "
        "font-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; "
        "base-uri 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "
        "magnetometer=(), microphone=(), midi=(), payment=(), usb=()"
    ),
    # Not `no-referrer`: with it browsers send `Origin: null` with a page's own forms.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


class ConsoleGuard:
    """Wraps pages' endpoints. `request.state` then has `staff`, `csrf` and `session`.

    An answer's own Cache-Control stays; what has none is not kept anywhere.
    """

    def __init__(
        self, sessions: StaffSessions, cookie: SessionCookie, view: View, public_url: str | None
    ) -> None:
        self._sessions = sessions
        self._cookie = cookie
        self._view = view
        self._public_url = public_url

    def __call__(self, page: Page) -> Endpoint:
        """The page's endpoint, for those who may open it."""

        async def guarded(request: Request) -> Response:
            try:
                response = await self._answer(page, request)
            finally:
                # The files of a form that was read here or in the page.
                await request.close()
            for name, value in _HEADERS.items():
                response.headers[name] = value
            response.headers.setdefault("Cache-Control", "no-store")
            return response

        return guarded

    async def still_open(self, request: Request) -> bool:
        """Whether the session is open still, and its account may still open the page: to be asked
        now and then by an answer that goes on for long. Counts as being there.
        """
        session: StaffSession = request.state.session
        found = await self._sessions.renewed(session.token_hash)
        roles = request.state.roles
        return found is not None and (roles is None or found[0].has(*roles))

    async def _answer(self, page: Page, request: Request) -> Response:
        """What fails is told as a page where a person would see it; scripts get the edge's form."""
        try:
            return await self._checked(page, request)
        except HTTPException as error:
            if _wants_data(request) or error.status_code not in _TITLES:
                raise
            message, status, headers = error.detail, error.status_code, error.headers
        except StorageUnavailable as error:
            if _wants_data(request):
                raise
            logger.warning("storage_unavailable", error=str(error))
            message, status, headers = _NO_STORAGE, 503, {"Retry-After": "5"}
        words = self._view.words(request)
        response = self._view.render(
            request,
            "refused.html",
            status,
            title=words.gettext(_TITLES[status]),
            message=words.gettext(message),
        )
        response.headers.update(headers or {})
        return response

    async def _checked(self, page: Page, request: Request) -> Response:
        unsafe = request.method not in _SAFE
        if unsafe and is_foreign(request, self._public_url):
            return self._refused(request, "foreign", mark("This came from another site's page."))
        if page.roles is None:
            return await page.endpoint(request)
        token = self._cookie.read(request)
        found = await self._sessions.find(token) if token else None
        if found is None:
            return self._sign_in_first(request)
        staff, session = found
        request.state.staff = staff
        request.state.session = session
        request.state.csrf = session.csrf_token
        request.state.roles = page.roles
        if not staff.has(*page.roles):
            return self._refused(
                request, "role", mark("Your role does not let you open this. Ask an administrator.")
            )
        if unsafe and not await _has_token(request, session.csrf_token):
            return self._refused(
                request,
                "csrf",
                mark("This page is out of date. Reload it and try again: nothing was changed."),
            )
        return await page.endpoint(request)

    def _sign_in_first(self, request: Request) -> Response:
        back = _where(request)
        to = f"{SIGN_IN}?{urlencode({'next': back})}" if back else SIGN_IN
        if _wants_data(request):
            message = self._view.words(request).gettext("You are signed out. Sign in again.")
            return _error(401, "signed_out", message, {"HX-Redirect": to})
        response = RedirectResponse(to, status_code=303)
        if self._cookie.read(request) is not None:
            self._cookie.clear(request, response)
        return response

    def _refused(self, request: Request, code: str, message: str) -> Response:
        said = self._view.words(request).gettext(message)
        if _wants_data(request):
            return _error(403, code, said, {})
        title = self._view.words(request).gettext(_TITLES[403])
        return self._view.render(request, "refused.html", 403, title=title, message=said)


async def _has_token(request: Request, expected: str) -> bool:
    given: object = request.headers.get("x-csrf-token")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given is None and kind in {"application/x-www-form-urlencoded", "multipart/form-data"}:
        given = (await request.form()).get("csrf_token")
    return isinstance(given, str) and secrets.compare_digest(given.encode(), expected.encode())


def _wants_data(request: Request) -> bool:
    """Whether a script asked, and not a person who would see the answer as a page."""
    accept = request.headers.get("accept", "")
    return (
        request.headers.get("hx-request") == "true"
        or request.headers.get("sec-fetch-mode", "navigate") != "navigate"
        or "application/json" in accept
        or "text/event-stream" in accept
    )


def _where(request: Request) -> str | None:
    """The page to come back to after the sign-in: what was asked for, or the page it was asked on."""
    if request.method in _SAFE and not _wants_data(request):
        query = request.url.query
        return local_path(f"{request.url.path}?{query}" if query else request.url.path)
    on = request.headers.get("hx-current-url") or request.headers.get("referer", "")
    try:
        parts = urlsplit(on)
    except ValueError:
        return None
    return local_path(f"{parts.path}?{parts.query}" if parts.query else parts.path)


def _error(status: int, code: str, message: str, headers: dict[str, str]) -> Response:
    return JSONResponse(
        {"error": {"code": code, "message": message}}, status_code=status, headers=headers
    )
