"""Order numbers and postcodes out of what customers write."""

from __future__ import annotations

import re
import unicodedata

# Longer texts hold a story, not an answer to "what is your order number?".
MAX_ANSWER_CHARS = 500

_PREFIX = r"(?:(?:NH|ordre(?:nummer)?|order|best(?:illing)?|nr|no)[-.: ]{0,2}|[#])?"
_ORDER_NUMBER = re.compile(
    rf"""
    (?<![^\W_])            # not the tail of a tracking number
    {_PREFIX}
    (?:
        ([1-9][0-9]{{4}})                               # 10042
      | (?<![0-9][ ])([1-9][0-9][ ][0-9]{{3}})(?![ ][0-9])  # 10 042, but no part of 412 10 042 33
    )
    (?![^\W_])
    """,
    re.VERBOSE | re.IGNORECASE,
)
_POSTCODE = re.compile(r"(?<![^\W_])(?:NO?-?)?([0-9]{4})(?![^\W_])", re.IGNORECASE)


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text[:MAX_ANSWER_CHARS]).split())


def parse_order_number(text: str) -> str | None:
    """The one order number in `text`, as five digits; None where there is none or more than one.

    Takes `10042`, `#10042`, `NH-10042`, `10 042`, each also within a sentence.
    """
    found = {
        (whole or spaced).replace(" ", "") for whole, spaced in _ORDER_NUMBER.findall(_plain(text))
    }
    return found.pop() if len(found) == 1 else None


def parse_postcode(text: str) -> str | None:
    """The one Norwegian postcode in `text`, as four digits; None where there is none or several.

    Takes `0150`, `0150 Oslo`, `NO-0150`, each also within a sentence.
    """
    found = set(_POSTCODE.findall(_plain(text))) - {"0000"}
    return found.pop() if len(found) == 1 else None
