"""The audit log, for administrators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.requests import Request
from starlette.responses import Response

from bot.console.pages import ADMINISTRATORS, Page
from bot.console.view import View
from bot.console.words import mark
from bot.staff.accounts import Accounts
from bot.staff.audit import Audit

_A_PAGE = 50

# By what an action's name begins with.
KINDS: Mapping[str, str] = {
    "sign_": mark("Signing in and out"),
    "account.": mark("Accounts"),
    "team.": mark("Teams"),
    "canned.": mark("Canned answers"),
    "conversation.": mark("Conversations"),
}
# Those of other parts of the console are shown by their names.
ACTIONS: Mapping[str, str] = {
    "sign_in": mark("Signed in"),
    "sign_in.failed": mark("Sign-in failed"),
    "sign_out": mark("Signed out"),
    "account.add": mark("Account added"),
    "account.change": mark("Account changed"),
    "account.disable": mark("Account disabled"),
    "account.enable": mark("Account enabled"),
    "account.password": mark("New password"),
    "account.sessions_ended": mark("Sessions ended"),
    "account.link": mark("Account linked to a sign-in elsewhere"),
    "account.unlink": mark("Link to a sign-in elsewhere removed"),
    "team.add": mark("Team added"),
    "team.change": mark("Team changed"),
    "team.archive": mark("Team taken out of use"),
    "canned.add": mark("Canned answer added"),
    "canned.change": mark("Canned answer changed"),
    "canned.delete": mark("Canned answer deleted"),
    "conversation.read": mark("Conversation of others read"),
}


class AuditLog:
    """A list, the newest first."""

    def __init__(self, audit: Audit, accounts: Accounts, view: View) -> None:
        self._audit = audit
        self._accounts = accounts
        self._view = view

    def pages(self) -> Sequence[Page]:
        """The list."""
        return [Page("/admin/audit", "admin_audit", self.list, ADMINISTRATORS)]

    async def list(self, request: Request) -> Response:
        """A page of it."""
        asked = request.query_params
        before = asked.get("before", "")
        kind = asked.get("kind", "")
        who = asked.get("who", "")
        entries = await self._audit.entries(
            before=int(before)
            if before.isascii() and before.isdecimal() and len(before) < 10
            else None,
            action=kind if kind in KINDS else None,
            staff_id=who.replace("\x00", "") or None,
            limit=_A_PAGE + 1,
        )
        shown = entries[:_A_PAGE]
        return self._view.render(
            request,
            "admin_audit.html",
            entries=shown,
            older=shown[-1].id if len(entries) > _A_PAGE else None,
            kinds=KINDS,
            actions=ACTIONS,
            kind=kind,
            who=who,
            people=[account.member for account in await self._accounts.all()],
        )
