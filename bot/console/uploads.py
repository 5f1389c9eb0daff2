"""Files that staff send: what may be sent, and where customers fetch them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.console.words import mark
from bot.errors import InvalidMessage
from bot.handoff.keeping import Uploads

MOST_BYTES = 5 * 1024 * 1024
_LONGEST_NAME = 100
_ZIP = b"PK\x03\x04"


def _begins(*signs: bytes) -> Callable[[bytes], bool]:
    return lambda content: content.startswith(signs)


def _is_webp(content: bytes) -> bool:
    return content.startswith(b"RIFF") and content[8:12] == b"WEBP"


def _is_text(content: bytes) -> bool:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return not any(unicodedata.category(c) == "Cc" and c not in "\t\r\n\f" for c in text[:65_536])


# By the end of the name: the media type that it is served as, and whether the content is that. What
# a browser would run, such as HTML and SVG, is none of them.
_TYPES: Mapping[str, tuple[str, Callable[[bytes], bool]]] = {
    "png": ("image/png", _begins(b"\x89PNG\r\n\x1a\n")),
    "jpg": ("image/jpeg", _begins(b"\xff\xd8\xff")),
    "jpeg": ("image/jpeg", _begins(b"\xff\xd8\xff")),
    "gif": ("image/gif", _begins(b"GIF87a", b"GIF89a")),
    "webp": ("image/webp", _is_webp),
    "pdf": ("application/pdf", _begins(b"%PDF-")),
    "txt": ("text/plain; charset=utf-8", _is_text),
    "csv": ("text/csv; charset=utf-8", _is_text),
    "docx": (
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        _begins(_ZIP),
    ),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", _begins(_ZIP)),
    "odt": ("application/vnd.oasis.opendocument.text", _begins(_ZIP)),
    "ods": ("application/vnd.oasis.opendocument.spreadsheet", _begins(_ZIP)),
}

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    # A file under a token never changes, and proxies are not to keep it.
    "Cache-Control": "private, max-age=86400, immutable",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}


def accepted() -> str:
    """What a file field takes, for its `accept`."""
    return ",".join(f".{end}" for end in _TYPES)


def checked_name(name: str) -> str:
    """A file's name alone, readable and short."""
    last = re.split(r"[\\/]", unicodedata.normalize("NFC", name))[-1]
    readable = " ".join("".join(c for c in last if c.isprintable()).split())
    stem, dot, end = readable.rpartition(".")
    return f"{stem[: _LONGEST_NAME - len(end) - 1]}{dot}{end}" if stem else readable[:_LONGEST_NAME]


def checked_type(name: str, content: bytes) -> str:
    """The media type to serve it as. Raises InvalidMessage for what may not be sent."""
    if not content:
        raise InvalidMessage("empty_file", mark("The file is empty."), 422)
    if len(content) > MOST_BYTES:
        raise InvalidMessage("file_too_large", mark("The file is too large: 5 MB at most."), 413)
    stem, _, end = name.lower().rpartition(".")
    if not stem or end not in _TYPES:
        raise InvalidMessage(
            "bad_file",
            mark("Send a picture, a PDF, a text file, a spreadsheet or a document."),
            422,
        )
    media_type, is_that = _TYPES[end]
    if not is_that(content):
        raise InvalidMessage(
            "bad_file", mark("The file is not of the kind that its name says."), 422
        )
    return media_type


def path_of(token: str, name: str) -> str:
    """Where a file is fetched."""
    return f"/files/{token}/{quote(name, safe='')}"


class FileRoutes:
    """Serves them to who has the address, signed in or not, for saving and never for showing."""

    def __init__(self, uploads: Uploads) -> None:
        self._uploads = uploads

    def routes(self) -> tuple[Route]:
        """The one route."""
        return (Route("/files/{token}/{name}", self._serve, methods=["GET"], name="file"),)

    async def _serve(self, request: Request) -> Response:
        found = await self._uploads.find(request.path_params["token"])
        if found is None or found.name != request.path_params["name"]:
            return PlainTextResponse("There is no such file.", 404, headers=_HEADERS)
        disposition = f"attachment; filename*=UTF-8''{quote(found.name, safe='')}"
        headers = {**_HEADERS, "Content-Disposition": disposition}
        response = Response(found.content, headers=headers)
        response.headers["Content-Type"] = found.media_type
        return response
