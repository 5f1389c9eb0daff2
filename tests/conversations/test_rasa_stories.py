"""Rasa's own test of the conversations beside this file, as `rasa test core` runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_every_path_in_both_languages(trained_model: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "rasa", "test", "core", "--e2e", "--no-plot"]
    command += ["--model", str(trained_model), "--stories", str(Path(__file__).parent)]
    # Rasa's --fail-on-prediction-errors stops at the first; a report names all of them.
    command += ["--out", str(tmp_path)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=280, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    failed = (tmp_path / "failed_test_stories.yml").read_text("utf-8")
    # Rasa writes a remark in place of stories where none failed.
    assert "- story" not in failed, failed
    report = json.loads((tmp_path / "story_report.json").read_text("utf-8"))
    assert report["conversation_accuracy"]["total"] > 150
    assert report["conversation_accuracy"]["accuracy"] == 1.0
