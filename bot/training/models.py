"""Trained models on disk, and which of them fits the data that is there now.

A model `models/<when>-<first 8 of the fingerprint>.tar.gz` has a note beside it, `.json` in place
of `.tar.gz`, that tells what it was trained from. A model that plain `rasa train` made has none.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from bot.errors import ModelNotFound
from bot.settings import Settings

CONFIGURATION = ("config.yml", "domain.yml")
DATA = "data"
# What the desk says lies there too: no model knows of it, so changing it asks for no training.
_DESK_TEXTS = Path(DATA, "desk")
SUFFIX = ".tar.gz"

# A model holds objects of these packages: another version may not read them.
_PACKAGES = ("rasa", "scikit-learn")


@dataclass(frozen=True)
class StoredModel:
    """A model file. `fingerprint` is None where no note tells what it was trained from."""

    path: Path
    fingerprint: str | None


def fingerprint(root: Path = Path()) -> str:
    """64 hexadecimal digits that stand for all that training in the Rasa project `root` reads.

    Its configuration and data, the code of Flerkanal's own NLU components, and the versions of the
    packages that write the model. Raises ModelNotFound where `root` is no Rasa project.
    """
    missing = [name for name in (*CONFIGURATION, DATA) if not (root / name).exists()]
    if missing:
        raise ModelNotFound(
            f"{root.absolute()} has no {', '.join(missing)}: run in the folder of the Rasa project"
        )
    digest = hashlib.sha256()
    for name, content in _ingredients(root):
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def stored_models(models_dir: Path) -> list[StoredModel]:
    """Every finished model in the folder, the newest first."""
    found = [(path.stat().st_mtime, path.name, path) for path in models_dir.glob(f"*{SUFFIX}")]
    return [StoredModel(path, _noted(path)) for _, _, path in sorted(found, reverse=True)]


def fitting_model(settings: Settings, root: Path = Path()) -> Path | None:
    """The newest model that was trained from what is in `root` now, or None.

    Raises ModelNotFound where `root` is no Rasa project.
    """
    wanted = fingerprint(root)
    for model in stored_models(settings.models_dir):
        if model.fingerprint == wanted:
            return model.path
    return None


def find_model(settings: Settings, root: Path = Path()) -> Path:
    """The model to load: the newest that fits the data, else the newest there is.

    A bot that answers from last week's data is better than none while a new model is trained;
    `fitting_model` tells them apart. Raises ModelNotFound where there is no model at all.
    """
    models = stored_models(settings.models_dir)
    if not models:
        raise ModelNotFound(
            f"there is no trained model in {settings.models_dir.absolute()}: run `flerkanal train`"
        )
    try:
        return fitting_model(settings, root) or models[0].path
    except ModelNotFound:
        # A machine that only runs workers needs the models, not the data.
        return models[0].path


def note_of(model: Path) -> Path:
    """Where the note about the model is."""
    return model.with_name(model.name.removesuffix(SUFFIX) + ".json")


def _noted(model: Path) -> str | None:
    try:
        noted = json.loads(note_of(model).read_text())["fingerprint"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return noted if isinstance(noted, str) else None


def _ingredients(root: Path) -> Iterator[tuple[str, bytes]]:
    for name in CONFIGURATION:
        yield name, (root / name).read_bytes()
    for path in _files(root / DATA, "*"):
        if path.is_relative_to(root / _DESK_TEXTS):
            continue
        yield path.relative_to(root).as_posix(), path.read_bytes()
    code = find_spec("bot.nlu")
    for folder in (code.submodule_search_locations or ()) if code else ():
        for path in _files(Path(folder), "*.py"):
            yield f"bot/nlu/{path.relative_to(folder).as_posix()}", path.read_bytes()
    for package in _PACKAGES:
        yield package, metadata.version(package).encode()
    yield "python", f"{sys.version_info.major}.{sys.version_info.minor}".encode()


def _files(folder: Path, pattern: str) -> Iterable[Path]:
    # Editors leave their own hidden files beside what is edited.
    return sorted(
        path for path in folder.rglob(pattern) if path.is_file() and not path.name.startswith(".")
    )
