"""What the code imports is what pyproject.toml declares: nothing is there by another's grace."""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
import tomli
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
OWN = {"bot", "channels", "actions", "tests", "bench", "scripts", "docs"}


def declared(*, dev: bool) -> set[str]:
    project = tomli.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = project["dependencies"] + (project["optional-dependencies"]["dev"] if dev else [])
    return {str(canonicalize_name(Requirement(line).name)) for line in lines}


@pytest.fixture(scope="module")
def owners() -> dict[str, set[str]]:
    """Which distributions bring a top-level module."""
    found: dict[str, set[str]] = defaultdict(set)
    for distribution in metadata.distributions():
        name = str(canonicalize_name(distribution.metadata["Name"]))
        # The record's lines, since `files` makes a path object of each of 100,000.
        for line in (distribution.read_text("RECORD") or "").splitlines():
            path = line.partition(",")[0]
            if path.endswith((".py", ".so")):
                found[path.partition("/")[0].partition(".")[0]].add(name)
    return found


def imports(folder: str) -> Iterator[tuple[str, Path]]:
    for path in sorted((ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module]
            else:
                continue
            for name in names:
                yield name.partition(".")[0], path.relative_to(ROOT)


@pytest.mark.parametrize(
    ("folder", "dev"),
    [
        ("bot", False),
        ("channels", False),
        ("actions", False),
        ("bench", True),
        ("scripts", True),
        ("tests", True),
    ],
)
def test_every_import_is_declared(folder: str, dev: bool, owners: dict[str, set[str]]) -> None:
    known = declared(dev=dev)
    undeclared = {
        f"{path} imports {module}"
        for module, path in imports(folder)
        if module not in sys.stdlib_module_names | OWN and owners[module].isdisjoint(known)
    }
    assert undeclared == set()
