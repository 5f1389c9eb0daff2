"""Turns templates into answers: in the reader's language, everything escaped, with the shell."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, unquote, urlencode, urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Router

from bot.console.assets import Assets
from bot.console.dates import Dates
from bot.console.markup import Parser, SmallMarkup, linked, safe_url
from bot.console.navigation import Navigation
from bot.console.pages import Page
from bot.console.titles import CAUSES, ENDS, channel_title, customer_title, language_title
from bot.console.words import SOURCE_LANGUAGE, Words
from bot.model.languages import known_language
from bot.model.staff import StaffMember

_FLASH = "console_flash"
_FLASH_CHARS = 1_000


class View:
    """Renders the console's templates (`bot/console/templates`, Jinja2, all of it autoescaped).

    Every template knows `staff` (None before sign-in), `csrf`, `language`, `here` (the page's name),
    `path`, `flash`, `navigation`, the functions `url(name, **path and query)`, `asset(path)`, `_` and
    `ngettext`, and the filters of `bot.console.dates`. Texts of customers go through the filter
    `linked`, those of the bot and of staff through `rich`, whose markup `markup` reads (without it
    they are plain words). Call `link` once, with all pages.
    """

    def __init__(
        self,
        *,
        words: Mapping[str, Words],
        assets: Assets,
        time_zone: str,
        markup: Parser | None = None,
    ) -> None:
        self._words = words
        self._assets = assets
        self._navigation = Navigation(())
        self._environments = {
            language: _environment(language, known, assets, time_zone, markup)
            for language, known in words.items()
        }

    def link(self, pages: Iterable[Page]) -> None:
        """Let the navigation lead to these pages."""
        self._navigation = Navigation(pages)

    def language(self, request: Request) -> str:
        """The language of whoever is signed in, else the one that the browser likes best."""
        staff = staff_of(request)
        if staff is not None and staff.language in self._words:
            return staff.language
        for part in request.headers.get("accept-language", "").split(","):
            language = known_language(part.strip().partition(";")[0])
            if language is not None and language in self._words:
                return language
        return SOURCE_LANGUAGE

    def words(self, request: Request) -> Words:
        """For texts that are no template's, such as flash messages: `words(request).gettext(...)`."""
        return self._words[self.language(request)]

    def render(
        self, request: Request, template: str, status_code: int = 200, **context: Any
    ) -> Response:
        """The page. A message that an earlier answer left for it (`redirect`) is shown once."""
        flash = _read_flash(request)
        response = HTMLResponse(
            self._shell(request, template, {"flash": flash, **context}), status_code
        )
        response.headers["Content-Language"] = self.language(request)
        if flash is not None:
            response.delete_cookie(_FLASH, path="/console")
        return response

    def fragment(self, language: str, template: str, **context: Any) -> str:
        """A part of a page, outside of a request, for what is pushed to browsers: it can't use `url`
        and what else belongs to a request.
        """
        return self._environments[language].get_template(template).render(context)

    def redirect(
        self, request: Request, to: str, *, flash: str | None = None, kind: str = "done"
    ) -> Response:
        """On to the address `to` (303), or by HX-Location where htmx asks; there `flash`, in the
        reader's language already, is shown once. `kind` is `done`, `told` or `refused`.
        """
        response: Response
        if request.headers.get("hx-request") == "true":
            response = Response(status_code=204, headers={"HX-Redirect": to})
        else:
            response = RedirectResponse(to, status_code=303)
        if flash is not None:
            response.set_cookie(
                _FLASH,
                quote(json.dumps([kind, flash[:_FLASH_CHARS]])),
                max_age=60,
                path="/console",
                httponly=True,
                samesite="lax",
                secure=request.url.scheme == "https",
            )
        return response

    def url(self, request: Request, name: str, **parts: Any) -> str:
        """A page's path; what is no part of it becomes the query."""
        address: str = _url_of(request.app.router)(name, **parts)
        return address

    def came_from(self, request: Request) -> str:
        """The page of the console that a form was sent from, else the console's first one."""
        try:
            parts = urlsplit(request.headers.get("referer", ""))
        except ValueError:
            return self.url(request, "console")
        if not parts.path.startswith("/console/"):
            return self.url(request, "console")
        return f"{parts.path}?{parts.query}" if parts.query else parts.path

    def _shell(self, request: Request, template: str, context: Mapping[str, Any]) -> str:
        staff = staff_of(request)
        environment = self._environments[self.language(request)]
        route = request.scope.get("route")
        return environment.get_template(template).render(
            {
                "request": request,
                "staff": staff,
                "csrf": getattr(request.state, "csrf", ""),
                "here": getattr(route, "name", ""),
                "path": request.url.path,
                "navigation": () if staff is None else self._navigation.of(staff),
                "url": _url_of(request.app.router),
                **context,
            }
        )


def staff_of(request: Request) -> StaffMember | None:
    """Whoever is signed in, as the guard found them."""
    staff: StaffMember | None = getattr(request.state, "staff", None)
    return staff


def signed_in(request: Request) -> StaffMember:
    """Whoever is signed in, on a page that nobody else may open."""
    staff = staff_of(request)
    assert staff is not None
    return staff


def _environment(
    language: str, words: Words, assets: Assets, time_zone: str, markup: Parser | None
) -> Environment:
    environment = Environment(
        loader=PackageLoader("bot.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        words.gettext, words.ngettext, newstyle=True
    )
    environment.globals.update(asset=assets.url, language=language)
    environment.filters.update(Dates(language, time_zone, words).filters)
    environment.filters.update(
        linked=linked,
        rich=linked if markup is None else SmallMarkup(markup),
        safe_url=safe_url,
        channel_title=lambda channel: words.gettext(channel_title(channel)),
        language_title=lambda code: language_title(code, language),
        cause_title=lambda cause: words.gettext(CAUSES.get(cause, cause)),
        end_title=lambda ended: words.gettext(ENDS.get(ended, ended)),
        customer_title=lambda row: customer_title(words, row.customer, row.handoff.conversation_id),
    )
    return environment


def _url_of(router: Router) -> Any:
    def url(name: str, **parts: Any) -> str:
        route = next((one for one in router.routes if getattr(one, "name", None) == name), None)
        wanted = set(getattr(route, "param_convertors", ()))
        path = {key: value for key, value in parts.items() if key in wanted}
        query = {key: value for key, value in parts.items() if key not in wanted}
        given = {key: value for key, value in query.items() if value is not None}
        address = str(router.url_path_for(name, **path))
        return f"{address}?{urlencode(given)}" if given else address

    return url


def _read_flash(request: Request) -> tuple[str, str] | None:
    raw = request.cookies.get(_FLASH)
    if raw is None:
        return None
    try:
        kind, text = json.loads(unquote(raw))
    except (ValueError, TypeError):
        return None
    if kind not in {"done", "told", "refused"} or not isinstance(text, str):
        return None
    return kind, text[:_FLASH_CHARS]
