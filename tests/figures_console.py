"""The figures' pages behind a real server and the real guard, over a database with months in it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timezone

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.app.edge import EdgeLimits
from bot.app.http import build_app
from bot.console.administration import StaffParts, staff_pages
from bot.console.assets import Assets
from bot.console.figures import FiguresPages
from bot.console.guard import ConsoleGuard
from bot.console.home import home_pages
from bot.console.pages import ANYBODY, Page, mount
from bot.console.session_cookie import SessionCookie
from bot.console.view import View, signed_in
from bot.console.words import load_words
from bot.handoff.canned import CannedAnswers
from bot.handoff.teams import Teams
from bot.observability.metrics import HttpMetrics, new_registry
from bot.reporting.reports import Reports
from tests.serving import serving
from tests.staff import Staff

NOW = datetime(2026, 11, 24, 22, 40, tzinfo=timezone.utc)


@contextlib.asynccontextmanager
async def figures_console(staff: Staff) -> AsyncIterator[str]:
    """Its address while the block lasts."""
    assets = Assets()
    view = View(words=load_words(), assets=assets, time_zone="Europe/Oslo")
    cookie = SessionCookie(None)
    reports = Reports(staff.database, episode_minutes=30, clock=lambda: NOW)
    figures = FiguresPages(view, reports, time_zone="Europe/Oslo", clock=NOW.astimezone)
    pages = [*assets.pages(), *_of_staff(staff, view, cookie), *figures.pages(), _presence()]
    pages += home_pages(pages)
    view.link(pages)
    app = build_app(
        mount(pages, ConsoleGuard(staff.sessions, cookie, view, None)),
        HttpMetrics(new_registry()),
        EdgeLimits(body_bytes=65_536),
    )
    async with serving(app) as port:
        yield f"http://127.0.0.1:{port}"


def _of_staff(staff: Staff, view: View, cookie: SessionCookie) -> Sequence[Page]:
    parts = StaffParts(
        accounts=staff.accounts,
        sessions=staff.sessions,
        sign_in=staff.sign_in,
        throttle=staff.throttle,
        audit=staff.audit,
        teams=Teams(staff.database),
        canned=CannedAnswers(staff.database),
        provider=None,
    )
    return staff_pages(parts, view, cookie)


def _presence() -> Page:
    async def presence(request: Request) -> Response:
        return JSONResponse({"presence": signed_in(request).presence.value})

    return Page("/presence", "presence", presence, ANYBODY, "POST")
