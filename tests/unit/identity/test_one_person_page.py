"""The examples of docs/one-person.md: what the page shows is what runs, and the gateway takes it."""

from __future__ import annotations

import ast
import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from bot.errors import InvalidMessage
from bot.identity.codes import LINK_BITS, TYPED_BITS, new_code
from bot.identity.tokens import IdentityTokens, SiteUser

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "one-person.md").read_text(encoding="utf-8")
SECRET = "0123456789abcdef" * 4

tokens = IdentityTokens(SECRET)


def example(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / "examples" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_shows_the_files() -> None:
    shown = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(shown) == 2
    for block, name in zip(shown, ("sign_in_jwt", "sign_in_hmac"), strict=True):
        source = (ROOT / "docs" / "examples" / f"{name}.py").read_text(encoding="utf-8")
        (function,) = [n for n in ast.parse(source).body if isinstance(n, ast.FunctionDef)]
        assert block.strip() == ast.get_source_segment(source, function)


def test_a_jwt_signs_the_user_in() -> None:
    token = example("sign_in_jwt").identity_token(SECRET, "c-7", "Kari", "kari@example.com")
    assert tokens.user(token) == SiteUser("c-7", "Kari", "kari@example.com")


@pytest.mark.parametrize("user_id", ["c-7", "kari@example.com", "a:b:c", "Åse Ødegård"])
def test_an_hmac_signs_the_user_in(user_id: str) -> None:
    token = example("sign_in_hmac").identity_token(SECRET, user_id)
    assert tokens.user(token) == SiteUser(user_id)
    with pytest.raises(InvalidMessage):
        IdentityTokens("another secret of more than 32 characters").user(token)


def test_the_randomness_that_the_page_promises() -> None:
    assert "129 random bits, one to type has 66" in PAGE
    assert 2**129 <= 22 ** len(new_code(LINK_BITS)) < 2**130
    assert 2**66 <= 22 ** len(new_code(TYPED_BITS)) < 2**67
