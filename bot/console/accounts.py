"""Administration of accounts."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from bot.console.account import text_of
from bot.console.account_words import DUTIES, LANGUAGES, ROLES, account_fault
from bot.console.pages import ADMINISTRATORS, Page
from bot.console.view import View, signed_in
from bot.errors import AccountRefused, SignInRefused
from bot.model.staff import Role
from bot.staff.accounts import Accounts
from bot.staff.records import MOST_CAPACITY, Account
from bot.staff.sessions import StaffSessions


class AccountsAdmin:
    """For administrators. A generated password is in one answer, and nowhere else."""

    def __init__(self, accounts: Accounts, sessions: StaffSessions, view: View) -> None:
        self._accounts = accounts
        self._sessions = sessions
        self._view = view

    def pages(self) -> Sequence[Page]:
        """The list, one account, and what can be done to it."""
        one = "/admin/accounts/{account}"
        return [
            Page("/admin/accounts", "admin_accounts", self.list, ADMINISTRATORS),
            Page("/admin/accounts", "admin_account_add", self.add, ADMINISTRATORS, "POST"),
            Page(one, "admin_account", self.show, ADMINISTRATORS),
            Page(one, "admin_account_save", self.save, ADMINISTRATORS, "POST"),
            Page(
                f"{one}/password", "admin_account_password", self.password, ADMINISTRATORS, "POST"
            ),
            Page(f"{one}/disable", "admin_account_disable", self.disable, ADMINISTRATORS, "POST"),
            Page(f"{one}/enable", "admin_account_enable", self.enable, ADMINISTRATORS, "POST"),
            Page(
                f"{one}/sessions",
                "admin_account_sessions",
                self.end_sessions,
                ADMINISTRATORS,
                "POST",
            ),
            Page(f"{one}/unlink", "admin_account_unlink", self.unlink, ADMINISTRATORS, "POST"),
        ]

    async def list(self, request: Request) -> Response:
        """All accounts."""
        return await self._list(request)

    async def add(self, request: Request) -> Response:
        """Make one, and show its password."""
        form = await request.form()
        typed = _Typed(form)
        try:
            member, password = await self._accounts.add(
                typed.login,
                name=typed.name,
                roles=typed.roles,
                language=typed.language,
                capacity=typed.capacity,
                by=signed_in(request).id,
            )
        except (AccountRefused, SignInRefused) as refused:
            return await self._list(request, typed, refused)
        return await self._one(request, await self._found(member.id), password=password, new=True)

    async def show(self, request: Request) -> Response:
        """One account."""
        return await self._one(request, await self._asked_for(request))

    async def save(self, request: Request) -> Response:
        """Change its name, roles, language and capacity."""
        account = await self._asked_for(request)
        typed = _Typed(await request.form())
        try:
            await self._accounts.change(
                account.member.id,
                by=signed_in(request).id,
                name=typed.name,
                roles=typed.roles,
                language=typed.language,
                capacity=typed.capacity,
            )
        except AccountRefused as refused:
            return await self._one(request, account, "details", refused)
        return self._back(request, account, self._view.words(request).gettext("Saved."))

    async def password(self, request: Request) -> Response:
        """Give it a new password, and show it."""
        account = await self._asked_for(request)
        try:
            password = await self._accounts.set_password(
                account.member.id, by=signed_in(request).id
            )
        except (AccountRefused, SignInRefused) as refused:
            return await self._one(request, account, "access", refused)
        return await self._one(request, await self._found(account.member.id), password=password)

    async def disable(self, request: Request) -> Response:
        """Let nobody sign in with it."""
        account = await self._asked_for(request)
        try:
            await self._accounts.disable(account.member.id, by=signed_in(request).id)
        except AccountRefused as refused:
            return await self._one(request, account, "access", refused)
        words = self._view.words(request)
        return self._back(request, account, words.gettext("The account is disabled."))

    async def enable(self, request: Request) -> Response:
        """Let it be used again."""
        account = await self._asked_for(request)
        await self._accounts.enable(account.member.id, by=signed_in(request).id)
        words = self._view.words(request)
        return self._back(request, account, words.gettext("The account can be used again."))

    async def end_sessions(self, request: Request) -> Response:
        """Sign it out everywhere."""
        account = await self._asked_for(request)
        ended = await self._accounts.end_sessions(account.member.id, by=signed_in(request).id)
        words = self._view.words(request)
        said = words.ngettext(
            "%(count)d session is ended.", "%(count)d sessions are ended.", ended
        ) % {"count": ended}
        return self._back(request, account, said)

    async def unlink(self, request: Request) -> Response:
        """Forget who it is elsewhere."""
        account = await self._asked_for(request)
        await self._accounts.unlink(account.member.id, by=signed_in(request).id)
        words = self._view.words(request)
        return self._back(request, account, words.gettext("The link is removed."))

    async def _list(
        self,
        request: Request,
        typed: _Typed | None = None,
        refused: AccountRefused | SignInRefused | None = None,
    ) -> Response:
        return self._view.render(
            request,
            "admin_accounts.html",
            200 if refused is None else 422,
            accounts=await self._accounts.all(),
            typed=typed or _Typed(FormData()),
            **self._choices(),
            **self._fault(request, "add", refused),
        )

    async def _one(
        self,
        request: Request,
        account: Account,
        where: str = "",
        refused: AccountRefused | SignInRefused | None = None,
        *,
        password: str | None = None,
        new: bool = False,
    ) -> Response:
        return self._view.render(
            request,
            "admin_account.html",
            200 if refused is None else 422,
            account=account,
            member=account.member,
            sessions=await self._sessions.of(account.member.id),
            password=password,
            new=new,
            **self._choices(),
            **self._fault(request, where, refused),
        )

    def _choices(self) -> dict[str, object]:
        return {
            "roles": [(role, ROLES[role], DUTIES[role]) for role in Role],
            "role_names": ROLES,
            "languages": LANGUAGES,
            "most": MOST_CAPACITY,
        }

    def _fault(
        self, request: Request, where: str, refused: AccountRefused | SignInRefused | None
    ) -> dict[str, object]:
        words = self._view.words(request)
        fault = None if refused is None else account_fault(words, refused.reason)
        return {"fault": fault, "faulty": where}

    def _back(self, request: Request, account: Account, said: str) -> Response:
        to = self._view.url(request, "admin_account", account=account.member.id)
        return self._view.redirect(request, to, flash=said)

    async def _asked_for(self, request: Request) -> Account:
        return await self._found(request.path_params["account"])

    async def _found(self, staff_id: str) -> Account:
        account = await self._accounts.find(staff_id)
        if account is None:
            raise HTTPException(404, "There is no such account.")
        return account


class _Typed:
    """What was typed into the form of an account."""

    def __init__(self, form: FormData) -> None:
        self.login = text_of(form, "login")
        self.name = text_of(form, "name")
        self.language = text_of(form, "language") or "en"
        chosen = {str(value) for value in form.getlist("role")}
        self.roles = frozenset(role for role in Role if role.value in chosen)
        capacity = text_of(form, "capacity") or "5"
        # What is no number is out of range: the account's own check says so.
        is_number = capacity.isascii() and capacity.isdecimal() and len(capacity) < 6
        self.capacity = int(capacity) if is_number else 0
