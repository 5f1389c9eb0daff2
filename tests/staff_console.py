"""The console's pages about staff behind a real server, and a browser's part in talking to it."""

from __future__ import annotations

import contextlib
import functools
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.app.edge import EdgeLimits
from bot.app.http import build_app
from bot.console.administration import StaffParts, staff_pages
from bot.console.assets import Assets
from bot.console.guard import ConsoleGuard
from bot.console.home import home_pages
from bot.console.oidc import OpenIdProvider
from bot.console.pages import ANYBODY, Page, mount
from bot.console.session_cookie import SessionCookie
from bot.console.view import View, signed_in
from bot.console.words import load_words
from bot.handoff.canned import CannedAnswers
from bot.handoff.teams import Teams
from bot.observability.metrics import HttpMetrics, new_registry
from tests.serving import serving
from tests.staff import PASSWORD, Staff

_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


@dataclass
class StaffConsole:
    """What is served; `page_names` are all pages there are."""

    url: str
    staff: Staff
    pages: list[Page]

    @contextlib.asynccontextmanager
    async def browser(self, **headers: str) -> AsyncIterator[StaffBrowser]:
        """One that keeps cookies, and follows no redirects by itself."""
        async with httpx.AsyncClient(
            base_url=self.url, trust_env=False, timeout=20, headers=headers
        ) as client:
            yield StaffBrowser(client)


class StaffBrowser:
    """Sends forms as a browser does: with the token of the page that they stand on."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.csrf = ""

    async def get(self, path: str, **headers: str) -> httpx.Response:
        """A page; its token is kept."""
        response = await self.client.get(path, headers=_dashed(headers))
        if found := _TOKEN.search(response.text):
            self.csrf = found[1]
        return response

    async def post(
        self, path: str, fields: Mapping[str, Any] | None = None, **headers: str
    ) -> httpx.Response:
        """A form of the page that was got last."""
        data = {"csrf_token": self.csrf, **(fields or {})}
        return await self.client.post(path, data=data, headers=_dashed(headers))

    async def sign_in(self, login: str, password: str = PASSWORD) -> httpx.Response:
        """By the form; then the token is there as well."""
        response = await self.client.post(
            "/console/sign-in", data={"login": login, "password": password}
        )
        if response.status_code == 303:
            await self.get("/console/account")
        return response


@contextlib.asynccontextmanager
async def staff_console(
    staff: Staff, *, public_url: str | None = None, provider: OpenIdProvider | None = None
) -> AsyncIterator[StaffConsole]:
    """Served on a free port while the block lasts."""
    assets, view = _view()
    cookie = SessionCookie(public_url)
    parts = StaffParts(
        accounts=staff.accounts,
        sessions=staff.sessions,
        sign_in=staff.sign_in,
        throttle=staff.throttle,
        audit=staff.audit,
        teams=Teams(staff.database, clock=staff.clock),
        canned=CannedAnswers(staff.database, clock=staff.clock),
        provider=provider,
    )
    pages = [*assets.pages(), *staff_pages(parts, view, cookie), _presence()]
    pages += home_pages(pages)
    view.link(pages)
    app = build_app(
        mount(pages, ConsoleGuard(staff.sessions, cookie, view, public_url)),
        HttpMetrics(new_registry()),
        EdgeLimits(body_bytes=65_536),
    )
    async with serving(app) as port:
        yield StaffConsole(f"http://127.0.0.1:{port}", staff, pages)


@functools.cache
def _view() -> tuple[Assets, View]:
    # Shared, since its templates are compiled at their first use.
    assets = Assets()
    return assets, View(words=load_words(), assets=assets, time_zone="Europe/Oslo")


def _presence() -> Page:
    """The shell has a switch that another part of the console serves."""

    async def presence(request: Request) -> Response:
        return JSONResponse({"presence": signed_in(request).presence.value})

    return Page("/presence", "presence", presence, ANYBODY, "POST")


def _dashed(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
