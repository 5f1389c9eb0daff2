"""docs/web-channel.md names every frame and every error that the socket has."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]
PAGE = (ROOT / "docs" / "web-channel.md").read_text(encoding="utf-8")

# Which of a call's arguments is the code.
_CODE_AT = {"RefusedFrame": 0, "_refuse": 0, "_end": 1, "InvalidMessage": 0}


def calls() -> Iterator[tuple[str, ast.Call]]:
    sources = [*(ROOT / "channels" / "web").glob("*.py"), ROOT / "bot" / "identity" / "tokens.py"]
    for path in sources:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                yield name, node


def test_every_error_is_explained() -> None:
    codes = set()
    for name, call in calls():
        at = _CODE_AT.get(name)
        code = call.args[at] if at is not None and len(call.args) > at else None
        if isinstance(code, ast.Constant):
            codes.add(code.value)
    assert len(codes) >= 20
    errors = PAGE.partition("### Errors")[2].partition("### Who may do what")[0]
    assert codes <= set(re.findall(r"`([a-z_]+)`", errors))


def test_every_frame_is_described() -> None:
    source = (ROOT / "channels" / "web" / "render.py").read_text(encoding="utf-8")
    sent = set(re.findall(r'"type": "([a-z]+)"', source))
    assert {"welcome", "message", "link", "channels", "error"} <= sent
    received = {"hello", "message", "writing", "link", "unlink", "ping"}
    parse = (ROOT / "channels" / "web" / "parse.py").read_text(encoding="utf-8")
    assert set(re.findall(r'kind == "([a-z]+)"', parse)) == received
    before, _, after = PAGE.partition("### From the server")
    client = before.partition("### From the client")[2]
    assert received == set(re.findall(r'\{"type": "([a-z]+)"', client))
    server = after.partition("`content` is one of")[0]
    assert sent == set(re.findall(r'\{"type": "([a-z]+)"', server))
