"""An OpenID provider as it documents itself: discovery, keys, authorization, tokens, user info.

After OpenID Connect Core 1.0 and Discovery 1.0: authorization code with PKCE (RFC 7636, S256) and
client_secret_basic. Everybody who comes to it is `user`, and says yes.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from joserfc import jws, jwt
from joserfc.jwk import OctKey, RSAKey
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from tests.recording.server import RecordingPlatform

CLIENT_ID = "flerkanal"
CLIENT_SECRET = "the client's secret, known to both"

Claims = dict[str, Any]


def _as_is(claims: Claims) -> Claims:
    return claims


@dataclass
class RecordingProvider(RecordingPlatform):
    """`user` are the claims of whoever signs in. `forge` changes a token's claims before it is
    signed, `sign` how it is signed; `metadata` what it says of itself; `told` what its user info
    says, None for no such endpoint. `methods` are the ways in which it takes the client's secret.
    """

    user: Claims = field(
        default_factory=lambda: {
            "sub": "248289761001",
            "name": "Kari Nordmann",
            "email": "kari@shop.example",
            "email_verified": True,
        }
    )
    forge: Callable[[Claims], Claims] = _as_is
    sign: Callable[[RecordingProvider, Claims], str] = lambda provider, claims: provider.signed(
        claims
    )
    metadata: Mapping[str, Any] = field(default_factory=dict)
    told: Claims | None = None
    methods: Sequence[str] = ("client_secret_basic",)
    key: RSAKey = field(
        default_factory=lambda: RSAKey.generate_key(2048, {"kid": "1", "use": "sig"})
    )
    codes: dict[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """Its endpoints."""
        return [
            Route("/.well-known/openid-configuration", self._configuration),
            Route("/jwks", self._keys),
            Route("/authorize", self._authorize),
            Route("/token", self._token, methods=["POST"]),
            Route("/userinfo", self._userinfo),
        ]

    def busy(self, retry_after: int) -> Response:
        """As most gateways say it."""
        return JSONResponse(
            {"error": "slow_down"}, status_code=429, headers={"Retry-After": str(retry_after)}
        )

    def error(self) -> Response:
        """RFC 6749, 5.2 names no other for it."""
        return JSONResponse({"error": "server_error"}, status_code=500)

    def signed(self, claims: Claims, key: RSAKey | None = None) -> str:
        """A token as it should be, or with another key than the published one."""
        return jwt.encode({"alg": "RS256", "kid": "1"}, claims, key or self.key)

    async def _configuration(self, request: Request) -> Response:
        optional = {} if self.told is None else {"userinfo_endpoint": f"{self.url}/userinfo"}
        return await self.record(
            request,
            "configuration",
            {},
            lambda: JSONResponse(
                {
                    "issuer": self.url,
                    "authorization_endpoint": f"{self.url}/authorize",
                    "token_endpoint": f"{self.url}/token",
                    "jwks_uri": f"{self.url}/jwks",
                    "response_types_supported": ["code"],
                    "subject_types_supported": ["public"],
                    "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
                    "code_challenge_methods_supported": ["S256"],
                    "token_endpoint_auth_methods_supported": list(self.methods),
                    **optional,
                    **self.metadata,
                }
            ),
        )

    async def _keys(self, request: Request) -> Response:
        public = self.key.as_dict(private=False)
        return await self.record(request, "keys", {}, lambda: JSONResponse({"keys": [public]}))

    async def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)

        def take() -> Response:
            assert asked["response_type"] == "code"
            assert asked["client_id"] == CLIENT_ID
            assert "openid" in asked["scope"].split()
            assert asked["code_challenge_method"] == "S256"
            code = secrets.token_urlsafe(16)
            self.codes[code] = asked
            back = urlencode({"code": code, "state": asked["state"]})
            return RedirectResponse(f"{asked['redirect_uri']}?{back}", status_code=302)

        return await self.record(request, "authorize", asked, take)

    async def _token(self, request: Request) -> Response:
        async with request.form() as form:
            given = {name: str(value) for name, value in form.items()}
        header = request.headers.get("authorization", "")
        return await self.record(request, "token", given, lambda: self._exchanged(given, header))

    def _exchanged(self, given: Mapping[str, str], header: str) -> Response:
        basic = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        by_header = "client_secret_basic" in self.methods and header == f"Basic {basic}"
        by_field = (
            "client_secret_post" in self.methods and given.get("client_secret") == CLIENT_SECRET
        )
        if not (by_header or by_field):
            return JSONResponse({"error": "invalid_client"}, status_code=401)
        # A code works once.
        asked = self.codes.pop(given.get("code", ""), None)
        digest = hashlib.sha256(given.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if (
            asked is None
            or given.get("redirect_uri") != asked["redirect_uri"]
            or challenge != asked["code_challenge"]
        ):
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        now = int(time.time())
        claims = self.forge(
            {
                "iss": self.url,
                "aud": CLIENT_ID,
                "iat": now,
                "exp": now + 300,
                "nonce": asked["nonce"],
                **self.user,
            }
        )
        return JSONResponse(
            {
                "access_token": "an-access-token",
                "token_type": "Bearer",
                "expires_in": 300,
                "id_token": self.sign(self, claims),
            }
        )

    async def _userinfo(self, request: Request) -> Response:
        header = request.headers.get("authorization", "")
        right = header == "Bearer an-access-token"
        return await self.record(
            request,
            "userinfo",
            {},
            lambda: JSONResponse(self.told if right else {"error": "invalid_token"}),
        )


def unsigned(_: RecordingProvider, claims: Claims) -> str:
    """`alg: none`, RFC 7519, 6."""
    parts = [jws_part({"alg": "none"}), jws_part(claims)]
    return ".".join([*parts, ""])


def by_client_secret(_: RecordingProvider, claims: Claims) -> str:
    """HS256 with what the client knows as well."""
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(CLIENT_SECRET))


def by_public_key(provider: RecordingProvider, claims: Claims) -> str:
    """HS256 with the published key as its secret."""
    public = provider.key.as_pem(private=False)
    return jws.serialize_compact(
        {"alg": "HS256", "kid": "1"}, jws_bytes(claims), OctKey.import_key(base64.b64encode(public))
    )


def by_another_key(provider: RecordingProvider, claims: Claims) -> str:
    """A key that was never published, under the published one's name."""
    return provider.signed(claims, RSAKey.generate_key(2048))


def changed_afterwards(provider: RecordingProvider, claims: Claims) -> str:
    """Somebody else's claims under a right signature."""
    header, _, signature = provider.signed(claims).split(".")
    return ".".join([header, jws_part({**claims, "sub": "1"}), signature])


def jws_bytes(value: Mapping[str, Any]) -> bytes:
    """As JSON."""
    return json.dumps(value).encode()


def jws_part(value: Mapping[str, Any]) -> str:
    """A part of a token."""
    return base64.urlsafe_b64encode(jws_bytes(value)).decode().rstrip("=")
