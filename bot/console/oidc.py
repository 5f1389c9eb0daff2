"""Signing in elsewhere, by OpenID Connect: authorization code with PKCE, by Authlib."""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import httpx
import jwt
import structlog
from joserfc.errors import JoseError
from starlette.requests import Request
from starlette.responses import Response

from bot.console.network import client_address, is_secure, local_path
from bot.console.pages import Page
from bot.console.sign_in import SignInPages, client_of
from bot.errors import SignInRefused
from bot.staff.keys import SigningKey
from bot.staff.sign_in import ProvidedIdentity, SignIn

CALLBACK = "/console/sign-in/oidc/callback"

_COOKIE = "flerkanal_oidc"
# How long somebody may take at the provider's page.
_SECONDS = 600
_TIMEOUT_SECONDS = 10.0
# Two machines' clocks are never quite together.
_LEEWAY_SECONDS = 60
# Signed with a key that only the provider has. `none` is no signature, and with HS256 whoever knows
# the client's secret could be anybody.
_ALGORITHMS = frozenset(
    f"{kind}{bits}" for kind in ("RS", "PS", "ES") for bits in (256, 384, 512)
) | {"EdDSA"}

logger = structlog.get_logger(__name__)


class OpenIdProvider:
    """One provider, known by its issuer's address; it is asked for its metadata at the first use.

    `key` signs the cookie with which a browser holds state, nonce and verifier meanwhile: ten
    minutes, hidden from scripts, sent to the sign-in pages alone. `public_url` is where the browser
    comes back to.
    """

    def __init__(
        self, *, issuer: str, client_id: str, client_secret: str, public_url: str, key: SigningKey
    ) -> None:
        self._issuer = issuer.rstrip("/")
        self._client_id = client_id
        self._public_url = public_url.rstrip("/")
        self._key = key
        oauth, oauth_error = _authlib()
        self._faults = (oauth_error, *_FAULTS)
        self._app = oauth().register(
            "staff",
            client_id=client_id,
            client_secret=client_secret,
            server_metadata_url=f"{self._issuer}/.well-known/openid-configuration",
            client_kwargs={
                "scope": "openid email profile",
                "code_challenge_method": "S256",
                "timeout": _TIMEOUT_SECONDS,
            },
        )

    @property
    def name(self) -> str:
        """What the button calls it: the host of its address."""
        return urlsplit(self._issuer).netloc

    async def begin(self, request: Request, to: str | None) -> Response:
        """On to the provider. Raises SignInRefused (`provider`)."""
        request.scope["session"] = {}
        try:
            await self._check_metadata()
            response: Response = await self._app.authorize_redirect(
                request, f"{self._public_url}{CALLBACK}"
            )
        except self._faults as fault:
            raise _refused(fault) from fault
        await self._keep(request, response, {"session": request.scope["session"], "to": to})
        return response

    async def finish(self, request: Request) -> tuple[ProvidedIdentity, str | None]:
        """Whom the provider names, and where they wanted to go. Raises SignInRefused (`provider`)
        for whatever does not fit: the state, the nonce, the token's signature, issuer, audience or
        time.
        """
        kept = await self._kept(request)
        request.scope["session"] = kept.get("session", {})
        try:
            await self._check_metadata()
            token = await self._app.authorize_access_token(
                request,
                claims_options={
                    "iss": {"essential": True, "values": [self._issuer, f"{self._issuer}/"]},
                    "aud": {"essential": True, "value": self._client_id},
                },
                leeway=_LEEWAY_SECONDS,
            )
            identity = await self._identity(token)
        except self._faults as fault:
            raise _refused(fault) from fault
        return identity, local_path(kept.get("to"))

    def forget(self, request: Request, response: Response) -> None:
        """Take the cookie away: it has done its work."""
        secure = is_secure(request, self._public_url)
        response.delete_cookie(
            self._name(secure),
            path="/console/sign-in",
            secure=secure,
            httponly=True,
            samesite="lax",
        )

    async def _check_metadata(self) -> None:
        metadata = await self._app.load_server_metadata()
        if str(metadata.get("issuer", "")).rstrip("/") != self._issuer:
            metadata.clear()
            raise ValueError("the provider's metadata names another issuer")
        ways = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        if "client_secret_basic" not in ways and "client_secret_post" in ways:
            self._app.client_kwargs["token_endpoint_auth_method"] = "client_secret_post"  # noqa: S105
        offered = metadata.get("id_token_signing_alg_values_supported") or ["RS256"]
        metadata["id_token_signing_alg_values_supported"] = sorted(
            _ALGORITHMS.intersection(offered)
        )

    async def _identity(self, token: Mapping[str, Any]) -> ProvidedIdentity:
        claims = token.get("userinfo")
        if not claims:
            raise ValueError("the provider's answer holds no id_token")
        subject = claims["sub"]
        metadata = await self._app.load_server_metadata()
        if "email" not in claims and "userinfo_endpoint" in metadata:
            told = await self._app.userinfo(token=token)
            # OpenID Connect Core, 5.3.2: another subject's answer must not be used.
            claims = told if told.get("sub") == subject else {}
        email = claims.get("email")
        verified = claims.get("email_verified") is True and isinstance(email, str)
        if not isinstance(subject, str) or not 0 < len(subject) <= 255:
            raise ValueError("the provider's subject is none")
        return ProvidedIdentity(self._issuer, subject, email if verified else None)

    async def _keep(self, request: Request, response: Response, state: Mapping[str, Any]) -> None:
        expires = int(time.time()) + _SECONDS
        secure = is_secure(request, self._public_url)
        response.set_cookie(
            self._name(secure),
            jwt.encode({**state, "exp": expires}, await self._key.get(), algorithm="HS256"),
            max_age=_SECONDS,
            path="/console/sign-in",
            secure=secure,
            httponly=True,
            # The way back from the provider is another site's redirect.
            samesite="lax",
        )

    async def _kept(self, request: Request) -> dict[str, Any]:
        cookie = request.cookies.get(self._name(is_secure(request, self._public_url)), "")
        try:
            kept: dict[str, Any] = jwt.decode(
                cookie, await self._key.get(), algorithms=["HS256"], options={"require": ["exp"]}
            )
        except jwt.InvalidTokenError:
            return {}
        return kept

    def _name(self, secure: bool) -> str:
        return f"__Secure-{_COOKIE}" if secure else _COOKIE


