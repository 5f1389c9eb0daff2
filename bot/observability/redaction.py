"""Takes secrets and personal data out of what is logged. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any

_SECRET_KEY = re.compile(
    r"token|secret|passw|authorization|cookie|api_?key|credential|signature|dsn|(^|_)auth($|_)",
    re.IGNORECASE,
)
_URL_PASSWORD = re.compile(
    r"(?P<start>\b[a-z][a-z0-9+]{0,30}://[^\s/@:]{0,255}:)[^\s/@]{1,255}@", re.IGNORECASE
)
_BEARER = re.compile(r"(?P<start>\b(?:bearer|basic)\s+)[\w.~+/=-]{8,}", re.IGNORECASE)
_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
# Seven digits and more, however they are grouped: telephone, account, card and personal numbers.
# A date and a time of day are left readable, and so are a stream entry's id and numbers in words.
_DIGITS = re.compile(
    r"(?<![\w.+])(?<!\d-)(?!\d{4}-\d{2}-\d{2}(?!\d)|\d{13}-\d{1,6}(?!\d))"
    r"\+?\(?\d(?:[ ()-]{0,2}\d){6,}(?!\w)"
)

# Made by this program, never by a customer: masking them would only hide the trail.
_OWN_KEYS = frozenset(
    {"timestamp", "level", "logger", "request_id", "turn_id", "cursor", "entry", "version", "pid"}
)
_SHORTEST_SECRET = 6
# Nobody reads more of one field, and a log is not a place to keep what somebody sent.
_LONGEST_TEXT = 20_000


class Redactor:
    """A structlog processor. `secrets` are values that must not be seen, wherever they turn up."""

    def __init__(self, secrets: Sequence[str] = ()) -> None:
        # A very short one would blot out ordinary words; the longest go first, as one may
        # hold another.
        found = sorted({s for s in secrets if len(s) >= _SHORTEST_SECRET}, key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, found))) if found else None

    def __call__(self, _: Any, __: str, event_dict: MutableMapping[str, Any]) -> dict[str, Any]:
        """The event without secrets and personal data."""
        return {key: self._field(key, value) for key, value in event_dict.items()}

    def text(self, text: str) -> str:
        """`text` with secrets, e-mail addresses and long numbers masked, and cut where it is long."""
        if len(text) > _LONGEST_TEXT:
            text = f"{text[:_LONGEST_TEXT]}... ({len(text)} characters)"
        if self._secrets is not None:
            text = self._secrets.sub("[secret]", text)
        text = _URL_PASSWORD.sub(r"\g<start>[secret]@", text)
        text = _BEARER.sub(r"\g<start>[secret]", text)
        text = _EMAIL.sub("[e-mail]", text)
        return _DIGITS.sub("[number]", text)

    def _field(self, key: str, value: Any) -> Any:
        if key in _OWN_KEYS and not isinstance(value, (Mapping, list, tuple)):
            return value
        if _SECRET_KEY.search(key) and value is not None:
            return "[secret]"
        return self._value(value)

    def _value(self, value: Any) -> Any:
        if value is None or isinstance(value, (bool, int, float)):
            return value
        if isinstance(value, Mapping):
            return {str(key): self._field(str(key), item) for key, item in value.items()}
        if isinstance(value, (list, tuple, set, frozenset)):
            return [self._value(item) for item in value]
        return self.text(value if isinstance(value, str) else str(value))
