"""The cookie that holds a session's token."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from bot.console.network import is_secure

_PLAIN = "flerkanal_staff"
# Browsers take a cookie of this name from https alone, from this very host, for all of its paths:
# whoever has another host of the domain can't plant one.
_SECURE = f"__Host-{_PLAIN}"


class SessionCookie:
    """Hidden from scripts, not sent along when another site's page posts a form here.

    Over https it is `__Host-flerkanal_staff`, Secure, with the path `/`, as that prefix demands.
    Over plain http, which is for a trial on one machine, it is `flerkanal_staff` with the path
    `/console`; over https that one is never read.
    """

    def __init__(self, public_url: str | None) -> None:
        self._public_url = public_url

    def read(self, request: Request) -> str | None:
        """The token."""
        return request.cookies.get(self._name(request))

    def write(self, request: Request, response: Response, token: str, seconds: int) -> None:
        """Have the browser keep the token."""
        secure = is_secure(request, self._public_url)
        response.set_cookie(
            self._name(request),
            token,
            max_age=seconds,
            path="/" if secure else "/console",
            secure=secure,
            httponly=True,
            samesite="lax",
        )

    def clear(self, request: Request, response: Response) -> None:
        """Have the browser forget it."""
        secure = is_secure(request, self._public_url)
        response.delete_cookie(
            self._name(request),
            path="/" if secure else "/console",
            secure=secure,
            httponly=True,
            samesite="lax",
        )

    def _name(self, request: Request) -> str:
        return _SECURE if is_secure(request, self._public_url) else _PLAIN