class OidcPages:
    """The way to the provider and back."""

    def __init__(self, provider: OpenIdProvider, sign_in: SignIn, form: SignInPages) -> None:
        self._provider = provider
        self._sign_in = sign_in
        self._form = form

    def pages(self) -> Sequence[Page]:
        """Both are for whoever is not signed in yet."""
        return [
            Page("/sign-in/oidc", "oidc_start", self.start, None),
            Page("/sign-in/oidc/callback", "oidc_callback", self.finish, None),
        ]

    async def start(self, request: Request) -> Response:
        """To the provider."""
        to = local_path(request.query_params.get("next"))
        try:
            return await self._provider.begin(request, to)
        except SignInRefused as refused:
            return self._form.show(request, to, refused)

    async def finish(self, request: Request) -> Response:
        """Back from it."""
        try:
            identity, to = await self._provider.finish(request)
            signed_in = await self._sign_in.by_provider(
                identity, address=client_address(request), client=client_of(request)
            )
        except SignInRefused as refused:
            response = self._form.show(request, None, refused)
        else:
            response = self._form.admit(request, signed_in, to)
        self._provider.forget(request, response)
        return response


def _authlib() -> tuple[Any, type[Exception]]:
    # Imported where it is needed: most installations sign in by password. It warns of httpx's
    # successor, which is not for whoever runs this to mend.
    with warnings.catch_warnings():
        # It sets a filter of its own when it is imported, which ours has to come after.
        import authlib.deprecate  # type: ignore[import-untyped]  # noqa: F401

        warnings.simplefilter("ignore")
        from authlib.integrations.starlette_client import (  # type: ignore[import-untyped]
            OAuth,
            OAuthError,
        )
    return OAuth, OAuthError


# What, besides Authlib's own error, the token's check and the network raise, and what an answer that is no provider's
# makes of them.
_FAULTS = (
    JoseError,
    httpx.HTTPError,
    httpx.InvalidURL,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    RuntimeError,
)


def _refused(fault: Exception) -> SignInRefused:
    logger.warning("oidc_refused", kind=type(fault).__name__, reason=str(fault)[:300])
    return SignInRefused("provider")
