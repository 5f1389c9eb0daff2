from __future__ import annotations

import pytest

from bot.console.uploads import MOST_BYTES, checked_name, checked_type, path_of
from bot.errors import InvalidMessage

PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 20


def test_a_file_is_served_as_what_its_content_is() -> None:
    assert checked_type("a.PNG", PNG) == "image/png"
    assert checked_type("a.pdf", b"%PDF-1.7 ...") == "application/pdf"
    assert checked_type("a.webp", b"RIFF\0\0\0\0WEBPVP8 ") == "image/webp"
    assert checked_type("a.csv", "æ;ø\n1;2".encode()) == "text/csv; charset=utf-8"


@pytest.mark.parametrize(
    ("name", "content", "status"),
    [
        ("a.png", b"<script>alert(1)</script>", 422),
        ("a.html", b"<p>hi</p>", 422),
        ("a.svg", b"<svg onload=alert(1)>", 422),
        ("a.txt", b"\xff\xfe\x00", 422),
        ("a.txt", b"a\x00b", 422),
        ("a.exe", b"MZ", 422),
        ("png", PNG, 422),
        ("a.png", b"", 422),
        ("a.png", PNG + b"x" * MOST_BYTES, 413),
    ],
)
def test_what_may_not_be_sent_is_refused(name: str, content: bytes, status: int) -> None:
    with pytest.raises(InvalidMessage) as refused:
        checked_type(name, content)
    assert refused.value.status == status


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("C:\\Users\\Kari\\Kvittering 10042.pdf", "Kvittering 10042.pdf"),
        ("../../etc/passwd.txt", "passwd.txt"),
        ("a\r\nSet-Cookie: x.png", "aSet-Cookie: x.png"),
        ("\u202egnp.exe.png", "gnp.exe.png"),
        ("a" * 300 + ".pdf", "a" * 96 + ".pdf"),
    ],
)
def test_a_name_is_a_name_alone(given: str, kept: str) -> None:
    assert checked_name(given) == kept


def test_the_address_holds_any_name() -> None:
    assert path_of("t", "æ b/c?.png") == "/files/t/%C3%A6%20b%2Fc%3F.png"
