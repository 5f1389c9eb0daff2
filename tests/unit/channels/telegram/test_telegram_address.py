"""Addresses of Telegram's chats as one string."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.telegram.address import Address, parse_address

IDS = st.integers(1, 2**52)


@given(st.builds(Address, IDS | IDS.map(lambda value: -value), st.none() | IDS, st.none()))
def test_an_address_reads_back(address: Address) -> None:
    assert parse_address(str(address)) == address


@given(st.builds(Address, IDS.map(lambda value: -value), IDS, IDS))
def test_a_topics_address_reads_back(address: Address) -> None:
    assert parse_address(str(address)) == address
    assert address.is_group


@given(st.text(max_size=12))
def test_anything_else_is_refused(text: str) -> None:
    try:
        address = parse_address(text)
    except ValueError:
        return
    assert str(address) == text


@pytest.mark.parametrize("text", ["", "0", "-0", "7/", "7//1", "7/1/2/3", "+7", "٧", "7 ", "7/-1"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match="no address"):
        parse_address(text)
