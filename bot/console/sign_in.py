"""Signing in and out."""

from __future__ import annotations

import math
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bot.console.network import client_address, local_path
from bot.console.pages import ANYBODY, Page
from bot.console.session_cookie import SessionCookie
from bot.console.view import View, signed_in
from bot.errors import SignInRefused
from bot.staff.sessions import StaffSessions
from bot.staff.sign_in import SignedIn, SignIn

_LONGEST_CLIENT = 255
_STATUS = {"wrong": 401, "too_many": 429, "busy": 503, "provider": 502, "no_account": 403}


class SignInPages:
    """`provider` is the name of the OpenID provider's button, None where there is none."""

    def __init__(
        self,
        sign_in: SignIn,
        sessions: StaffSessions,
        cookie: SessionCookie,
        view: View,
        *,
        provider: str | None,
    ) -> None:
        self._sign_in = sign_in
        self._sessions = sessions
        self._cookie = cookie
        self._view = view
        self._provider = provider

    def pages(self) -> Sequence[Page]:
        """The form, what it sends, and the way out."""
        return [
            Page("/sign-in", "sign_in", self.form, None),
            Page("/sign-in", "sign_in_post", self.enter, None, "POST"),
            Page("/sign-out", "sign_out", self.leave, ANYBODY, "POST"),
        ]

    async def form(self, request: Request) -> Response:
        """The form; whoever is signed in goes on."""
        token = self._cookie.read(request)
        to = local_path(request.query_params.get("next"))
        if token and await self._sessions.find(token) is not None:
            return RedirectResponse(to or "/console", status_code=303)
        return self.show(request, to)

    async def enter(self, request: Request) -> Response:
        """Take login and password."""
        form = await request.form()
        login, password, to = (_text(form.get(name)) for name in ("login", "password", "next"))
        try:
            signed_in = await self._sign_in.by_password(
                login, password, address=client_address(request), client=client_of(request)
            )
        except SignInRefused as refused:
            return self.show(request, local_path(to), refused, login)
        return self.admit(request, signed_in, local_path(to))

    async def leave(self, request: Request) -> Response:
        """End the session, for certain: the cookie alone would not."""
        await self._sign_in.end(signed_in(request), request.state.session)
        response = self._view.redirect(request, self._view.url(request, "sign_in"))
        self._cookie.clear(request, response)
        return response

    def admit(self, request: Request, signed_in: SignedIn, to: str | None) -> Response:
        """On to where somebody wanted to go, with their new session."""
        response = RedirectResponse(to or "/console", status_code=303)
        self._cookie.write(request, response, signed_in.token, self._sessions.seconds)
        return response

    def show(
        self,
        request: Request,
        to: str | None,
        refused: SignInRefused | None = None,
        login: str = "",
    ) -> Response:
        """The form, with the reason why somebody was not let in."""
        response = self._view.render(
            request,
            "sign_in.html",
            200 if refused is None else _STATUS[refused.reason],
            next=to or "",
            login=login,
            provider=self._provider,
            fault=None if refused is None else self._words(request, refused),
        )
        if refused is not None and refused.retry_after is not None:
            response.headers["Retry-After"] = str(math.ceil(refused.retry_after))
        return response

    def _words(self, request: Request, refused: SignInRefused) -> str:
        words = self._view.words(request)
        if refused.reason == "too_many":
            seconds = math.ceil(refused.retry_after or 0)
            if seconds < 60:
                return words.ngettext(
                    "Too many tries. Try again in %(count)d second.",
                    "Too many tries. Try again in %(count)d seconds.",
                    seconds,
                ) % {"count": seconds}
            minutes = math.ceil(seconds / 60)
            return words.ngettext(
                "Too many tries. Try again in %(count)d minute.",
                "Too many tries. Try again in %(count)d minutes.",
                minutes,
            ) % {"count": minutes}
        said = {
            "wrong": words.gettext("Login or password is not right."),
            "busy": words.gettext("Too many people sign in at once. Try again in a moment."),
            "provider": words.gettext(
                "The sign-in elsewhere did not work out. Try again, or ask an administrator."
            ),
            "no_account": words.gettext(
                "You have no account here. Ask an administrator to make one with your e-mail address."
            ),
        }
        return said[refused.reason]


def client_of(request: Request) -> str:
    """The browser's description of itself."""
    return request.headers.get("user-agent", "")[:_LONGEST_CLIENT]


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
