""".env.example is the list of settings that people read: it must be whole and true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.settings import Settings, load_settings

EXAMPLE = Path(__file__).resolve().parents[2] / ".env.example"
LINE = re.compile(r"^#([A-Z][A-Z_]*)=(.*)$", re.MULTILINE)
SHOWN = dict(LINE.findall(EXAMPLE.read_text(encoding="utf-8")))


def test_it_names_every_setting_and_no_other() -> None:
    assert {name.lower() for name in SHOWN} == set(Settings.__fields__)


@pytest.mark.parametrize("name", sorted(SHOWN))
def test_a_default_shown_is_the_default(name: str) -> None:
    field = Settings.__fields__[name.lower()]
    if SHOWN[name] == "":
        assert not field.default
        return
    value, error = field.validate(SHOWN[name], {}, loc=name)
    assert error is None
    assert value == field.default


def test_every_line_uncommented_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    without = load_settings()
    lines = LINE.sub(r"\1=\2", EXAMPLE.read_text(encoding="utf-8"))
    (tmp_path / ".env").write_text(lines, encoding="utf-8")
    assert load_settings() == without
