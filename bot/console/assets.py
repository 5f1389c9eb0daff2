"""The console's own files: read once, under an address that changes with them, so kept for good."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.abc import Traversable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from bot.console.pages import Page

_FOR_GOOD = "public, max-age=31536000, immutable"
_TEXT = frozenset({".css", ".js", ".svg", ".txt"})


@dataclass(frozen=True)
class _File:
    body: bytes
    packed: bytes | None
    media_type: str


class Assets:
    """All files under `static`, at `/console/static/<digest of them all>/<path>`.

    The digest is part of the path and not of each name, so that a script can import its neighbour.
    """

    def __init__(self) -> None:
        self._files = dict(_read(resources.files(__package__).joinpath("static"), ""))
        whole = hashlib.sha256()
        for path, file in sorted(self._files.items()):
            whole.update(path.encode() + b"\0" + file.body)
        self._digest = whole.hexdigest()[:16]

    def url(self, path: str) -> str:
        """The address of a file. Raises KeyError for one that is not there."""
        if path not in self._files:
            raise KeyError(f"no such file under bot/console/static: {path}")
        return f"/console/static/{self._digest}/{path}"

    def pages(self) -> tuple[Page]:
        """The route that serves them, to everybody: the sign-in page needs them too."""
        return (Page("/static/{digest}/{path:path}", "static", self._serve, roles=None),)

    async def _serve(self, request: Request) -> Response:
        file = self._files.get(request.path_params["path"])
        if file is None:
            return PlainTextResponse("There is no such file.", status_code=404)
        # A page of another version asks for its own digest: it gets what there is, but does not
        # keep it.
        current = request.path_params["digest"] == self._digest
        headers = {
            "Cache-Control": _FOR_GOOD if current else "no-cache",
            "X-Content-Type-Options": "nosniff",
        }
        if file.packed is None:
            return Response(file.body, media_type=file.media_type, headers=headers)
        headers["Vary"] = "Accept-Encoding"
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return Response(file.body, media_type=file.media_type, headers=headers)
        headers["Content-Encoding"] = "gzip"
        return Response(file.packed, media_type=file.media_type, headers=headers)


def _read(folder: Traversable, above: str) -> Iterator[tuple[str, _File]]:
    for entry in folder.iterdir():
        path = f"{above}{entry.name}"
        if entry.is_dir():
            yield from _read(entry, f"{path}/")
            continue
        body = entry.read_bytes()
        suffix = f".{entry.name.rpartition('.')[2]}"
        packed = gzip.compress(body, mtime=0) if suffix in _TEXT else None
        yield path, _File(body, packed, _media_type(entry.name))


_MEDIA_TYPES: Mapping[str, str] = {".js": "text/javascript", ".css": "text/css"}


def _media_type(name: str) -> str:
    suffix = f".{name.rpartition('.')[2]}"
    # What a system has registered for .js may be refused by browsers as a module's type.
    return _MEDIA_TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
