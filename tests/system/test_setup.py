"""The set-up for real, over a project that is small: real uv, a real environment, real hashes."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PYPROJECT = """\
[build-system]
requires = ["setuptools>=70"]
build-backend = "setuptools.build_meta"

[project]
name = "flerkanal"
version = "0"
requires-python = ">=3.10,<3.11"

[project.scripts]
flerkanal = "small:main"

[tool.setuptools]
py-modules = ["small"]
"""


def pin(name: str) -> str:
    """One package's lines of the development lock."""
    lock = (ROOT / "requirements-dev.lock").read_text(encoding="utf-8")
    found = re.search(rf"^{name}==.*?\n(?! )", lock, re.MULTILINE | re.DOTALL)
    assert found is not None, name
    return found[0]


class Project:
    """A project that differs from this one in its locks' length alone."""

    def __init__(self, root: Path, uv: Path) -> None:
        self.root = root
        self.python = root / ".venv/bin/python"
        self.environment = {**os.environ, "PATH": f"{uv.parent}:{os.environ['PATH']}"}
        shutil.copytree(ROOT / "scripts", root / "scripts")
        (root / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
        (root / "small.py").write_text("def main(): print('it runs')\n", encoding="utf-8")
        (root / "requirements.lock").write_text(pin("setuptools"), encoding="utf-8")
        (root / "requirements-dev.lock").write_text(
            pin("setuptools") + pin("iniconfig"), encoding="utf-8"
        )

    def start(self, profile: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self.root / "scripts/setup.sh", profile],
            env={**self.environment, **environment},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def set_up(self, profile: str, **environment: str) -> tuple[int, str]:
        process = self.start(profile, **environment)
        output, _ = process.communicate(timeout=120)
        return process.returncode, output

    def has(self, module: str) -> bool:
        return subprocess.run([self.python, "-c", f"import {module}"], check=False).returncode == 0

    def runs(self) -> bool:
        command = [self.root / ".venv/bin/flerkanal"]
        return subprocess.run(command, capture_output=True, check=False).stdout == b"it runs\n"


@pytest.fixture(scope="module")
def uv() -> Path:
    found = subprocess.run(
        [ROOT / "scripts/find-uv.sh"], check=True, stdout=subprocess.PIPE, text=True
    )
    return (ROOT / found.stdout.strip()).absolute()


@pytest.fixture
def project(tmp_path: Path, uv: Path) -> Project:
    root = tmp_path / "a project"
    root.mkdir()
    return Project(root, uv)


def test_the_first_run_makes_all_and_the_second_does_nothing(project: Project) -> None:
    code, output = project.set_up("run")
    assert code == 0, output
    assert "installing requirements.lock (1 packages)" in output
    assert project.runs()
    assert not project.has("iniconfig")

    started = time.monotonic()
    assert project.set_up("run") == (0, "")
    assert time.monotonic() - started < 1.0


def test_running_and_testing_do_not_undo_each_other(project: Project) -> None:
    assert project.set_up("run")[0] == 0
    assert project.set_up("dev")[0] == 0
    assert project.has("iniconfig")
    assert project.set_up("run") == (0, "")
    assert project.has("iniconfig")


def test_a_changed_lock_is_followed(project: Project) -> None:
    assert project.set_up("dev")[0] == 0
    lock = project.root / "requirements-dev.lock"
    lock.write_text(pin("setuptools"), encoding="utf-8")
    code, output = project.set_up("run")
    assert code == 0, output
    assert not project.has("iniconfig")
    assert project.runs()


def test_a_run_killed_in_the_middle_is_made_good_by_the_next(project: Project) -> None:
    process = project.start("dev")
    assert process.stdout is not None
    for line in process.stdout:
        if "installing" in line:
            break
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert not (project.root / ".venv/.flerkanal-setup").exists()

    code, output = project.set_up("dev")
    assert code == 0, output
    assert project.has("iniconfig")
    assert project.runs()


def test_an_environment_whose_python_has_gone_is_made_anew(project: Project) -> None:
    assert project.set_up("run")[0] == 0
    project.python.unlink()
    project.python.symlink_to("/nowhere/python3.10")
    code, output = project.set_up("run")
    assert code == 0, output
    assert project.runs()


def test_a_package_that_is_not_the_locked_one_is_refused(project: Project) -> None:
    lock = project.root / "requirements.lock"
    wrong = re.sub(r"sha256:[0-9a-f]{64}", "sha256:" + "0" * 64, pin("setuptools"))
    lock.write_text(wrong, encoding="utf-8")
    code, output = project.set_up("run")
    assert code != 0
    assert "hash" in output.lower()
    assert "Mend that and start again" in output
    assert not (project.root / ".venv/.flerkanal-setup").exists()


@pytest.mark.parametrize(
    ("profile", "environment", "says"),
    [
        ("prod", {}, "unknown profile 'prod': use run or dev"),
        ("run", {"FLERKANAL_PYTHON": "/bin/false"}, "/bin/false is no Python 3.10 that runs"),
    ],
)
def test_what_can_not_be_done_is_told(
    project: Project, profile: str, environment: dict[str, str], says: str
) -> None:
    code, output = project.set_up(profile, **environment)
    assert code != 0
    assert says in output
    assert not (project.root / ".venv").exists()
