"""One-time codes: made, written for people, read again, and hashed. Pure but for the randomness."""

from __future__ import annotations

import hashlib
import math
import secrets

# Upper-case letters and digits that nobody takes for one another in any typeface or when they are
# read aloud (1 I, 0 O, 5 S, 2 Z, 8 B, 6 G, U V: at most one of each is in it), without vowels: no code is a word.
ALPHABET = "CDFHJKLMNPQRTVWXY34679"

# What a deep link carries is never typed; what is typed is as short as can safely be.
LINK_BITS = 128
TYPED_BITS = 64

# Longer than any code with any grouping: more is not worth a look.
_LONGEST = 128


def new_code(bits: int) -> str:
    """A code of at least so many random bits."""
    length = math.ceil(bits / math.log2(len(ALPHABET)))
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def normalized(code: str) -> str:
    """The code as it was made, however it is written: spaces, dashes and case do not matter.

    What can't be a code gives an empty string, which is none either.
    """
    if len(code) > _LONGEST:
        return ""
    found = "".join(char for char in code.upper() if char.isalnum())
    return found if all(char in ALPHABET for char in found) else ""


def hashed(code: str) -> str:
    """The SHA-256 of a normalized code, in hex. A plain hash will do for what lives ten minutes."""
    return hashlib.sha256(code.encode()).hexdigest()
