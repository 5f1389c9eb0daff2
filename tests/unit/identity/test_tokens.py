"""What the gateway believes of a site's signed tokens, and what it does not."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import InvalidMessage
from bot.identity.tokens import IdentityTokens, SiteUser

SECRET = "a secret that only the site and the gateway know"
OTHER = "another secret that has as many characters in it"

tokens = IdentityTokens(SECRET)


def signed(secret: str = SECRET, algorithm: str = "HS256", **claims: Any) -> str:
    claims = {"sub": "c-1", "exp": int(time.time()) + 600, **claims}
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(kept, secret, algorithm=algorithm)


def by_hand(header: dict[str, Any], claims: dict[str, Any], signature: bytes = b"") -> str:
    parts = [json.dumps(header).encode(), json.dumps(claims).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def hmac_token(subject: str, secret: str = SECRET, prefix: str = "flerkanal:") -> str:
    digest = hmac.new(secret.encode(), f"{prefix}{subject}".encode(), hashlib.sha256)
    return f"{subject}:{digest.hexdigest()}"


def is_refused(token: str, checker: IdentityTokens = tokens) -> bool:
    with pytest.raises(InvalidMessage) as refused:
        checker.user(token)
    assert refused.value.code == "bad_identity"
    assert "new one" in str(refused.value)
    return True


def test_a_jwt_names_the_user_and_what_the_site_says_of_them() -> None:
    token = signed(name=" Kari Nordmann ", email="kari@example.com", role="admin")
    assert tokens.user(token) == SiteUser("c-1", "Kari Nordmann", "kari@example.com")
    assert tokens.user(signed()) == SiteUser("c-1")


def test_an_hmac_names_the_user() -> None:
    assert tokens.user(hmac_token("c-1")) == SiteUser("c-1")
    assert tokens.user(hmac_token("kari:nordmann@example.com")).subject == (
        "kari:nordmann@example.com"
    )
    upper = hmac_token("Åse")
    assert tokens.user(upper[:4] + upper[4:].upper()) == SiteUser("Åse")


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": None},
        {"exp": int(time.time()) - 31},
        {"exp": 0},
        {"exp": "tomorrow"},
        {"nbf": int(time.time()) + 3_600},
        {"iat": int(time.time()) + 3_600},
        {"sub": None},
        {"sub": ""},
        {"sub": "x" * 256},
        {"sub": "line\nbreak"},
        {"sub": "half\x00"},
    ],
)
def test_stale_and_odd_claims(claims: dict[str, Any]) -> None:
    assert is_refused(signed(**claims))


def test_a_subject_that_is_no_text() -> None:
    for subject in (1, ["c-1"], {"c": 1}, True):
        payload = {"sub": subject, "exp": int(time.time()) + 600}
        signing_input = by_hand({"alg": "HS256", "typ": "JWT"}, payload).rpartition(".")[0]
        signature = hmac.new(SECRET.encode(), signing_input.encode(), hashlib.sha256).digest()
        assert is_refused(by_hand({"alg": "HS256", "typ": "JWT"}, payload, signature))


def test_forged_signatures() -> None:
    good = signed()
    assert is_refused(signed(secret=OTHER))
    assert is_refused(good[:-2])
    head, claims, signature = good.split(".")
    other_claims = signed(sub="c-2").split(".")[1]
    assert is_refused(f"{head}.{other_claims}.{signature}")
    assert is_refused(f"{head}.{claims}.")
    assert is_refused(hmac_token("c-1", secret=OTHER))
    assert is_refused(hmac_token("c-1").replace("c-1", "c-2"))
    assert is_refused("c-1:")
    assert is_refused(":" + hmac_token("").rpartition(":")[2])


def test_the_token_does_not_choose_how_it_is_checked() -> None:
    claims = {"sub": "c-1", "exp": int(time.time()) + 600}
    for algorithm in ("none", "None", "NONE", "", "HS256"):
        assert is_refused(by_hand({"alg": algorithm, "typ": "JWT"}, claims))
    assert is_refused(by_hand({"typ": "JWT"}, claims))
    assert is_refused(signed(algorithm="HS384", secret=SECRET * 2))
    assert is_refused(signed(algorithm="HS512", secret=SECRET * 2), IdentityTokens(SECRET * 2))
    with_key = {"alg": "HS256", "jwk": {"kty": "oct", "k": "AAAA"}, "kid": "../../dev/null"}
    assert is_refused(by_hand(with_key, claims, b"x" * 32))


def test_a_clock_that_is_a_little_off_does_not_matter() -> None:
    assert tokens.user(signed(exp=int(time.time()) - 20)).subject == "c-1"


def test_one_kind_of_token_is_never_the_other() -> None:
    """A site signs the ids that its users choose: none of them may make a JWT of it."""
    wanted = by_hand({"alg": "HS256"}, {"sub": "admin", "exp": int(time.time()) + 600})
    signing_input = wanted.rpartition(".")[0]
    subject, _, digest = hmac_token(signing_input).rpartition(":")
    assert subject == signing_input
    forged = by_hand({}, {}, bytes.fromhex(digest)).rpartition(".")[2]
    assert is_refused(f"{signing_input}.{forged}")
    # And a plain HMAC of the id, such as other chats take, opens nothing here.
    assert is_refused(hmac_token("c-1", prefix=""))


def test_audience_and_issuer_are_looked_at_where_they_are_asked_for() -> None:
    strict = IdentityTokens(SECRET, audience="chat", issuer="https://shop.example")
    assert strict.user(signed(aud="chat", iss="https://shop.example")).subject == "c-1"
    assert strict.user(signed(aud=["x", "chat"], iss="https://shop.example")).subject == "c-1"
    assert is_refused(signed(), strict)
    assert is_refused(signed(aud="other", iss="https://shop.example"), strict)
    assert is_refused(signed(aud="chat", iss="https://evil.example"), strict)
    assert tokens.user(signed(aud="anything", iss="anybody")).subject == "c-1"


def test_details_that_are_no_readable_text_are_left_out() -> None:
    token = signed(name="x" * 1_000, email=["kari@example.com"])
    assert tokens.user(token) == SiteUser("c-1", "x" * 255, None)
    assert tokens.user(signed(name=" ", email="a\nb")) == SiteUser("c-1")


@given(st.text(max_size=400) | st.binary(max_size=200).map(lambda raw: raw.decode("latin-1")))
def test_anything_else_is_refused(token: str) -> None:
    assert is_refused(token)


@given(st.integers(0, 2_000), st.characters())
def test_a_token_with_one_character_changed_is_refused(place: int, char: str) -> None:
    for token in (signed(exp=4_000_000_000), hmac_token("c-1")):
        at = place % len(token)
        changed = token[:at] + char + token[at + 1 :]
        if changed.casefold() != token.casefold() and not _same_bits(changed, token):
            assert is_refused(changed)


def _same_bits(changed: str, token: str) -> bool:
    """Base64 without padding has spare bits in its last character."""
    try:
        one, other = (
            base64.urlsafe_b64decode(text.rpartition(".")[2] + "==") for text in (changed, token)
        )
    except ValueError:
        return False
    return one == other and changed.rpartition(".")[0] == token.rpartition(".")[0]


def test_a_very_long_token_is_not_even_read() -> None:
    assert is_refused(signed(name="x" * 5_000))
