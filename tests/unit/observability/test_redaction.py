"""Nothing secret or personal gets into a log."""

from __future__ import annotations

from typing import Any

import pytest

from bot.observability.redaction import Redactor

SECRETS = ("s3cret-token", "s3cret-token-longer", "abc", "pä55 wörd")


def redact(**event: Any) -> dict[str, Any]:
    return Redactor(SECRETS)(None, "info", event)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("the token s3cret-token.", "the token [secret]."),
        ("s3cret-token-longer", "[secret]"),
        ("pä55 wörd is it", "[secret] is it"),
        ("abc stays, it is too short to blot out", "abc stays, it is too short to blot out"),
        ("redis://:hunter2@host:6379/0", "redis://:[secret]@host:6379/0"),
        ("postgresql://bot:hunter2@db/x fails", "postgresql://bot:[secret]@db/x fails"),
        ("https://shop.example/a:b", "https://shop.example/a:b"),
        ("Authorization: Bearer abcdefgh12345678", "Authorization: Bearer [secret]"),
        ("write to kari.nordmann+x@mail.example.no", "write to [e-mail]"),
        ("call 912 34 567 now", "call [number] now"),
        ("call +47 91234567", "call [number]"),
        ("tlf:91234567", "tlf:[number]"),
        ("91234567: me", "[number]: me"),
        ("91234567/92345678-", "[number]/[number]-"),
        ("call (+47) 912-34-567", "call ([number]"),
        ("born 010190 12345", "born [number]"),
        ("card 4242 4242 4242 4242.", "card [number]."),
        ("account 1234567890123456789012", "account [number]"),
        ("order 10042, postcode 0150", "order 10042, postcode 0150"),
        ("at 2026-11-24T11:17:54Z", "at 2026-11-24T11:17:54Z"),
        ("on 2026-11-24 it was", "on 2026-11-24 it was"),
        ("http://127.0.0.1:8000/x", "http://127.0.0.1:8000/x"),
        ("id 1764000000000-0", "id 1764000000000-0"),
        ("12 workers, 16 partitions, 32 entries", "12 workers, 16 partitions, 32 entries"),
    ],
)
def test_text(text: str, shown: str) -> None:
    assert redact(event=text)["event"] == shown
    assert redact(nested={"deep": [text]})["nested"] == {"deep": [shown]}


@pytest.mark.parametrize(
    "key",
    [
        "token",
        "rest_token",
        "REST_TOKEN",
        "SLACK_SIGNING_SECRET",
        "password",
        "Authorization",
        "cookie",
        "Set-Cookie",
        "api_key",
        "database_dsn",
        "auth",
        "x-hub-signature",
    ],
)
def test_fields_that_name_a_secret(key: str) -> None:
    assert redact(**{key: "anything"})[key] == "[secret]"
    assert redact(headers={key: "anything"})["headers"] == {key: "[secret]"}
    assert redact(**{key: None})[key] is None


def test_ids_of_our_own_stay() -> None:
    event = {"request_id": "1234567890123456", "turn_id": "3-1764000000000-0", "pid": 12345678}
    assert redact(**event) == event


def test_values_that_are_not_text() -> None:
    class Odd:
        def __str__(self) -> str:
            return "mail to a@b.example"

    assert redact(n=1, f=0.5, ok=True, none=None, odd=Odd(), many={"x@y.example"}) == {
        "n": 1,
        "f": 0.5,
        "ok": True,
        "none": None,
        "odd": "mail to [e-mail]",
        "many": ["[e-mail]"],
    }


@pytest.mark.timeout(20)
def test_a_long_text_does_not_take_long() -> None:
    for text in ("1 " * 50_000, "a@" * 50_000, "a." * 50_000, "1(" * 50_000, "-" * 100_000):
        shown = redact(event=text)["event"]
        assert len(shown) < 21_000
