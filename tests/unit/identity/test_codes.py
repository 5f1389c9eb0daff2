"""One-time codes: enough randomness, nothing to mistake, however they are written."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.identity.codes import ALPHABET, LINK_BITS, TYPED_BITS, hashed, new_code, normalized
from bot.model.people import LinkCode

codes = st.text(ALPHABET, min_size=1, max_size=40)


def test_nothing_in_the_alphabet_looks_like_another() -> None:
    assert len(set(ALPHABET)) == len(ALPHABET)
    for group in ("1I", "0O", "5S", "2Z", "8B", "6G", "UV"):
        assert len(set(group) & set(ALPHABET)) <= 1
    assert not set("AEIOU") & set(ALPHABET)


@pytest.mark.parametrize(("bits", "length"), [(TYPED_BITS, 15), (LINK_BITS, 29)])
def test_a_code_has_the_randomness_that_was_asked_for(bits: int, length: int) -> None:
    made = {new_code(bits) for _ in range(200)}
    assert len(made) == 200
    assert {len(code) for code in made} == {length}
    assert length * math.log2(len(ALPHABET)) >= bits
    # All letters turn up in all places: nothing is fixed, nothing is left out.
    assert {char for code in made for char in code} == set(ALPHABET)


def test_both_kinds_are_long_enough() -> None:
    assert TYPED_BITS >= 60
    assert LINK_BITS >= 128


@given(codes)
def test_grouping_and_case_do_not_matter(code: str) -> None:
    grouped = LinkCode(code, 0.0).grouped
    for written in (code, grouped, grouped.lower(), f" {grouped.replace('-', ' ')}\n"):
        assert normalized(written) == code


@given(codes, st.data())
def test_separators_anywhere_do_not_matter(code: str, data: st.DataObject) -> None:
    separators = st.text(" -\u2013\u2014._\t\n\u00a0\u200b", max_size=2)
    written = "".join(char + data.draw(separators) for char in code)
    assert normalized(written) in {code, ""}
    assert len(written) > 128 or normalized(written) == code


@given(st.text())
def test_anything_typed_is_a_code_or_nothing(typed: str) -> None:
    found = normalized(typed)
    assert set(found) <= set(ALPHABET)
    assert normalized(found) == found
    assert len(hashed(found)) == 64


@given(st.text(ALPHABET, min_size=129))
def test_what_is_too_long_is_none(code: str) -> None:
    assert normalized(code) == ""


@given(codes, st.sampled_from([char for char in "ABEGIOSUZ01258" if char not in ALPHABET]))
def test_a_letter_that_no_code_has_is_not_passed_over(code: str, other: str) -> None:
    assert normalized(code + other) == ""
