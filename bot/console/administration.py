"""The pages about staff themselves: signing in, accounts, teams, canned answers, the audit log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.console.account import AccountPages
from bot.console.accounts import AccountsAdmin
from bot.console.audit_log import AuditLog
from bot.console.canned_admin import CannedAdmin
from bot.console.oidc import OidcPages, OpenIdProvider
from bot.console.pages import Page
from bot.console.session_cookie import SessionCookie
from bot.console.sign_in import SignInPages
from bot.console.teams_admin import TeamsAdmin
from bot.console.view import View
from bot.handoff.canned import CannedAnswers
from bot.handoff.teams import Teams
from bot.staff.accounts import Accounts
from bot.staff.audit import Audit
from bot.staff.sessions import StaffSessions
from bot.staff.sign_in import SignIn
from bot.staff.throttle import SignInThrottle


class _Group(Protocol):
    def pages(self) -> Sequence[Page]: ...


@dataclass(frozen=True)
class StaffParts:
    """What these pages are made of. `provider` is None where staff sign in by password alone;
    `time_zone` is what a new team begins with.
    """

    accounts: Accounts
    sessions: StaffSessions
    sign_in: SignIn
    throttle: SignInThrottle
    audit: Audit
    teams: Teams
    canned: CannedAnswers
    provider: OpenIdProvider | None = None
    time_zone: str = "Europe/Oslo"


def staff_pages(parts: StaffParts, view: View, cookie: SessionCookie) -> Sequence[Page]:
    """All of them but `/console` itself, which `bot.console.home` makes of all pages."""
    provider = parts.provider
    sign_in = SignInPages(
        parts.sign_in,
        parts.sessions,
        cookie,
        view,
        provider=None if provider is None else provider.name,
    )
    groups: list[_Group] = [
        sign_in,
        *([] if provider is None else [OidcPages(provider, parts.sign_in, sign_in)]),
        AccountPages(parts.accounts, parts.sessions, parts.throttle, view),
        AccountsAdmin(parts.accounts, parts.sessions, view),
        TeamsAdmin(parts.teams, parts.accounts, parts.audit, view, time_zone=parts.time_zone),
        CannedAdmin(parts.canned, parts.audit, view),
        AuditLog(parts.audit, parts.accounts, view),
    ]
    return [page for group in groups for page in group.pages()]
