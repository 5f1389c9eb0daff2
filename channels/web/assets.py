"""The channel's own files, read once: sent compressed, and only to who does not have them."""

from __future__ import annotations

import gzip
import hashlib
import json
from importlib import resources

from jinja2 import Environment, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response

from bot.model.languages import known_language

LANGUAGES = ("nb", "en")


# The page loads nothing from elsewhere and can't be framed; Trusted Types prove that neither it
# nor the widget makes elements out of text.
_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https: data:;"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none';"
    " require-trusted-types-for 'script'; trusted-types 'none'"
)
_PAGE_HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": _PAGE_POLICY,
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Vary": "Accept-Language, Accept-Encoding",
}
# Any site may load the widget; five minutes is how long a new version may take to arrive.
_WIDGET_HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Cache-Control": "public, max-age=300, stale-while-revalidate=86400",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Vary": "Accept-Encoding",
}
_OWN_HEADERS = {"Cache-Control": "no-cache", "Vary": "Accept-Encoding"}


# The widget's parts, in the order in which one builds on the other.
_WIDGET_PARTS = (
    "start",
    "words",
    "elements",
    "markup",
    "colour",
    "store",
    "connection",
    "asks",
    "contents",
    "person",
    "thread",
    "linking",
    "menu",
    "news",
    "chat",
)


class Asset:
    """A file in memory, with its ETag."""

    def __init__(self, body: str, media_type: str, headers: dict[str, str]) -> None:
        self._body = body.encode()
        self._packed = gzip.compress(self._body, mtime=0)
        # Weak, since the compressed bytes carry the same one.
        self._etag = f'W/"{hashlib.sha256(self._body).hexdigest()[:24]}"'
        self._media_type = media_type
        self._headers = {**headers, "ETag": self._etag, "X-Content-Type-Options": "nosniff"}

    def respond(self, request: Request) -> Response:
        """200 with the file, or 304 where the client has it."""
        known = request.headers.get("if-none-match", "")
        if self._etag in {tag.strip() for tag in known.split(",")}:
            return Response(status_code=304, headers=self._headers)
        headers, body = dict(self._headers), self._body
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            body = self._packed
        return Response(body, media_type=self._media_type, headers=headers)


class Assets:
    """All of them. Raises FileNotFoundError where the package was not installed whole."""

    def __init__(self) -> None:
        script = "text/javascript"
        self.widget = Asset(_widget(), script, _WIDGET_HEADERS)
        self.demo_script = Asset(_read("demo.js"), script, _OWN_HEADERS)
        self.demo_style = Asset(_read("demo.css"), "text/css", _OWN_HEADERS)
        self._pages = _pages()

    def page(self, request: Request) -> Asset:
        """The demo page in the language of `?lang=`, else in the one the browser likes best."""
        asked = request.query_params.get("lang")
        language = asked if asked in LANGUAGES else _preferred(request)
        return self._pages[language]


def _preferred(request: Request) -> str:
    # Browsers list languages by preference, so that the weights need not be read.
    for part in request.headers.get("accept-language", "").lower().split(","):
        language = known_language(part.strip().split(";")[0])
        if language is not None:
            return language
    return LANGUAGES[0]


def _widget() -> str:
    """One script out of all parts, so that a single tag is all that a site needs."""
    parts = [_read(f"widget/{name}.js") for name in _WIDGET_PARTS]
    style = f"const CSS = {json.dumps(_read('widget/widget.css'), ensure_ascii=False)};\n"
    return "\n".join(["(() => {", '"use strict";', parts[0], style, *parts[1:], "})();\n"])


def _pages() -> dict[str, Asset]:
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(_read("demo.html"))
    texts = {language: json.loads(_read(f"demo.{language}.json")) for language in LANGUAGES}
    # The widget has a language switch of its own, so it is given its words in all of them.
    chat = {language: texts[language]["chat"] for language in LANGUAGES}
    return {
        language: Asset(
            template.render(lang=language, t=texts[language], chat=chat),
            "text/html",
            {**_PAGE_HEADERS, "Content-Language": language},
        )
        for language in LANGUAGES
    }


def _read(name: str) -> str:
    return resources.files(__package__).joinpath(f"static/{name}").read_text("utf-8")
