"""Passwords of staff: what one must be, and how it is kept."""

from __future__ import annotations

import asyncio
import itertools
import re
import secrets
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib import resources
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from bot.errors import AccountRefused, SignInRefused

SHORTEST = 12
LONGEST = 256

Result = TypeVar("Result")

# Argon2id, above the least that OWASP's Password Storage Cheat Sheet asks for (19 MiB, 2 passes).
_MEMORY_KIB = 46 * 1024
_PASSES = 2
# Letters and digits that nobody mistakes for one another; twenty of them are 99 random bits.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS = 4
_GROUP = 5
_ENDS = re.compile(r"^[\W\d_]+|[\W\d_]+$")


def normalized(password: str) -> str:
    """The same characters however a keyboard composes them: NFKC (NIST SP 800-63B, 5.1.1.2)."""
    return unicodedata.normalize("NFKC", password)


def check(password: str, login: str) -> None:
    """Whether somebody may take that password. Raises AccountRefused with the reason.

    Length is what counts; there are no rules about which characters it is made of. What is guessed
    first is refused: the login, a well-known password also with digits or signs around it, one
    short piece again and again, a row of neighbours such as 123456.
    """
    password = normalized(password)
    plain = password.casefold()
    login = login.casefold()
    if len(password) < SHORTEST:
        raise AccountRefused("short_password", f"the password needs at least {SHORTEST} characters")
    if len(password) > LONGEST:
        raise AccountRefused("long_password", f"the password may have {LONGEST} characters")
    if _core(plain) in {_core(login), _core(login.partition("@")[0])} or plain == login:
        raise AccountRefused("login_password", "the password must not be the login")
    if {plain, _core(plain)} & _well_known() or _is_simple(plain):
        raise AccountRefused("known_password", "the password is a well-known one: take another")


def generated() -> str:
    """A password for the first sign-in, such as `k7mqp-…`: 99 random bits, easy to read aloud."""
    groups = ("".join(secrets.choice(_LETTERS) for _ in range(_GROUP)) for _ in range(_GROUPS))
    return "-".join(groups)


class Passwords:
    """Hashes and verifies, `threads` at a time: each takes 46 MiB and some hundredths of a second.

    At most `waiting` calls wait for a thread; one more raises SignInRefused (`busy`). Close it at
    the end.
    """

    def __init__(
        self,
        *,
        threads: int = 2,
        waiting: int = 64,
        memory_kib: int = _MEMORY_KIB,
        passes: int = _PASSES,
    ) -> None:
        self._hasher = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=1)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="passwords")
        self._room = threads + waiting
        self._dummy: str | None = None

    async def hashed(self, password: str) -> str:
        """What to keep of a password."""
        return await self._run(lambda: self._hasher.hash(normalized(password)))

    async def verify(self, password: str, kept: str | None) -> bool:
        """Whether it is the one whose hash is `kept`. Where None is kept it is no, after the same
        time: how long a sign-in takes tells nobody which logins there are.
        """
        return await self._run(lambda: self._matches(password, kept))

    def is_outdated(self, kept: str) -> bool:
        """Whether it was hashed with other parameters than today's."""
        return self._hasher.check_needs_rehash(kept)

    def close(self) -> None:
        """Let what runs end, drop what waits."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _matches(self, password: str, kept: str | None) -> bool:
        if self._dummy is None:
            self._dummy = self._hasher.hash(secrets.token_hex(16))
        # Cut: hashing a text of megabytes is work for nothing, and no password is that long.
        tried = normalized(password[: 4 * LONGEST])
        try:
            self._hasher.verify(kept or self._dummy, tried)
        except (VerifyMismatchError, VerificationError, InvalidHashError):
            return False
        return kept is not None and len(tried) <= LONGEST

    async def _run(self, work: Callable[[], Result]) -> Result:
        if self._room <= 0:
            raise SignInRefused("busy", retry_after=5.0)
        self._room -= 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._room += 1


def _core(text: str) -> str:
    return _ENDS.sub("", text)


def _is_simple(plain: str) -> bool:
    if re.fullmatch(r"(.{1,6}?)\1+", plain, re.DOTALL):
        return True
    # 9 is followed by 0.
    turn = 10 if plain.isdecimal() else 1 << 21
    pairs = itertools.pairwise(plain)
    steps = {(ord(after) - ord(before)) % turn for before, after in pairs}
    return len(steps) == 1


@cache
def _well_known() -> frozenset[str]:
    file = resources.files(__package__) / "static" / "well_known_passwords.txt"
    lines = file.read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if not line.startswith("#"))
