from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.orders.parsing import MAX_ANSWER_CHARS, parse_order_number, parse_postcode

order_numbers = st.integers(10_000, 99_999).map(str)
postcodes = st.integers(1, 9_999).map("{:04}".format)
wordy = st.text(st.characters(categories=["L", "P", "Zs"]), max_size=40)


@pytest.mark.parametrize(
    "text",
    [
        "10042",
        "#10042",
        "# 10042",
        "NH-10042",
        "nh10042",
        "NH 10042",
        "10 042",
        "10\N{NO-BREAK SPACE}042",
        "nr. 10 042",
        "ordre 10042",
        "ordre#10042",
        "ordrenummer: 10042",
        "Ordrenr. 10042",
        "order no. 10042 please",
        "order10042",
        "det er 10042!",
        "(10042)",
        "**10042**",
        "my order number is 10042, I think",
        "10042, 0150",
        "10042 0150",
        "0150 10042",
        "10042 og 10042",
        "\N{FULLWIDTH DIGIT ONE}\N{FULLWIDTH DIGIT ZERO}042",
        "  10042\n",
    ],
)
def test_order_numbers_as_customers_write_them(text: str) -> None:

    assert parse_order_number(text) == "10042"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no idea",
        "hvor finner jeg det?",
        "1004",
        "100425",
        "00042",
        "0150",
        "10042 or 10043",
        "70730259126400042",
        "CT10042NO",
        "412 10 042",
        "10 042 33",
        "91 23 45 67",
        "+47 912 34 567",
        "å10042",
        "1\N{ARABIC-INDIC DIGIT ONE}042",
        "x" * MAX_ANSWER_CHARS + " 10042",
    ],
)
def test_what_is_no_order_number(text: str) -> None:
    assert parse_order_number(text) is None


@pytest.mark.parametrize(
    ("text", "postcode"),
    [
        ("0150", "0150"),
        ("0150 Oslo", "0150"),
        ("Oslo 0150.", "0150"),
        ("postnr 5003", "5003"),
        ("NO-7011", "7011"),
        ("N-7011 Trondheim", "7011"),
        ("it's 7011 i think", "7011"),
        ("10042, 0150", "0150"),
        ("10042 0150", "0150"),
        ("0001", "0001"),
    ],
)
def test_postcodes_as_customers_write_them(text: str, postcode: str) -> None:
    assert parse_postcode(text) == postcode


@pytest.mark.parametrize(
    "text",
    ["", "Oslo", "150", "01500", "10042", "0000", "0150 or 0151", "A0150", "0150B", "22 33 44 55"],
)
def test_what_is_no_postcode(text: str) -> None:
    assert parse_postcode(text) is None


@given(
    order_numbers,
    st.sampled_from(["", "#", "NH-", "nh", "ordre ", "order no. ", "nr ", "det er ", "It is: "]),
    st.sampled_from(["", ".", "!", " please", " takk", ", 0150", " 0150", "\n"]),
)
def test_any_order_number_is_found_in_any_dress(number: str, before: str, after: str) -> None:
    assert parse_order_number(before + number + after) == number


@given(order_numbers)
def test_a_number_in_two_groups_is_the_same_number(number: str) -> None:
    assert parse_order_number(f"{number[:2]} {number[2:]}") == number


@given(postcodes, st.sampled_from(["", " Oslo", " Bergen.", ", Norge"]))
def test_any_postcode_is_found(postcode: str, place: str) -> None:
    assert parse_postcode(postcode + place) == postcode


@given(order_numbers, postcodes, st.sampled_from([" ", ", ", " og ", " / ", "\n"]))
def test_both_in_one_message_are_told_apart(number: str, postcode: str, between: str) -> None:
    text = number + between + postcode
    assert (parse_order_number(text), parse_postcode(text)) == (number, postcode)


@given(wordy)
def test_no_digits_no_number(text: str) -> None:
    assert parse_order_number(text) is None
    assert parse_postcode(text) is None


@given(st.text())
def test_whatever_is_found_has_its_form_and_stays_itself(text: str) -> None:
    number, postcode = parse_order_number(text), parse_postcode(text)
    if number is not None:
        assert number.isascii()
        assert number.isdigit()
        assert len(number) == 5
        assert parse_order_number(number) == number
    if postcode is not None:
        assert postcode.isascii()
        assert postcode.isdigit()
        assert len(postcode) == 4
        assert parse_postcode(postcode) == postcode


@given(order_numbers, st.integers(0, 9).map(str))
def test_a_longer_number_is_not_cut_to_size(number: str, digit: str) -> None:
    assert parse_order_number(number + digit) is None
    assert parse_order_number(digit + number) is None
