"""The table in docs/channels.md: the same conversations, channel by channel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bot.model.choices import choices_of
from tests.channels.base import Shown
from tests.channels.meaning import matching
from tests.channels.talk import Held, Script

PAGE = Path(__file__).resolve().parents[2] / "docs" / "channels.md"
_BEGIN, _END = "<!-- the table begins -->", "<!-- the table ends -->"
_TITLES = {"web": "Web", "rest": "REST"}

Key = tuple[str, str, str]


def rows(
    held: Mapping[Key, Held],
    shown: Mapping[Key, Sequence[Shown]],
    scripts: Sequence[Script],
    channels: Sequence[str],
) -> list[str]:
    """The table's lines, in Markdown."""
    titles = [_TITLES.get(name, name.capitalize()) for name in channels]
    lines = [f"| conversation | | turns | {' | '.join(titles)} |"]
    lines.append(f"| --- | --- | ---: | {' | '.join('---' for _ in channels)} |")
    for script in scripts:
        cells = [
            ", ".join(_cell(held[key], shown[key]))
            for key in ((script.language, script.name, name) for name in channels)
        ]
        name = script.name.replace("|", "\\|")
        lines.append(f"| {name} | {script.language} | {len(script.turns)} | {' | '.join(cells)} |")
    return lines


def page_with(page: str, lines: Sequence[str]) -> str:
    """The page with these lines as its table. Raises ValueError where it has no place for one."""
    before, begin, rest = page.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise ValueError(f"the page must hold {_BEGIN} and {_END}")
    return f"{before}{begin}\n\n" + "\n".join(lines) + f"\n\n{end}{after}"


def _cell(held: Held, shown: Sequence[Shown]) -> Iterator[str]:
    """How many messages, how many choices to press, how many by a number of a list."""
    offered = [
        choice
        for answer in held.answers
        for content in answer or ()
        for choice in choices_of(content)
    ]
    pressed = sum(bool(matching(choice, shown)) for choice in offered)
    yield f"{len(shown)} message{'s' * (len(shown) != 1)}"
    if pressed:
        yield f"{pressed} button{'s' * (pressed != 1)}"
    if len(offered) > pressed:
        yield f"{len(offered) - pressed} numbered"
    missing = held.answers.count(None)
    if missing:
        yield f"{len(held.answers) - missing} of {len(held.answers)} turns"
