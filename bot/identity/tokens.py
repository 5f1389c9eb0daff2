"""Signed tokens by which a site says who its signed-in user is."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Any

import jwt

from bot.errors import InvalidMessage

_LONGEST_TOKEN = 4_096
_LONGEST_SUBJECT = 255
_LONGEST = {"name": 255, "email": 320}
# Two machines' clocks are never quite together.
_LEEWAY_SECONDS = 30
# Goes before a user's id, so that no such signature is ever a JWT's with the same secret, nor the
# other way round: a site where people choose their own ids would sign JWTs of their making.
_PURPOSE = "flerkanal:"


@dataclass(frozen=True)
class SiteUser:
    """A site's own user. `subject` is the site's name for them."""

    subject: str
    name: str | None = None
    email: str | None = None


class IdentityTokens:
    """Checks tokens of both kinds: see `docs/one-person.md`.

    `secret` is shared with the site; with `audience` or `issuer` a JWT has to name them.
    """

    def __init__(
        self, secret: str, *, audience: str | None = None, issuer: str | None = None
    ) -> None:
        self._secret = secret
        self._audience = audience
        self._issuer = issuer

    def user(self, token: str) -> SiteUser:
        """Who the token names. Raises InvalidMessage (`bad_identity`) and tells nobody why."""
        if len(token) > _LONGEST_TOKEN or not token.isprintable():
            raise refused()
        subject, separator, signature = token.rpartition(":")
        # A JWT holds no colon.
        user = self._by_signature(subject, signature) if separator else self._by_jwt(token)
        if not 0 < len(user.subject) <= _LONGEST_SUBJECT or not user.subject.isprintable():
            raise refused()
        return user

    def _by_signature(self, subject: str, signature: str) -> SiteUser:
        expected = hmac.new(
            self._secret.encode(), f"{_PURPOSE}{subject}".encode(), hashlib.sha256
        ).hexdigest()
        if not hmac.compare_digest(expected.encode(), signature.lower().encode()):
            raise refused()
        return SiteUser(subject)

    def _by_jwt(self, token: str) -> SiteUser:
        try:
            claims = jwt.decode(
                token,
                self._secret,
                # Never the algorithm that the token itself asks for.
                algorithms=["HS256"],
                audience=self._audience,
                issuer=self._issuer,
                leeway=_LEEWAY_SECONDS,
                options={"require": ["exp", "sub"], "verify_aud": self._audience is not None},
            )
        except jwt.InvalidTokenError as error:
            raise refused() from error
        return SiteUser(claims["sub"], name=_detail(claims, "name"), email=_detail(claims, "email"))


def refused() -> InvalidMessage:
    """The same for every reason: who forges tokens learns nothing from it."""
    return InvalidMessage(
        "bad_identity", "The identity token is not valid: hand in a new one, signed by the site."
    )


def _detail(claims: dict[str, Any], name: str) -> str | None:
    """A claim that only helps staff: what is no readable text is left out."""
    value = claims.get(name)
    if not isinstance(value, str) or not value.strip().isprintable():
        return None
    return value.strip()[: _LONGEST[name]] or None
