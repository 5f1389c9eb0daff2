"""When the set-up may be skipped, and when not."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("setup_stamp", ROOT / "scripts/setup_stamp.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


stamp = load()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "a project"
    (root / ".venv").mkdir(parents=True)
    (root / "scripts").mkdir()
    for name in stamp.INPUTS:
        shutil.copy(ROOT / name, root / name)
    return root


def test_nothing_is_done_at_first(project: Path) -> None:
    assert not stamp.is_done(project, "run")
    assert stamp.widest(project, "run") == "run"


def test_a_set_up_for_development_serves_running_but_not_the_other_way(project: Path) -> None:
    stamp.write(project, "run")
    assert stamp.is_done(project, "run")
    assert not stamp.is_done(project, "dev")
    stamp.write(project, "dev")
    assert stamp.is_done(project, "run")
    assert stamp.is_done(project, "dev")


@pytest.mark.parametrize("name", stamp.INPUTS)
def test_a_change_of_what_it_was_made_from_is_noticed(project: Path, name: str) -> None:
    stamp.write(project, "dev")
    with (project / name).open("a", encoding="utf-8") as file:
        file.write("\n")
    assert not stamp.is_done(project, "run")


def test_a_moved_project_is_set_up_anew(project: Path) -> None:
    stamp.write(project, "dev")
    moved = project.rename(project.with_name("elsewhere"))
    assert not stamp.is_done(moved, "run")


def test_a_changed_lock_does_not_take_the_test_tools_away(project: Path) -> None:
    stamp.write(project, "dev")
    (project / "requirements.lock").write_text("", encoding="utf-8")
    assert stamp.widest(project, "run") == "dev"


@pytest.mark.parametrize("content", ["", "dev", "dev 0", "prod 0", "dev 0 0", "\0"])
def test_a_damaged_stamp_counts_as_none(project: Path, content: str) -> None:
    (project / stamp.STAMP).write_text(content, encoding="utf-8")
    assert not stamp.is_done(project, "run")


@pytest.mark.parametrize("arguments", [[], ["check"], ["check", "prod"], ["write", "run", "dev"]])
def test_a_wrong_call_is_told_how(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert stamp.main(arguments) == 2
    assert "check|widest|write run|dev, or clear" in capsys.readouterr().err
