"""Texts under a limit: where they are cut, and that nothing is lost."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from uniseg.graphemecluster import grapheme_clusters

from channels.rendering.markup import Block, Code, Item, Paragraph, Span, as_plain, parse, plain
from channels.rendering.split import (
    graphemes,
    shorten,
    split,
    split_blocks,
    split_text,
    utf8_length,
    utf16_length,
)

FAMILY = "👩‍👩‍👧"
LENGTHS: dict[str, Callable[[str], int]] = {
    "characters": len,
    "UTF-16": utf16_length,
    "UTF-8": utf8_length,
}

LATIN = ["Hei! ", "Ordre nr. 10042 er sendt. ", "Hva så? ", "ord", "lang" * 9, "é", "e\u0301"]
SPACE = ["\n\n", "\n", "\r\n", " "]
WORLD = [FAMILY, "🇳🇴", "مرحبا بك. ", "שלום ", "漢字かな", "न्मस्ते", "1️⃣", "\u0600", "\u200d"]
TEXTS = st.text() | st.lists(st.sampled_from([*LATIN, *SPACE, *WORLD]), max_size=20).map("".join)
MARKS = ["**", "*", "`", "[", "](https://a.no)", "\n", "\n\n", "- ", "1. ", "```\n", " "]
MARKED = st.lists(st.sampled_from([*MARKS, *LATIN, FAMILY, "مرحبا "]), max_size=20).map("".join)
# Unicode's rules take their time on a busy machine.
some = settings(deadline=None, max_examples=60)


def test_lengths() -> None:
    assert (utf16_length("a🙂é"), utf8_length("a🙂é"), len("a🙂é")) == (4, 7, 3)


@pytest.mark.parametrize(
    ("text", "limit", "pieces"),
    [
        ("", 10, []),
        (" \n ", 10, []),
        ("  Hei  ", 10, ["Hei"]),
        ("Hei på deg", 10, ["Hei på deg"]),
        ("Ett avsnitt.\n\nEt annet avsnitt.", 20, ["Ett avsnitt.", "Et annet avsnitt."]),
        ("En linje her\nog en til her", 20, ["En linje her", "og en til her"]),
        # A short first line is no reason for a short first message.
        ("Hei!\nDette er en setning. Og en til.", 30, ["Hei!\nDette er en setning.", "Og en til."]),
        ("Kort. Denne setningen er lang", 20, ["Kort.", "Denne setningen er", "lang"]),
        ("Ordre nr. 10042 er sendt i dag", 20, ["Ordre nr. 10042 er", "sendt i dag"]),
        ("a" * 25, 10, ["a" * 10, "a" * 10, "a" * 5]),
        ("漢字かな交じり文", 3, ["漢字か", "な交じ", "り文"]),
    ],
)
def test_where_a_text_is_cut(text: str, limit: int, pieces: list[str]) -> None:
    assert split(text, limit) == pieces


def test_an_address_without_spaces_is_cut_where_a_line_may_break() -> None:
    pieces = split("https://a.no/en/lang/sti", 12)
    assert "".join(pieces) == "https://a.no/en/lang/sti"
    assert all(piece.endswith("/") for piece in pieces[:-1])


def test_a_grapheme_over_the_limit_is_cut() -> None:
    assert split(f"ab{FAMILY}cd", 4) == ["ab", "👩‍👩‍", "👧cd"]


def test_a_limit_that_nothing_fits_into_is_refused() -> None:
    with pytest.raises(ValueError, match="less than a single character"):
        split("🙂", 1, utf16_length)


@some
@given(TEXTS)
def test_graphemes_are_those_of_unicode(text: str) -> None:
    assert graphemes(text) == list(grapheme_clusters(text))


@pytest.mark.parametrize("unit", LENGTHS)
@some
@given(text=TEXTS, limit=st.integers(4, 60))
def test_pieces_fit_and_say_the_same(unit: str, text: str, limit: int) -> None:
    length = LENGTHS[unit]
    pieces = split(text, limit, length)
    assert all(0 < length(piece) <= limit for piece in pieces)
    assert re.sub(r"\s", "", "".join(pieces)) == re.sub(r"\s", "", text)


@some
@given(text=TEXTS, limit=st.integers(12, 60))
def test_no_grapheme_is_cut(text: str, limit: int) -> None:
    whole = [part for part in graphemes(text) if not part.isspace()]
    assume(max(map(len, whole), default=0) <= limit)
    cut = [part for piece in split(text, limit) for part in graphemes(piece) if not part.isspace()]
    assert cut == whole


def test_styles_and_links_go_on_after_the_cut() -> None:
    text = "**Fet setning her. Og en til** med [en lenke som er lang](https://a.no)"
    groups = split_blocks(parse(text), 20, rendered=words_only)
    assert groups == [
        (Paragraph((Span("Fet setning her.", bold=True),)),),
        (Paragraph((Span("Og en til", bold=True), Span(" med "), Span("en", url="https://a.no"))),),
        (Paragraph((Span("lenke som er lang", url="https://a.no"),)),),
    ]


def words_only(blocks: object) -> str:
    """As a platform counts that takes links apart from the words."""
    assert isinstance(blocks, (list, tuple))
    return "\n\n".join(
        block.text if isinstance(block, Code) else "".join(span.text for span in block.spans)
        for block in blocks
    )


def test_a_list_goes_on_and_its_mark_is_not_repeated() -> None:
    groups = split_blocks(parse("Velg:\n1. en\n2. to og litt til her\n3. tre"), 16)
    assert [as_plain(group) for group in groups] == [
        "Velg:\n1. en",
        "2. to og litt",
        "til her\n3. tre",
    ]


def test_code_keeps_its_indentation() -> None:
    groups = split_blocks([Code("if a:\n    b()\n    c()")], 14)
    assert groups == [(Code("if a:\n    b()"),), (Code("    c()"),)]


def test_where_marks_alone_fill_the_limit_the_words_go_on_without_them() -> None:
    def with_marks(blocks: object) -> str:
        assert isinstance(blocks, (list, tuple))
        return "".join(
            f"<{span.url}|{span.text}>" if span.url else span.text
            for block in blocks
            for span in block.spans
        )

    groups = split_blocks(parse(f"[her](https://a.no/{'x' * 40})"), 30, rendered=with_marks)
    assert "".join(as_plain(group) for group in groups) == f"her(https://a.no/{'x' * 40})"
    assert all(len(with_marks(group)) <= 30 for group in groups)


@pytest.mark.parametrize("unit", LENGTHS)
@some
@given(text=MARKED, limit=st.integers(25, 80))
def test_blocks_fit_and_say_the_same(unit: str, text: str, limit: int) -> None:
    length = LENGTHS[unit]
    blocks = parse(text)
    groups = split_blocks(blocks, limit, length)
    assert all(length(as_plain(group)) <= limit for group in groups)
    assert _ink([block for group in groups for block in group]) == _ink(blocks)


def _ink(blocks: object) -> list[tuple[str, Span]]:
    """Each visible character with its style."""
    assert isinstance(blocks, (list, tuple))
    found: list[tuple[str, Span]] = []
    for block in blocks:
        spans = (Span(block.text),) if isinstance(block, Code) else block.spans
        found += [
            (char, Span("", span.bold, span.italic, span.code, span.url))
            for span in spans
            for char in span.text
            if not char.isspace()
        ]
    return found


@some
@given(text=MARKED, limit=st.integers(25, 80))
@example(text=f"[](https://a.no){'lang' * 8}", limit=25)
def test_a_text_with_marks_becomes_texts_with_marks(text: str, limit: int) -> None:
    pieces = split_text(text, limit)
    assert all(piece.strip() for piece in pieces)
    assert all(len(plain(piece)) <= limit for piece in pieces)
    shown = "".join(plain(piece) for piece in pieces)
    # Over a cut the address of a link is named twice, and marks that had no partner may find one.
    # The cut may go through an address that is its own title.
    marks = re.compile(r"\(https://a\.no\)|[•\s\u2060*`\[\]]|\d+\.")
    address = re.compile(r"\(?https://a\.no\)?")

    def words(said: str) -> str:
        return address.sub("", marks.sub("", said))

    assert words(shown) == words(plain(text))


def test_the_usual_marks_survive_the_cut() -> None:
    text = "**Hei!** Her er *alt* du trenger.\n\n- Se [vilkår](https://a.no)\n- Ring `22`\n\n```\nx\n```"
    pieces = split_text(text, 36)
    assert pieces == [
        "**Hei!** Her er *alt* du trenger.",
        "- Se [vilkår](https://a.no)\n- Ring `22`",
        "```\nx\n```",
    ]


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("Hei på deg", 10, "Hei på deg"),
        ("Hei på deg du", 10, "Hei på…"),
        ("Sammensatte ord", 8, "Sammens…"),
        (f"ab{FAMILY}", 4, "ab…"),
        (FAMILY, 3, ""),
        ("Hei  du", 5, "Hei…"),
        ("   Hei   ", 3, "Hei"),
        ("  🙂 𫯌  ", 3, "🙂 𫯌"),
    ],
)
def test_shorten(text: str, limit: int, expected: str) -> None:
    assert shorten(text, limit) == expected
    assert len(shorten(text, limit)) <= limit


@some
@given(text=st.text(), limit=st.integers(0, 30))
def test_a_shortened_text_fits(text: str, limit: int) -> None:
    short = shorten(text, limit, utf16_length)
    assert utf16_length(short) <= limit
    if not text.strip().startswith(short.strip()):
        assert short.endswith("…")
        assert text.replace(" ", "").strip().startswith(short[:-1].replace(" ", ""))


def test_a_long_text_does_not_hold_a_sender_up() -> None:
    text = "Ordre nr. 10042 er sendt, og du får en melding når den er framme 🙂. " * 300
    began = time.perf_counter()
    pieces = split(text, 4096, utf16_length)
    assert len(pieces) == 6
    assert time.perf_counter() - began < 1.5


def test_a_group_is_a_tuple_of_blocks() -> None:
    group: tuple[Block, ...]
    (group,) = split_blocks([Item((Span("a"),), 1), Item((Span("b"),), 2)], 100)
    assert [block.number for block in group if isinstance(block, Item)] == [1, 2]


def test_a_word_without_end_is_cut_without_long_thought() -> None:
    # An address that is thousands of characters long must not stop the sender for others.
    text = f"Se her: https://a.no/{'x' * 60_000}"
    began = time.process_time()
    pieces = split(text, 3_000, utf16_length)
    assert time.process_time() - began < 4
    assert "".join(pieces).replace(" ", "") == text.replace(" ", "")
