"""Signing in at an OpenID provider, over real HTTP against one that records."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from bot.console.oidc import OpenIdProvider
from bot.record.database import Database
from bot.staff.keys import SigningKey
from tests.recording.oidc import (
    CLIENT_ID,
    CLIENT_SECRET,
    Claims,
    RecordingProvider,
    by_another_key,
    by_client_secret,
    by_public_key,
    changed_afterwards,
    unsigned,
)
from tests.recording.server import Fault, in_turn, serve
from tests.staff import Staff, database, migrated_dsn, staff_of
from tests.staff_console import StaffBrowser, StaffConsole, staff_console

__all__ = ["database", "migrated_dsn"]

pytestmark = pytest.mark.parametrize("migrated_dsn", ["sqlite"], indirect=True)
PUBLIC = "http://chat.shop.example"


@pytest.fixture
def staff(database: Database) -> Iterator[Staff]:
    with staff_of(database) as made:
        yield made


@dataclass
class Scene:
    """The console, the provider, and a browser that goes between them."""

    console: StaffConsole
    provider: RecordingProvider
    browser: StaffBrowser
    outside: httpx.AsyncClient

    async def to_provider(self, to: str = "/console/sign-in/oidc") -> httpx.Response:
        return await self.browser.get(to)

    async def back(self, sent: httpx.Response) -> str:
        """The provider's own page says yes; where it sends the browser, as a path here."""
        allowed = await self.outside.get(sent.headers["location"])
        assert allowed.status_code == 302
        place = urlsplit(allowed.headers["location"])
        assert f"{place.scheme}://{place.netloc}" == PUBLIC
        return f"{place.path}?{place.query}"

    async def come(self, to: str = "/console/sign-in/oidc") -> httpx.Response:
        """All the way; the answer to the way back."""
        return await self.browser.get(await self.back(await self.to_provider(to)))

    async def is_in(self) -> bool:
        return (await self.browser.get("/console/account")).status_code == 200


@contextlib.asynccontextmanager
async def scene_of(staff: Staff, provider: RecordingProvider) -> AsyncIterator[Scene]:
    async with serve(provider):
        client = OpenIdProvider(
            issuer=provider.url,
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            public_url=PUBLIC,
            key=SigningKey(staff.database, None, "oidc"),
        )
        async with (
            staff_console(staff, public_url=PUBLIC, provider=client) as console,
            console.browser() as browser,
            httpx.AsyncClient(trust_env=False) as outside,
        ):
            yield Scene(console, provider, browser, outside)


@pytest.fixture
def provider() -> RecordingProvider:
    return RecordingProvider()


@pytest.fixture
async def scene(staff: Staff, provider: RecordingProvider) -> AsyncIterator[Scene]:
    await staff.add("kari@shop.example")
    async with scene_of(staff, provider) as made:
        yield made


async def test_a_known_person_is_signed_in_and_goes_on(scene: Scene) -> None:
    form = await scene.browser.get("/console/sign-in?next=/console/account%3Fa%3D1")
    assert f"Sign in with {urlsplit(scene.provider.url).netloc}" in form.text
    assert 'href="/console/sign-in/oidc?next=%2Fconsole%2Faccount%3Fa%3D1"' in form.text
    sent = await scene.to_provider("/console/sign-in/oidc?next=%2Fconsole%2Faccount%3Fa%3D1")
    asked = parse_qs(urlsplit(sent.headers["location"]).query)
    assert asked["redirect_uri"] == [f"{PUBLIC}/console/sign-in/oidc/callback"]
    assert asked["code_challenge_method"] == ["S256"]
    assert {"openid", "email"} <= set(asked["scope"][0].split())
    assert all(len(asked[name][0]) >= 20 for name in ("state", "nonce", "code_challenge"))
    (cookie,) = sent.headers.get_list("set-cookie")
    for part in ("HttpOnly", "SameSite=lax", "Path=/console/sign-in", "Max-Age=600"):
        assert part in cookie
    entered = await scene.browser.get(await scene.back(sent))
    assert entered.headers["location"] == "/console/account?a=1"
    assert await scene.is_in()
    assert "flerkanal_oidc" not in scene.browser.client.cookies
    assert [call.method for call in scene.provider.received] == [
        "configuration",
        "authorize",
        "token",
        "keys",
    ]
    assert (await scene.console.staff.actions())[-2:] == [
        ("account.link", "kari@shop.example"),
        ("sign_in", "kari@shop.example"),
    ]


async def test_whoever_has_no_account_is_told_so(scene: Scene) -> None:
    for user in [
        {"email": "ola@shop.example"},
        {"email_verified": False},
        {"email_verified": "true"},
        {"email": ["kari@shop.example"]},
        {"email": None},
    ]:
        scene.provider.forge = lambda claims, user=user: {**claims, **user}  # type: ignore[misc]
        refused = await scene.come()
        assert refused.status_code == 403
        assert "You have no account here" in refused.text
        assert not await scene.is_in()


async def test_the_user_info_is_the_same_persons(staff: Staff, provider: RecordingProvider) -> None:
    await staff.add("kari@shop.example")
    provider.forge = lambda claims: {
        name: value for name, value in claims.items() if not name.startswith("email")
    }
    provider.told = {**provider.user, "sub": "somebody else"}
    async with scene_of(staff, provider) as scene:
        assert (await scene.come()).status_code == 403
        provider.told = dict(provider.user)
        assert (await scene.come()).status_code == 303
        assert await scene.is_in()


