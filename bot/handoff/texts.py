"""What the desk itself says to customers, from one file a language; checked at start."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from string import Formatter
from typing import Any

import yaml

from bot.errors import SettingsError

FALLBACK = "en"

# Every text, with the placeholders that it may hold.
KEYS: Mapping[str, frozenset[str]] = {
    key: frozenset(names.split())
    for key, names in {
        "next_in_queue": "",
        "place_in_queue": "place",
        "expected_wait": "wait",
        "while_waiting": "",
        "now_next_in_queue": "",
        "now_at_place": "place",
        "nobody_there": "",
        "closed": "opens",
        "closed_for_now": "",
        "offer_case": "",
        "offer_callback": "",
        "offer_email": "email",
        "taken": "agent",
        "passed_to_agent": "agent",
        "passed_to_team": "",
        "agent_gone": "",
        "escalated": "",
        "closing_time": "",
        "left_queue_for_case": "",
        "closing": "agent",
        "rating": "",
        "button_back_to_bot": "",
        "button_open_case": "",
        "button_callback": "",
        "opens_today": "time",
        "opens_tomorrow": "time",
        "opens_this_week": "weekday time",
        "opens_later": "date time",
    }.items()
}
# A sentence without them would promise something and not say what.
_NEEDED = {"place", "wait", "opens", "email", "agent", "time"}


class DeskTexts:
    """The texts by language; every language has all of them."""

    def __init__(self, texts: Mapping[str, Mapping[str, str]]) -> None:
        self._texts = texts

    @property
    def languages(self) -> tuple[str, ...]:
        """Those there is a file for."""
        return tuple(sorted(self._texts))

    def language_for(self, language: str) -> str:
        """The one that a customer of `language` is answered in: `nb-NO` gets `nb`, else English."""
        wanted = language.replace("_", "-").lower()
        for name in (wanted, wanted.partition("-")[0]):
            if name in self._texts:
                return name
        return FALLBACK

    def get(self, language: str, key: str, **values: object) -> str:
        """A text with its placeholders filled."""
        return self._texts[self.language_for(language)][key].format(**values)


def load_texts(directory: Path) -> DeskTexts:
    """Read all `<language>.yml` of a folder.

    Raises SettingsError, which names every fault: a file that is none, a text that is missing, one
    that nobody knows, a placeholder that is unknown or left out.
    """
    files = sorted(directory.glob("*.yml"))
    problems: list[str] = []
    if not any(file.stem == FALLBACK for file in files):
        problems.append(
            f"DESK_TEXTS_DIR: {directory / f'{FALLBACK}.yml'} is missing: it has the texts for all "
            "languages that have no file of their own"
        )
    texts = {file.stem.lower(): _read(file, problems) for file in files}
    if problems:
        raise SettingsError(problems)
    return DeskTexts(texts)


def _read(file: Path, problems: list[str]) -> Mapping[str, str]:
    try:
        data: Any = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        problems.append(f"{file}: can't be read: {error}")
        return {}
    if not isinstance(data, dict):
        problems.append(f"{file}: must hold one text a line, such as `rating: How was it?`")
        return {}
    problems += [f"{file}: {key} is missing" for key in KEYS if key not in data]
    problems += [f"{file}: {key} is no text of the desk" for key in data if key not in KEYS]
    for key, value in data.items():
        if key in KEYS:
            problems += [f"{file}: {key}: {fault}" for fault in _faults(value, KEYS[key])]
    return data


def _faults(value: object, allowed: frozenset[str]) -> list[str]:
    if not isinstance(value, str) or not value.strip():
        return ["must be a text"]
    try:
        fields = [(name, spec, how) for _, name, spec, how in Formatter().parse(value)]
    except ValueError as error:
        return [f"its braces do not fit ({error}): write {{{{ for a brace"]
    named = [field for field in fields if field[0] is not None]
    used = {name for name, _, _ in named if name is not None}
    faults = [f"unknown placeholder {{{name}}}" for name in sorted(used - allowed)]
    faults += [
        f"the placeholder {{{name}}} is left out" for name in sorted((allowed & _NEEDED) - used)
    ]
    if any(spec or how for _, spec, how in named):
        faults.append("a placeholder is a name in braces and nothing else")
    return faults
