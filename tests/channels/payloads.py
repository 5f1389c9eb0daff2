"""Payloads as the platforms send them, stored in tests/payloads/<channel>/*.json."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "payloads"


def stored_payloads(channel: str) -> Sequence[tuple[str, bytes]]:
    """The channel's, by their files' names."""
    return [(path.stem, path.read_bytes()) for path in sorted((FOLDER / channel).glob("*.json"))]
