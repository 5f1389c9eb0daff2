"""The version of Flerkanal that runs."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def own_version() -> str:
    """The installed version; `(not installed)` where the code runs from its folder alone."""
    try:
        return version("flerkanal")
    except PackageNotFoundError:
        return "(not installed)"
