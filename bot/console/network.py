"""Where a request comes from, and over what."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from starlette.requests import Request


def client_address(request: Request) -> str:
    """The network address of the browser: the peer's, unless the peer is a proxy on this machine,
    which says in X-Forwarded-For whom it heard. The last entry is the proxy's own; what stands
    before it was sent by the browser and may be anything.
    """
    if _is_local_peer(request):
        heard = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
        if heard:
            return heard[:64]
    return request.client.host if request.client is not None else "local"


def is_secure(request: Request, public_url: str | None) -> bool:
    """Whether the browser came by https: to us, to a proxy on this machine that says so, or to the
    host that PUBLIC_URL names with https, wherever its proxy is.
    """
    if request.url.scheme == "https":
        return True
    forwarded = request.headers.get("x-forwarded-proto", "").rpartition(",")[2].strip().lower()
    if _is_local_peer(request) and forwarded:
        return forwarded == "https"
    public = urlsplit(public_url or "")
    return public.scheme == "https" and public.netloc.lower() == _host(request)


def is_foreign(request: Request, public_url: str | None) -> bool:
    """Whether another site's page made the browser send it.

    By Sec-Fetch-Site and Origin, which all current browsers send and no page can change. What sends
    neither is no browser, and no other site can use its cookies.
    """
    if request.headers.get("sec-fetch-site", "none") not in {"same-origin", "none"}:
        return True
    origin = request.headers.get("origin")
    if origin is None:
        return False
    try:
        parts = urlsplit(origin.lower())
    except ValueError:
        return True
    if is_secure(request, public_url) and parts.scheme != "https":
        return True
    own = {_host(request), urlsplit(public_url or "").netloc.lower()}
    return not parts.netloc or parts.netloc not in own


def local_path(path: str | None) -> str | None:
    """`path` where it is one of the console's own, to go on to after a sign-in; else None.

    Only what every browser reads as a path of this host: no scheme, no second slash or backslash
    at its beginning, no control characters.
    """
    if path is None or len(path) > 2_000 or not path.isprintable() or "\\" in path:
        return None
    parts = urlsplit(path)
    if parts.scheme or parts.netloc or ".." in parts.path:
        return None
    own = parts.path == "/console" or parts.path.startswith("/console/")
    return path if own and not parts.path.startswith("/console/sign-") else None


def _is_local_peer(request: Request) -> bool:
    if request.client is None:
        # A Unix socket's.
        return True
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def _host(request: Request) -> str:
    return request.headers.get("host", "").lower()
