"""The command line's outside: help, version, errors, and what it must not load."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import app
from bot.errors import PartFailed, SettingsError
from bot.training.models import fingerprint, note_of

ROOT = Path(__file__).resolve().parents[3]
COMMANDS = [
    ["up"],
    ["gateway"],
    ["worker"],
    ["sender"],
    ["train"],
    ["doctor"],
    ["user"],
    ["user", "add"],
    ["user", "list"],
    ["user", "roles"],
    ["user", "password"],
    ["user", "sessions"],
    ["user", "disable"],
    ["user", "enable"],
    ["dead-letters"],
    ["dead-letters", "list"],
    ["dead-letters", "replay"],
]


@pytest.fixture
def runner() -> CliRunner:
    return CliRunner()


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(runner: CliRunner, command: list[str]) -> None:
    result = runner.invoke(app, [*command, "--help"])
    assert result.exit_code == 0
    assert f"Usage: flerkanal {' '.join(command)}" in result.output.replace("root", "flerkanal")


def test_help_names_every_command(runner: CliRunner) -> None:
    output = runner.invoke(app, ["--help"]).output
    for command in COMMANDS:
        assert command[0] in output


def test_help_and_train_if_needed_load_nothing_heavy(tmp_path: Path) -> None:
    program = """
import sys
sys.argv = ["flerkanal", *{arguments!r}]
from bot.cli import app
try:
    app()
except SystemExit as end:
    assert not end.code, end.code
heavy = {{"rasa", "torch", "tensorflow", "spacy", "sklearn", "starlette", "sqlalchemy"}}
print(sorted(heavy & set(sys.modules)))
"""
    project = tmp_path / "project"
    (project / "data").mkdir(parents=True)
    for name in ("config.yml", "domain.yml"):
        (project / name).write_text("{}\n")
    model = project / "models" / "one.tar.gz"
    model.parent.mkdir()
    model.touch()
    note_of(model).write_text(json.dumps({"fingerprint": fingerprint(project)}))
    for arguments in (["--help"], ["train", "--if-needed"]):
        result = subprocess.run(
            [sys.executable, "-c", program.format(arguments=arguments)],
            cwd=project,
            env={"PYTHONPATH": str(ROOT), "PATH": ""},
            capture_output=True,
            text=True,
            check=True,
        )
        assert result.stdout.splitlines()[-1] == "[]"
        if "train" in arguments:
            assert "models/one.tar.gz" in result.stdout


def test_version_is_shown(runner: CliRunner) -> None:
    result = runner.invoke(app, ["--version"])
    assert result.exit_code == 0
    assert result.output.startswith("flerkanal ")


@pytest.mark.parametrize("command", ["up", "gateway", "worker", "sender", "train"])
def test_wrong_settings_are_listed_without_a_traceback(
    runner: CliRunner, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-do-not-show")
    monkeypatch.setenv("TELEGRAM_SECRET_TOKEN", "do-not-show-either")
    result = runner.invoke(app, [command])
    assert result.exit_code == 2
    assert "SLACK_SIGNING_SECRET is missing" in result.output
    assert "TELEGRAM_BOT_TOKEN is missing" in result.output
    assert "do-not-show" not in result.output
    assert "Traceback" not in result.output


def test_train_outside_of_a_project_says_where_to_run_it(
    runner: CliRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = runner.invoke(app, ["train"])
    assert result.exit_code == 3
    assert "run in the folder of the Rasa project" in result.output
    assert list(tmp_path.iterdir()) == [], "nothing was made"


@pytest.mark.parametrize("arguments", [[], ["0-1-1", "--all"]])
def test_replay_wants_ids_or_all(runner: CliRunner, arguments: list[str]) -> None:
    result = runner.invoke(app, ["dead-letters", "replay", *arguments])
    assert result.exit_code == 2
    assert "--all" in result.output


def test_errors_with_last_lines_show_them(capsys: pytest.CaptureFixture[str]) -> None:
    from bot.cli.screen import show_error

    code = show_error(PartFailed("worker", "ended", ["[red]not markup[/]", "\x1b[31mred\x1b[0m"]))
    shown = capsys.readouterr().err
    assert code == 1
    assert "worker ended" in shown
    assert "[red]not markup[/]" in shown
    assert "red" in shown.splitlines()[-1]
    assert show_error(SettingsError(["PORT: [taken]"])) == 2
    assert "PORT: [taken]" in capsys.readouterr().err
