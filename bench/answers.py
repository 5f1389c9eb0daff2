"""Tells whether an answer is the right one for what was asked.

The expected texts come from the project's own domain: a step of the script names a response, and
any of that response's variations is right. Texts can be improved without touching the benchmark.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

import yaml

from bench.errors import ScriptMismatch

_VARIABLE = re.compile(r"\{(\w+)\}")


class Verdict(str, Enum):
    """What became of one message."""

    RIGHT = "right"
    OTHER_LANGUAGE = "other_language"
    WRONG = "wrong"
    ERROR = "error"


@dataclass(frozen=True)
class Step:
    """One message of a script and what must come back.

    `expects` are names of responses, in order; `values` are what their variables must hold.
    """

    say: str
    expects: tuple[str, ...]
    values: Mapping[str, str] = field(default_factory=dict)


class AnswerBook:
    """The responses of a domain, as patterns."""

    def __init__(self, responses: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        self._responses = responses
        # The judge sits on the cores that are measured: what it needs is made once.
        self._compiled: dict[tuple[object, ...], tuple[re.Pattern[str], ...]] = {}

    @classmethod
    def of_domain(cls, path: Path) -> AnswerBook:
        """Read `domain.yml`. Raises ScriptMismatch where it has no responses."""
        domain = yaml.safe_load(path.read_text(encoding="utf-8"))
        responses = domain.get("responses") if isinstance(domain, dict) else None
        if not isinstance(responses, dict):
            raise ScriptMismatch(f"{path} has no responses")
        return cls(responses)

    def judge(self, step: Step, language: str, messages: Sequence[Mapping[str, Any]]) -> Verdict:
        """Compare a REST answer (a list of `{"recipient_id", "text", ...}`) with what is expected.

        RIGHT: each expected response is there once, in order, the first one first.
        OTHER_LANGUAGE: so it is, but in the words for the other language. WRONG: neither.
        Raises ScriptMismatch where the domain does not have an expected response.
        """
        said = _plain(" ".join(str(message.get("text") or "") for message in messages))
        if self._holds(said, step, language):
            return Verdict.RIGHT
        if self._holds(said, step, None):
            return Verdict.OTHER_LANGUAGE
        return Verdict.WRONG

    def _holds(self, said: str, step: Step, language: str | None) -> bool:
        place = 0
        for number, name in enumerate(step.expects):
            spans = [
                match.span()
                for pattern in self._patterns(name, step.values, language)
                for match in pattern.finditer(said)
            ]
            if not spans or (number == 0 and min(spans)[0] != 0):
                return False
            if len({start for start, _ in spans}) > step.expects.count(name):
                return False
            later = [span for span in spans if span[0] >= place]
            if not later:
                return False
            place = min(later)[1]
        return True

    def _patterns(
        self, name: str, values: Mapping[str, str], language: str | None
    ) -> tuple[re.Pattern[str], ...]:
        key = (name, tuple(values.items()), language)
        if key not in self._compiled:
            self._compiled[key] = tuple(self._compile(name, values, language))
        return self._compiled[key]

    def _compile(
        self, name: str, values: Mapping[str, str], language: str | None
    ) -> Iterator[re.Pattern[str]]:
        variations = self._responses.get(name)
        if not variations:
            raise ScriptMismatch(
                f"the domain has no response {name!r}, which the load script waits for: "
                "bring bench/conversations.py and domain.yml together"
            )
        for variation in variations:
            text = _plain(str(variation.get("text") or ""))
            if text and language in (None, _language_of(variation)):
                yield re.compile(_as_pattern(text, values))


def _language_of(variation: Mapping[str, Any]) -> str:
    for condition in variation.get("condition") or ():
        if condition.get("name") == "language":
            return str(condition.get("value"))
    return "en"


def _as_pattern(text: str, values: Mapping[str, str]) -> str:
    parts = _VARIABLE.split(text)
    pattern = [re.escape(parts[0])]
    for name, literal in zip(parts[1::2], parts[2::2], strict=True):
        pattern.append(re.escape(values[name]) if name in values else r"\S(?:.{0,200}?\S)??")
        pattern.append(re.escape(literal))
    return "".join(pattern)


def _plain(text: str) -> str:
    return " ".join(text.split())
