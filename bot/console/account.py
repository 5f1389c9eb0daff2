"""One's own account: name, language, sound, password, and where one is signed in."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from bot.console.account_words import account_fault
from bot.console.network import client_address
from bot.console.pages import ANYBODY, Page
from bot.console.view import View, signed_in
from bot.errors import AccountRefused, SignInRefused
from bot.staff.accounts import Accounts
from bot.staff.passwords import SHORTEST
from bot.staff.sessions import StaffSession, StaffSessions
from bot.staff.throttle import SignInThrottle


class AccountPages:
    """For whoever is signed in."""

    def __init__(
        self,
        accounts: Accounts,
        sessions: StaffSessions,
        throttle: SignInThrottle,
        view: View,
    ) -> None:
        self._accounts = accounts
        self._sessions = sessions
        self._throttle = throttle
        self._view = view

    def pages(self) -> Sequence[Page]:
        """The page and its forms."""
        return [
            Page("/account", "account", self.show, ANYBODY),
            Page("/account", "account_save", self.save, ANYBODY, "POST"),
            Page("/account/password", "account_password", self.password, ANYBODY, "POST"),
            Page("/account/sessions", "account_sessions_end", self.end_others, ANYBODY, "POST"),
            Page("/account/sessions/{session}", "account_session_end", self.end, ANYBODY, "POST"),
        ]

    async def show(self, request: Request) -> Response:
        """The page."""
        return await self._page(request)

    async def save(self, request: Request) -> Response:
        """Name, language, sound."""
        form = await request.form()
        staff = signed_in(request)
        try:
            changed = await self._accounts.change(
                staff.id,
                by=staff.id,
                name=text_of(form, "name"),
                language=text_of(form, "language"),
                sound="sound" in form,
            )
        except AccountRefused as refused:
            return await self._page(request, "details", refused)
        # What is said next is in the language that was just chosen.
        request.state.staff = changed
        said = self._view.words(request).gettext("Saved.")
        return self._view.redirect(request, self._view.url(request, "account"), flash=said)

    async def password(self, request: Request) -> Response:
        """A new password; one's other sessions end."""
        form = await request.form()
        try:
            await self._change_password(request, form)
        except (AccountRefused, SignInRefused) as refused:
            return await self._page(request, "password", refused)
        said = self._view.words(request).gettext(
            "The password is changed. You are signed out everywhere else."
        )
        return self._view.redirect(request, self._view.url(request, "account"), flash=said)

    async def end(self, request: Request) -> Response:
        """End one session; where it is this one, that is signing out."""
        staff = signed_in(request)
        words = self._view.words(request)
        ended = await self._sessions.revoke(staff.id, request.path_params["session"])
        return self._view.redirect(
            request,
            self._view.url(request, "account"),
            flash=words.gettext("The session is ended.")
            if ended
            else words.gettext("That session had ended already."),
        )

    async def end_others(self, request: Request) -> Response:
        """End all sessions but this one."""
        current: StaffSession = request.state.session
        await self._sessions.end_others(signed_in(request).id, current.token_hash)
        said = self._view.words(request).gettext("You are signed out everywhere else.")
        return self._view.redirect(request, self._view.url(request, "account"), flash=said)

    async def _change_password(self, request: Request, form: FormData) -> None:
        staff = signed_in(request)
        session: StaffSession = request.state.session
        if text_of(form, "new") != text_of(form, "again"):
            raise AccountRefused("different_passwords", "the two new passwords differ")
        # Whoever sits down at somebody's open console must not guess on.
        tried, address = f"password of {staff.id}", client_address(request)
        if (wait := await self._throttle.begin(tried, address)) > 0:
            raise SignInRefused("too_many", retry_after=wait)
        try:
            await self._accounts.change_password(
                staff.id,
                old=text_of(form, "old"),
                new=text_of(form, "new"),
                keep_session=session.token_hash,
            )
        except AccountRefused as refused:
            if refused.reason != "wrong_password":
                await self._throttle.succeeded(tried, address)
            raise
        await self._throttle.succeeded(tried, address)

    async def _page(
        self,
        request: Request,
        where: str = "",
        refused: AccountRefused | SignInRefused | None = None,
    ) -> Response:
        staff = signed_in(request)
        account = await self._accounts.find(staff.id)
        words = self._view.words(request)
        return self._view.render(
            request,
            "account.html",
            200 if refused is None else 422,
            account=account,
            sessions=await self._sessions.of(staff.id),
            current=request.state.session.id,
            shortest=SHORTEST,
            fault=None if refused is None else account_fault(words, refused.reason),
            faulty=where,
        )


def text_of(form: FormData, name: str) -> str:
    """A field's text, empty where there is none or a file."""
    value = form.get(name)
    return value if isinstance(value, str) else ""
