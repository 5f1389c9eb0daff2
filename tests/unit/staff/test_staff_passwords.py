from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import AccountRefused, SignInRefused
from bot.staff.passwords import Passwords, check, generated, normalized

GOOD = "correct horse battery"


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    made = Passwords(threads=1, memory_kib=8, passes=1)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("", "short_password"),
        ("elevenchars", "short_password"),
        ("x" * 257, "long_password"),
        ("kari@shop.example", "login_password"),
        ("KARI@shop.example", "login_password"),
        ("kari-kari-123", None),
        ("password1234", "known_password"),
        ("Password2024!", "known_password"),
        ("!!SOMMEREN2026", "known_password"),
        ("qwerty123456", "known_password"),
        ("aaaaaaaaaaaa", "known_password"),
        ("abcabcabcabc", "known_password"),
        ("123456789012", "known_password"),
        ("210987654321", "known_password"),
        ("abcdefghijkl", "known_password"),
        (GOOD, None),
        ("tolv tegn æøå", None),
        ("密码密钥很长的口令十二字", None),
    ],
)
def test_what_a_password_must_be(password: str, reason: str | None) -> None:
    if reason is None:
        check(password, "kari@shop.example")
        return
    with pytest.raises(AccountRefused) as refused:
        check(password, "kari@shop.example")
    assert refused.value.reason == reason


@given(st.text(max_size=300), st.text(max_size=60))
def test_any_text_is_judged(password: str, login: str) -> None:
    reason = ""
    try:
        check(password, login)
    except AccountRefused as refused:
        reason = refused.reason
    is_of_length = 12 <= len(normalized(password)) <= 256
    assert reason.endswith("_password") or (not reason and is_of_length)


def test_a_generated_one_is_allowed_and_new_each_time() -> None:
    made = {generated() for _ in range(50)}
    assert len(made) == 50
    for password in made:
        check(password, "admin")


async def test_it_is_verified_however_it_was_composed(passwords: Passwords) -> None:
    kept = await passwords.hashed("bl\u00e5b\u00e6rsyltetøy")
    assert kept.startswith("$argon2id$")
    assert await passwords.verify("bla\u030ab\u00e6rsyltetøy", kept)
    assert not await passwords.verify("blabærsyltetøy", kept)
    assert await passwords.hashed(GOOD) != await passwords.hashed(GOOD), "salted"


@pytest.mark.parametrize("kept", [None, "", "no hash", "$argon2id$v=19$m=8,t=1,p=1$x"])
async def test_nothing_matches_what_is_no_hash(passwords: Passwords, kept: str | None) -> None:
    assert not await passwords.verify(GOOD, kept)


async def test_an_overlong_one_never_matches(passwords: Passwords) -> None:
    kept = await passwords.hashed("x" * 256)
    assert await passwords.verify("x" * 256, kept)
    assert not await passwords.verify("x" * 257, kept)
    assert not await passwords.verify("x" * 5_000_000, kept)


async def test_older_parameters_are_noticed(passwords: Passwords) -> None:
    kept = await passwords.hashed(GOOD)
    assert not passwords.is_outdated(kept)
    stronger = Passwords(threads=1, memory_kib=16, passes=1)
    try:
        assert stronger.is_outdated(kept)
        assert await stronger.verify(GOOD, kept)
    finally:
        stronger.close()


async def test_an_unknown_login_takes_as_long_as_a_known_one() -> None:
    passwords = Passwords(threads=1)
    try:
        kept = await passwords.hashed(GOOD)
        await passwords.verify("warm-up", None)
        took = []
        for known in (kept, None):
            began = time.perf_counter()
            for _ in range(3):
                assert not await passwords.verify("something else", known)
            took.append(time.perf_counter() - began)
    finally:
        passwords.close()
    assert 0.4 < took[0] / took[1] < 2.5


async def test_only_so_many_wait() -> None:
    passwords = Passwords(threads=1, waiting=2)
    try:
        outcomes = await asyncio.gather(
            *(passwords.hashed(GOOD) for _ in range(6)), return_exceptions=True
        )
        refused = [outcome for outcome in outcomes if isinstance(outcome, SignInRefused)]
        assert [error.reason for error in refused] == ["busy"] * 3
        assert await passwords.hashed(GOOD), "there is room again"
    finally:
        passwords.close()
