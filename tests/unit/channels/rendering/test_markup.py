"""The small markup: what is a mark, what is not, and that no words are lost."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.rendering.markup import (
    Block,
    Code,
    Item,
    Paragraph,
    Span,
    as_plain,
    link_words,
    parse,
    plain,
)
from channels.rendering.writing import bold, link, list_line, source


def words(*spans: Span | str) -> Paragraph:
    return Paragraph(tuple(Span(span) if isinstance(span, str) else span for span in spans))


CASES: dict[str, tuple[str, tuple[Block, ...]]] = {
    "nothing": (" \n ", ()),
    "white space of other kinds": ("\x0c", ()),
    "styles": (
        "**fet** *skrå* `a*b` ***begge***",
        (
            words(
                Span("fet", bold=True),
                " ",
                Span("skrå", italic=True),
                " ",
                Span("a*b", code=True),
                " ",
                Span("begge", bold=True, italic=True),
            ),
        ),
    ),
    "one inside the other": (
        "**ordre *10042* her**",
        (
            words(
                Span("ordre ", bold=True),
                Span("10042", bold=True, italic=True),
                Span(" her", bold=True),
            ),
        ),
    ),
    "links": (
        "[a **b**](https://a.no/æ) [c](mailto:c@a.no) [d](tel:+4722000000)",
        (
            words(
                Span("a ", url="https://a.no/%C3%A6"),
                Span("b", bold=True, url="https://a.no/%C3%A6"),
                " ",
                Span("c", url="mailto:c@a.no"),
                " ",
                Span("d", url="tel:+4722000000"),
            ),
        ),
    ),
    "a link without a title": (
        "[](https://a.no)",
        (words(Span("https://a.no", url="https://a.no")),),
    ),
    "line breaks and paragraphs": ("a\nb\n\n\nc", (words("a\nb"), words("c"))),
    "lists": (
        "Slik:\n- a\n* b\n\n3. c\n4. d",
        (
            words("Slik:"),
            Item((Span("a"),)),
            Item((Span("b"),)),
            Item((Span("c"),), 3),
            Item((Span("d"),), 4),
        ),
    ),
    "a list in a list": (
        "1. a\n   - b\n     more\n2. c",
        (
            Item((Span("a"),), 1),
            Item((Span("b\nmore"),), depth=1),
            Item((Span("c"),), 2),
        ),
    ),
    "a list from 0": ("0. a", (Item((Span("a"),), 0),)),
    "code": (
        "Se:\n```python\nx = 1\n  y\n```\nog så",
        (words("Se:"), Code("x = 1\n  y"), words("og så")),
    ),
    "code in a list": ("- a\n  ```\n  x\n  ```", (Item((Span("a"),)), Code("x"))),
}

LITERAL = [
    "**alene",
    "`alene",
    "2*3*4 er 24",
    "snake_case og __init__ og _slik_",
    "[a](javascript:alert)",
    "[a](/side) [b]",
    "[a](https://a.no (skjult))",
    '[a](https://a.no "skjult")',
    "![bilde](https://a.no/b.png)",
    "<b>fet</b> &amp; <script>",
    "<https://a.no>",
    "# overskrift",
    "> sitat",
    "---",
    "a | b\n--|--",
    "+ a",
    "```\nåpen",
    "~~~\na\n~~~",
    "https://a.no/_a_*b",
    "1986 var et godt år.",
]


@pytest.mark.parametrize("case", CASES)
def test_blocks(case: str) -> None:
    text, expected = CASES[case]
    assert parse(text) == expected


@pytest.mark.parametrize("text", LITERAL)
def test_what_is_no_mark_stands_for_itself(text: str) -> None:
    assert parse(text) == (words(text),)


def test_code_that_is_not_only_a_language_stays_words() -> None:
    assert plain("```se denne\na\n```") == "```se denne\na\n\n```"


def test_lists_are_no_deeper_than_four_and_lose_nothing() -> None:
    text = "- " * 30 + "bunnen"
    (item,) = parse(text)
    assert isinstance(item, Item)
    assert item.depth == 3
    assert as_plain([item]).endswith("bunnen")


def test_plain() -> None:
    text = "**Hei!** Se [vilkår](https://a.no/v) eller [ring](tel:+4722):\n- *en*\n  1. to\n\nSlutt"
    assert plain(text) == (
        "Hei! Se vilkår (https://a.no/v) eller ring (+4722):\n• en\n  1. to\n\nSlutt"
    )


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        (Span("a@b.no", url="mailto:a@b.no"), "a@b.no"),
        (Span("https://a.no", url="https://a.no"), "https://a.no"),
        (Span("her", url="https://a.no"), "her (https://a.no)"),
        (Span("ingen"), "ingen"),
    ],
)
def test_link_words(span: Span, expected: str) -> None:
    assert link_words(span) == expected


@pytest.mark.parametrize("case", CASES)
def test_what_was_read_can_be_written(case: str) -> None:
    _, blocks = CASES[case]
    written = source(blocks)
    assert written is not None
    assert parse(written) == blocks


@pytest.mark.parametrize(
    "blocks",
    [
        (words("**a**"),),
        (words("- a"),),
        (words(Span("a*b", bold=True), "c"),),
        (Code("a\n\n\nb "),),
    ],
)
def test_what_marks_cannot_say_is_told(blocks: tuple[Block, ...]) -> None:
    written = source(blocks)
    assert written is None or parse(written) == blocks


@pytest.mark.parametrize("title", ["Vilkår", "1. mai", "a]b", "**", "", "a*b*c"])
def test_links_keep_title_and_address(title: str) -> None:
    shown = plain(link(title, "https://a.no/1"))
    assert title.strip("*") in shown
    assert "https://a.no/1" in shown


@pytest.mark.parametrize("title", ["Vilkår", "1. mai", "- 20 %", "* a", "**", "```", "a\nb"])
def test_a_line_of_a_list_shows_its_words(title: str) -> None:
    (item,) = parse(list_line(7, title))
    assert isinstance(item, Item)
    assert item.number == 7
    assert shown([item]).strip("\u2060") == " ".join(title.split())


@pytest.mark.parametrize("title", ["Vilkår", "1. mai", "a*b", "**", "```", "a\nb"])
def test_bold_shows_its_words(title: str) -> None:
    assert shown(parse(bold(title))).split() == title.split()


@pytest.mark.parametrize("title", ["Vilkår", "1. mai", "a  b"])
def test_bold_is_bold(title: str) -> None:
    assert parse(bold(title)) == (words(Span(" ".join(title.split()), bold=True)),)


MARKS = ["*", "**", "***", "`", "``", "[", "](https://a.no)", "](https://a.no ", ")", "(", "!["]
LINES = ["\n", "\n\n", " ", "    ", "- ", "1. ", "9) ", "* ", "+ ", "> ", "# ", "<b>", "_", "--"]
WORDS = ["hei", "på deg", "Ordre", "🙂", "👩‍👩‍👧", "مرحبا", "שלום", "é", "]", "\\"]
MARKED = st.lists(st.sampled_from([*MARKS, *LINES, *WORDS]), max_size=40).map("".join)


def letters(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+", text)


def shown(blocks: Sequence[Block]) -> str:
    """The words of the blocks, without what `plain` adds."""
    return " ".join(
        block.text if isinstance(block, Code) else "".join(span.text for span in block.spans)
        for block in blocks
    )


@given(st.text() | MARKED)
def test_parse_never_raises_and_blocks_hold_something(text: str) -> None:
    for block in parse(text):
        if isinstance(block, Paragraph):
            assert block.spans
            assert all(span.text for span in block.spans)


@given(MARKED)
def test_no_words_are_lost(text: str) -> None:
    # A fence may name a language, which is not shown.
    without_fences = re.sub("`{3,}", "``", text)
    without_addresses = re.sub(r"https://a\.no", "", without_fences)
    found = re.sub(r"https://a\.no", "", plain(without_fences))
    assert "".join(letters(found)) == "".join(letters(without_addresses))


@given(MARKED)
def test_what_is_written_again_says_the_same(text: str) -> None:
    written = source(parse(text))
    if written is not None:
        # A space at the end of a link's title may stand after the link.
        assert "".join(plain(written).split()) == "".join(plain(text).split())


@given(st.text(alphabet=st.characters(exclude_characters="*`[]()-+.\n\r\x00"), min_size=1))
def test_words_without_marks_stay_as_they_are(text: str) -> None:
    assert shown(parse(text)).split() == text.split()
