"""The console's words: English in the code and the templates, other languages in `locale/*.po`."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from io import BytesIO

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

Words = NullTranslations

SOURCE_LANGUAGE = "en"


def mark(text: str) -> str:
    """The text itself; it is translated where it is shown. Finds its way into the catalogues."""
    return text


def load_words() -> Mapping[str, Words]:
    """The words of every language that the console speaks, by language.

    Raises babel's PoFileError for a catalogue that can't be read.
    """
    words: dict[str, Words] = {SOURCE_LANGUAGE: NullTranslations()}
    for file in resources.files(__package__).joinpath("locale").iterdir():
        language, _, kind = file.name.partition(".")
        if kind == "po":
            words[language] = _compiled(language, file.read_bytes())
    return words


def _compiled(language: str, source: bytes) -> Translations:
    catalogue = read_po(BytesIO(source), locale=language, abort_invalid=True)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)
