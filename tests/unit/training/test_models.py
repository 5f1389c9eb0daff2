"""Which model fits the data, and which is loaded."""

from __future__ import annotations

import json
import os
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from bot.errors import ModelNotFound
from bot.settings import Settings, load_settings
from bot.training.models import find_model, fingerprint, fitting_model, note_of, stored_models


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "data" / "nlu").mkdir(parents=True)
    (tmp_path / "config.yml").write_text("recipe: default.v1\n")
    (tmp_path / "domain.yml").write_text("intents: [greet]\n")
    (tmp_path / "data" / "nlu" / "greet.yml").write_text("nlu: []\n")
    return tmp_path


@pytest.fixture
def settings(project: Path) -> Settings:
    return load_settings(models_dir=project / "models")


def put_model(settings: Settings, name: str, trained_from: str | None, at: float) -> Path:
    settings.models_dir.mkdir(exist_ok=True)
    path = settings.models_dir / f"{name}.tar.gz"
    path.write_bytes(b"model")
    os.utime(path, (at, at))
    if trained_from is not None:
        note_of(path).write_text(json.dumps({"fingerprint": trained_from}))
    return path


@pytest.mark.parametrize(
    "changed", ["config.yml", "domain.yml", "data/nlu/greet.yml", "data/rules/new.yml"]
)
def test_the_fingerprint_follows_each_file(project: Path, changed: str) -> None:
    before = fingerprint(project)
    assert fingerprint(project) == before
    (project / changed).parent.mkdir(exist_ok=True)
    (project / changed).write_text("# changed\n")
    assert fingerprint(project) != before


def test_the_fingerprint_follows_names_as_well_as_contents(project: Path) -> None:
    before = fingerprint(project)
    (project / "data/nlu/greet.yml").rename(project / "data/nlu/hello.yml")
    assert fingerprint(project) != before


def test_the_texts_of_the_desk_ask_for_no_training(project: Path) -> None:
    before = fingerprint(project)
    (project / "data/desk").mkdir()
    (project / "data/desk/nn.yml").write_text("closed: Vi har stengt no.\n")
    assert fingerprint(project) == before


def test_the_fingerprint_follows_versions(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = fingerprint(project)
    monkeypatch.setattr("importlib.metadata.version", lambda package: "99.0")
    assert fingerprint(project) != before


def test_the_fingerprint_follows_the_code_of_the_components(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = project / "code"
    code.mkdir()
    (code / "language.py").write_text("LANGUAGES = ['en']\n")

    spec = ModuleSpec("bot.nlu", None, is_package=True)
    spec.submodule_search_locations = [str(code)]
    monkeypatch.setattr("bot.training.models.find_spec", lambda name: spec)
    before = fingerprint(project)
    (code / "language.py").write_text("LANGUAGES = ['en', 'nb']\n")
    assert fingerprint(project) != before


def test_what_editors_leave_behind_does_not_count(project: Path) -> None:
    before = fingerprint(project)
    (project / "data/nlu/.greet.yml.swp").write_bytes(b"\x00")
    assert fingerprint(project) == before


def test_a_folder_that_is_no_project_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound, match=r"has no config\.yml, domain\.yml, data: run in"):
        fingerprint(tmp_path)


def test_the_newest_fitting_model_wins_over_newer_ones(project: Path, settings: Settings) -> None:
    wanted = fingerprint(project)
    put_model(settings, "old-fitting", wanted, at=100)
    fitting = put_model(settings, "fitting", wanted, at=200)
    put_model(settings, "other", "0" * 64, at=300)
    put_model(settings, "by-plain-rasa", None, at=400)
    assert fitting_model(settings, project) == fitting
    assert find_model(settings, project) == fitting


def test_without_a_fitting_model_the_newest_is_loaded(project: Path, settings: Settings) -> None:
    put_model(settings, "older", "0" * 64, at=100)
    newest = put_model(settings, "newest", None, at=200)
    assert fitting_model(settings, project) is None
    assert find_model(settings, project) == newest


def test_a_machine_without_the_data_loads_the_newest(tmp_path: Path, settings: Settings) -> None:
    newest = put_model(settings, "newest", "0" * 64, at=200)
    empty = tmp_path / "empty"
    empty.mkdir()
    assert find_model(settings, empty) == newest


def test_no_model_says_what_to_run(project: Path, settings: Settings) -> None:
    with pytest.raises(ModelNotFound, match="run `flerkanal train`"):
        find_model(settings, project)


@pytest.mark.parametrize("note", ["", "[]", "{}", '{"fingerprint": 1}', "\x00"])
def test_a_damaged_note_is_no_note(settings: Settings, note: str) -> None:
    path = put_model(settings, "model", None, at=100)
    note_of(path).write_text(note)
    assert [model.fingerprint for model in stored_models(settings.models_dir)] == [None]


def test_a_model_that_is_being_made_is_not_seen(settings: Settings) -> None:
    workshop = settings.models_dir / ".training-x"
    workshop.mkdir(parents=True)
    (workshop / "model.tar.gz").write_bytes(b"half")
    assert stored_models(settings.models_dir) == []
