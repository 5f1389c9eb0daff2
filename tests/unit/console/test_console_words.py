from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

CONSOLE = Path(__file__).resolve().parents[3] / "bot" / "console"
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
# `mark` is bot.console.words.mark; `{singular}, {plural}` are ngettext's first two.
KEYWORDS = {"_": None, "gettext": None, "mark": None, "ngettext": (1, 2)}
OPTIONS = {"templates/**.html": {"silent": "false"}}
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]")

LANGUAGES = ["nb"]


def used() -> dict[str | tuple[str, ...], str]:
    """Every text of the code and the templates, with a place where it stands."""
    found = extract_from_dir(
        str(CONSOLE),
        method_map=METHODS,
        options_map=OPTIONS,
        keywords=KEYWORDS,
        strip_comment_tags=True,
    )
    return {message: f"{file}:{line}" for file, line, message, _, _ in found}


def catalogue(language: str) -> Catalog:
    with (CONSOLE / "locale" / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def forms(message: str | tuple[str, ...] | list[str] | None) -> Iterator[str]:
    yield from (message,) if isinstance(message, str) else message or ()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated(language: str) -> None:
    known = {next(forms(message.id)): message for message in catalogue(language) if message.id}
    missing = {
        f"{place}: {message!r}"
        for message, place in used().items()
        if (entry := known.get(next(forms(message)))) is None
        or entry.fuzzy
        or not all(forms(entry.string))
    }
    assert len(used()) > 30
    assert not missing


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_has_the_placeholders_of_its_text(language: str) -> None:
    differing = {
        str(message.id)
        for message in catalogue(language)
        if message.id
        and any(
            set(PLACEHOLDER.findall(text)) != set(PLACEHOLDER.findall("".join(forms(message.id))))
            for text in forms(message.string)
        )
    }
    assert not differing


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_translation_is_left_of_a_text_that_is_gone(language: str) -> None:
    texts = {next(forms(message)) for message in used()}
    left = {next(forms(message.id)) for message in catalogue(language) if message.id} - texts
    assert not left
