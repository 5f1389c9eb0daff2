"""Who is let in."""

from __future__ import annotations

import pytest

from bot.errors import InvalidMessage
from channels.rest.access import check_local, check_token


@pytest.mark.parametrize("header", ["Bearer s3cret-tøken", "bearer s3cret-tøken"])
def test_the_token_opens(header: str) -> None:
    # A header's bytes reach the program as latin-1.
    check_token(header.encode("utf-8").decode("latin-1"), "s3cret-tøken")


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "s3cret",
        "Basic s3cret",
        "Bearer s3cre",
        "Bearer s3crett",
        "Bearer S3CRET",
        "Bearer s3cret s3cret",
        "Bearer \xff\xfe",
    ],
)
def test_anything_else_does_not(header: str | None) -> None:
    with pytest.raises(InvalidMessage) as caught:
        check_token(header, "s3cret")
    assert caught.value.status == 401
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1", "unix"])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"host": "localhost"},
        {"host": "LOCALHOST:8000"},
        {"host": "127.0.0.1:8000"},
        {"host": "[::1]:8000"},
        {"host": "shop.localhost:8000"},
    ],
)
def test_programs_on_this_machine_are_let_in(peer: str, headers: dict[str, str]) -> None:
    check_local(peer, headers)


@pytest.mark.parametrize(
    "peer", ["", "10.0.0.1", "192.168.1.4", "2001:db8::1", "::ffff:10.0.0.1", "not an address"]
)
def test_others_are_not(peer: str) -> None:
    with pytest.raises(InvalidMessage) as caught:
        check_local(peer, {"host": "localhost"})
    assert caught.value.status == 403


@pytest.mark.parametrize(
    "header",
    ["forwarded", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-real-ip", "via"],
)
def test_what_came_through_a_proxy_is_not(header: str) -> None:
    with pytest.raises(InvalidMessage, match="REST_TOKEN"):
        check_local("127.0.0.1", {"host": "localhost", header: "127.0.0.1"})


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "localhost.evil.example", "10.0.0.1", "[::2]:80"]
)
def test_a_name_that_was_pointed_at_this_machine_is_not(host: str) -> None:
    with pytest.raises(InvalidMessage):
        check_local("127.0.0.1", {"host": host})
