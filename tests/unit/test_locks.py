"""The locks are what a company installs: whole, hashed, from any mirror, and true to pyproject."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any

import pytest
import tomli
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-uv.lock")

# `name==version`, maybe with a marker, then its hashes on continued lines
_PIN = re.compile(
    r"^(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)==(?P<version>[^\s;]+)"
    r"(?: ; (?P<marker>[^\\\n]+?))?"
    r"(?P<hashes>(?: \\\n    --hash=sha256:[0-9a-f]{64})+)\n",
    re.MULTILINE,
)
_SUPPORTED = (
    {"sys_platform": "linux", "platform_machine": "x86_64"},
    {"sys_platform": "linux", "platform_machine": "aarch64"},
    {"sys_platform": "darwin", "platform_machine": "arm64"},
)
_PYTHON = {
    "python_version": "3.10",
    "python_full_version": "3.10.13",
    "implementation_name": "cpython",
    "platform_python_implementation": "CPython",
    "extra": "",
}


def pins(lock: str, environment: dict[str, str] = _SUPPORTED[0]) -> dict[str, str]:
    """Canonical name to version of what the lock installs in an environment."""
    holds = functools.lru_cache(lambda marker: Marker(marker).evaluate({**_PYTHON, **environment}))
    found: dict[str, str] = {}
    for pin in _PIN.finditer((ROOT / lock).read_text(encoding="utf-8")):
        marker = pin["marker"]
        if marker is None or holds(marker):
            name = str(canonicalize_name(pin["name"]))
            assert name not in found, f"{lock} pins {name} twice"
            found[name] = pin["version"]
    return found


@pytest.fixture(scope="module")
def pyproject() -> dict[str, Any]:
    return tomli.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_is_a_pin_with_hashes_and_names_no_index(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    rest = _PIN.sub("", text)
    left_over = [line for line in rest.splitlines() if not line.startswith("#")]
    assert left_over == []
    assert "://" not in text
    assert "--index" not in text


@pytest.mark.parametrize("environment", _SUPPORTED, ids=lambda e: "-".join(e.values()))
@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_fits_pyproject(
    lock: str, environment: dict[str, str], pyproject: dict[str, Any]
) -> None:
    project = pyproject["project"]
    wanted = [*project["dependencies"], *pyproject["build-system"]["requires"]]
    if lock == "requirements-dev.lock":
        wanted += project["optional-dependencies"]["dev"]
    locked = pins(lock, environment)
    for line in wanted:
        requirement = Requirement(line)
        name = str(canonicalize_name(requirement.name))
        assert name in locked, f"{lock} lacks {name}: run `make lock`"
        assert requirement.specifier.contains(locked[name], prereleases=True), (
            f"{lock} has {name} {locked[name]}, pyproject.toml asks for {requirement}: "
            "run `make lock`"
        )


def test_development_has_the_very_versions_of_production() -> None:
    production, development = pins("requirements.lock"), pins("requirements-dev.lock")
    assert production.items() <= development.items()


def test_production_gets_no_test_tools() -> None:
    assert (
        pins("requirements.lock")
        .keys()
        .isdisjoint(
            {"pytest", "mypy", "ruff", "playwright", "hypothesis", "import-linter", "pre-commit"}
        )
    )


def test_any_python_can_fetch_uv() -> None:
    text = (ROOT / "requirements-uv.lock").read_text(encoding="utf-8")
    assert [(pin["name"], pin["marker"]) for pin in _PIN.finditer(text)] == [("uv", None)]
