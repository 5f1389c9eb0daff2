"""Training with the real Rasa, on a project that is as small as one can be."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from bot.errors import TrainingFailed
from bot.settings import Settings, load_settings
from bot.training.models import find_model, fingerprint, fitting_model, note_of, stored_models
from bot.training.train import Progress, train

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
FILES = {
    "config.yml": """
recipe: default.v1
assistant_id: smallest
language: en
pipeline:
  - name: KeywordIntentClassifier
policies:
  - name: RulePolicy
""",
    "domain.yml": """
version: "3.1"
intents: [greet]
responses:
  utter_greet:
    - text: Hello
""",
    "data/nlu.yml": """
version: "3.1"
nlu:
  - intent: greet
    examples: |
      - hello
      - good morning
""",
    "data/rules.yml": """
version: "3.1"
rules:
  - rule: greet back
    steps:
      - intent: greet
      - action: utter_greet
""",
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "data").mkdir()
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return tmp_path


@pytest.fixture
def settings(project: Path) -> Settings:
    return load_settings(models_dir=project / "models")


def test_a_training_leaves_a_model_that_fits_and_is_not_made_twice(
    project: Path, settings: Settings
) -> None:
    stages: list[Progress] = []
    model = train(settings, stages.append, root=project)

    assert model.parent == settings.models_dir
    assert model.name.endswith(f"-{fingerprint(project)[:8]}.tar.gz")
    note = json.loads(note_of(model).read_text())
    assert note["fingerprint"] == fingerprint(project)
    assert note["rasa"].startswith("3.6")
    assert {path.name for path in settings.models_dir.iterdir()} <= {
        model.name,
        note_of(model).name,
        ".training.lock",
    }
    assert "trained RulePolicy" in [progress.stage for progress in stages]
    assert stages[-1].total == 2
    assert find_model(settings, project) == model

    began = time.monotonic()
    again = train(settings, stages.append, root=project, if_needed=True)
    assert again == model
    assert time.monotonic() - began < 1.0

    (project / "data" / "nlu.yml").write_text(FILES["data/nlu.yml"] + "      - hey there\n")
    assert fitting_model(settings, project) is None


def test_broken_data_is_shown_with_its_file_and_line(project: Path, settings: Settings) -> None:
    (project / "data" / "broken.yml").write_text("nlu:\n  - intent: greet\n   examples: [\n")
    with pytest.raises(TrainingFailed) as failed:
        train(settings, lambda progress: None, root=project)
    tail = "\n".join(failed.value.tail)
    assert "broken.yml" in tail
    assert "line" in tail
    assert "\x1b" not in tail
    assert stored_models(settings.models_dir) == []


def test_a_training_that_is_cut_off_leaves_no_model_and_no_process(
    project: Path, settings: Settings
) -> None:
    command = [sys.executable, "-m", "bot.cli", "train"]
    with subprocess.Popen(
        command, cwd=project, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        trainer = _child(process.pid)
        process.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10
    while trainer.is_running() and trainer.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, "Rasa trains on, for nobody"
        time.sleep(0.05)
    assert stored_models(settings.models_dir) == []
    assert list(settings.models_dir.glob(".training-*")), "it was cut off in the middle"

    model = train(settings, lambda progress: None, root=project)
    assert list(settings.models_dir.glob(".training-*")) == []
    assert stored_models(settings.models_dir)[0].path == model


def test_ctrl_c_ends_the_training(project: Path, settings: Settings) -> None:
    # Where the tests run in the background SIGINT is ignored, and what they start inherits that.
    heeding = (
        "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL);"
        " os.execv(sys.argv[1], sys.argv[1:])"
    )
    command = [sys.executable, "-c", heeding, sys.executable, "-m", "bot.cli", "train"]
    with subprocess.Popen(
        command,
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        trainer = _child(process.pid)
        os.kill(process.pid, signal.SIGINT)
        output, _ = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Traceback" not in output
    assert not trainer.is_running()
    assert list(settings.models_dir.glob(".training-*")) == []


def _child(parent: int) -> psutil.Process:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        for child in psutil.Process(parent).children():
            if "rasa" in child.cmdline():
                return child
        time.sleep(0.02)
    raise AssertionError("no training was started")
