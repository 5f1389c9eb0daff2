"""Tells whether `.venv` is what the locks ask for; run by setup.sh with the venv's own Python.

The stamp names the profile that was installed and a digest of what it was installed from: the
locks, pyproject.toml, the set-up's scripts, the Python and the project's folder. It is taken away before
the environment changes and written last, so an interrupted set-up is never taken for a whole one.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

PROFILES = ("run", "dev")  # each holds all of the one before it
INPUTS = (
    "pyproject.toml",
    "requirements.lock",
    "requirements-dev.lock",
    "scripts/setup.sh",
    "scripts/setup_stamp.py",
)
STAMP = Path(".venv/.flerkanal-setup")


def digest(root: Path) -> str:
    """SHA-256, in hex, of everything that the environment is made from."""
    whole = hashlib.sha256(f"{sys.version}\0{root.resolve()}\0".encode())
    for name in INPUTS:
        whole.update(hashlib.sha256((root / name).read_bytes()).digest())
    return whole.hexdigest()


def installed(root: Path) -> tuple[str | None, str | None]:
    """Profile and digest of the last whole set-up, None each where there was none."""
    try:
        profile, found = (root / STAMP).read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return None, None
    return (profile, found) if profile in PROFILES else (None, None)


def is_done(root: Path, profile: str) -> bool:
    """Whether the environment is up to date and holds at least the profile."""
    have, found = installed(root)
    return (
        have is not None
        and PROFILES.index(have) >= PROFILES.index(profile)
        and found == digest(root)
    )


def widest(root: Path, profile: str) -> str:
    """The wider of the profile asked for and the one installed."""
    have, _ = installed(root)
    return max(profile, have or profile, key=PROFILES.index)


def write(root: Path, profile: str) -> None:
    """Record a whole set-up, in one step."""
    draft = root / f"{STAMP}.{os.getpid()}"
    draft.write_text(f"{profile} {digest(root)}\n", encoding="ascii")
    draft.replace(root / STAMP)


def main(arguments: list[str]) -> int:
    """Exit status: 0 done or true, 1 not up to date, 2 called wrongly."""
    root = Path()
    match arguments:
        case ["check", profile] if profile in PROFILES:
            return 0 if is_done(root, profile) else 1
        case ["widest", profile] if profile in PROFILES:
            print(widest(root, profile))
        case ["write", profile] if profile in PROFILES:
            write(root, profile)
        case ["clear"]:
            (root / STAMP).unlink(missing_ok=True)
        case _:
            print(
                f"use: setup_stamp.py check|widest|write {'|'.join(PROFILES)}, or clear",
                file=sys.stderr,
            )
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
