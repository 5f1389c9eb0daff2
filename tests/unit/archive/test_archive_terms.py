"""What is looked for, and what is marked of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.archive.terms import Term, parse, snippet


@pytest.mark.parametrize(
    ("query", "terms"),
    [
        ("", []),
        ("Pakken min", [Term(("pakken",), True), Term(("min",), True)]),
        ('"min pakke" nå', [Term(("min", "pakke"), False), Term(("na",), True)]),
        ("e-post", [Term(("e", "post"), True)]),
        ('"uten slutt', [Term(("uten", "slutt"), False)]),
        ("«på norsk»", [Term(("pa", "norsk"), False)]),
        ("!!! -- ", []),
    ],
)
def test_terms(query: str, terms: list[Term]) -> None:
    assert list(parse(query)) == terms


def marked(text: str, query: str) -> list[str]:
    found = snippet(text, parse(query))
    return [found.text[start:end] for start, end in found.marks]


@pytest.mark.parametrize(
    ("text", "query", "words"),
    [
        ("Pakken er på vei", "pakk", ["Pakken"]),
        ("Pakken er på vei", "pa", ["Pakken", "på"]),
        ("på\u030a vei", "pa", ["på\u030a"]),
        ("never arrived, never", '"never arrived"', ["never", "arrived"]),
        ("Ref. RET-2026/7", "ret-2026", ["RET", "2026"]),
        ("<b>pakke</b>", "pakke", ["pakke"]),
        ("nothing", "else", []),
    ],
)
def test_marks(text: str, query: str, words: list[str]) -> None:
    assert marked(text, query) == words


def test_a_long_line_is_cut_around_the_first_word() -> None:
    text = "før " * 400 + "pakken " + "etter " * 400
    found = snippet(text, parse("pakken"))
    assert found.cut_before
    assert found.cut_after
    assert len(found.text) <= 200
    assert found.text.startswith("før")
    assert [found.text[start:end] for start, end in found.marks] == ["pakken"]


@given(st.text(max_size=400), st.text(max_size=40))
def test_marks_are_in_order_and_inside(text: str, query: str) -> None:
    found = snippet(text, parse(query))
    edges = [edge for mark in found.marks for edge in mark]
    assert edges == sorted(edges)
    assert all(0 <= edge <= len(found.text) for edge in edges)
    assert "".join(piece for piece, _ in found.pieces) == found.text