FORGED: dict[str, Callable[[Claims], Claims]] = {
    "nonce": lambda claims: {**claims, "nonce": "another"},
    "no nonce": lambda claims: _without(claims, "nonce"),
    "audience": lambda claims: {**claims, "aud": "another-client"},
    "audiences": lambda claims: {**claims, "aud": ["another-client", "third"]},
    "no audience": lambda claims: _without(claims, "aud"),
    "authorized party": lambda claims: {**claims, "azp": "another-client"},
    "issuer": lambda claims: {**claims, "iss": "https://other.example"},
    "no issuer": lambda claims: _without(claims, "iss"),
    "expired": lambda claims: {**claims, "exp": int(time.time()) - 120},
    "no end": lambda claims: _without(claims, "exp"),
    "from the future": lambda claims: {**claims, "iat": int(time.time()) + 3_600},
    "no subject": lambda claims: _without(claims, "sub"),
    "empty subject": lambda claims: {**claims, "sub": ""},
    "long subject": lambda claims: {**claims, "sub": "x" * 256},
    "another access token": lambda claims: {**claims, "at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
}
SIGNED = {
    "not at all": unsigned,
    "the client's secret": by_client_secret,
    "the public key": by_public_key,
    "another key": by_another_key,
    "changed afterwards": changed_afterwards,
    "no token": lambda *_: "no.token.atall",
    "empty": lambda *_: "",
}


async def test_a_token_that_does_not_fit_is_refused(scene: Scene) -> None:
    let_in = []
    for name, forge in FORGED.items():
        scene.provider.forge = forge
        refused = await scene.come()
        if refused.status_code != 502 or await scene.is_in():
            let_in.append(name)
        assert "did not work out" in refused.text
    assert let_in == []
    scene.provider.forge = lambda claims: claims
    assert (await scene.come()).status_code == 303


async def test_a_token_that_is_not_the_providers_is_refused(scene: Scene) -> None:
    let_in = []
    for name, sign in SIGNED.items():
        scene.provider.sign = sign
        if (await scene.come()).status_code != 502 or await scene.is_in():
            let_in.append(name)
    assert let_in == []


async def test_a_way_back_that_was_not_begun_here_is_refused(scene: Scene) -> None:
    begun = await scene.back(await scene.to_provider())
    state = parse_qs(urlsplit(begun).query)["state"][0]
    async with scene.console.browser() as other:
        assert (await other.get(begun)).status_code == 502, "in another browser"
    for path in [
        "/console/sign-in/oidc/callback",
        "/console/sign-in/oidc/callback?code=x&state=y",
        f"/console/sign-in/oidc/callback?state={state}",
        f"/console/sign-in/oidc/callback?error=access_denied&state={state}",
    ]:
        await scene.to_provider()
        assert (await scene.browser.get(path)).status_code == 502, path
        assert not await scene.is_in()
    again = await scene.back(await scene.to_provider())
    cookies = dict(scene.browser.client.cookies)
    assert (await scene.browser.get(again)).status_code == 303
    async with scene.console.browser() as other:
        other.client.cookies.update({"flerkanal_oidc": cookies["flerkanal_oidc"]})
        assert (await other.get(again)).status_code == 502, "a second time"


async def test_a_cookie_that_we_did_not_sign_is_refused(scene: Scene) -> None:
    back = await scene.back(await scene.to_provider())
    cookie = scene.browser.client.cookies["flerkanal_oidc"]
    header, payload, _ = cookie.split(".")
    for forged in (f"{header}.{payload}.", f"{header}.{payload}.AAAA", "x", "a.b.c"):
        async with scene.console.browser() as other:
            other.client.cookies.set("flerkanal_oidc", forged)
            assert (await other.get(back)).status_code == 502


async def test_a_provider_that_fails_is_told_in_words_and_tried_anew(scene: Scene) -> None:
    scene.provider.faults = in_turn(Fault("error"))
    assert "did not work out" in (await scene.to_provider()).text
    scene.provider.faults = in_turn(None, None, Fault("cut"), None, Fault("error"))
    assert (await scene.come()).status_code == 502
    assert (await scene.come()).status_code == 502
    assert (await scene.come()).status_code == 303


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://other.example"},
        {"issuer": None},
        {"authorization_endpoint": None},
    ],
    ids=["other issuer", "no issuer", "no endpoint"],
)
async def test_metadata_that_do_not_fit_are_refused(
    staff: Staff, provider: RecordingProvider, metadata: dict[str, Any]
) -> None:
    provider.metadata = metadata
    async with scene_of(staff, provider) as scene:
        assert (await scene.to_provider()).status_code == 502


async def test_a_provider_that_wants_the_secret_in_the_form_gets_it_there(
    staff: Staff, provider: RecordingProvider
) -> None:
    await staff.add("kari@shop.example")
    provider.methods = ("client_secret_post",)
    async with scene_of(staff, provider) as scene:
        assert (await scene.come()).status_code == 303


def _without(claims: Claims, name: str) -> Claims:
    return {key: value for key, value in claims.items() if key != name}
