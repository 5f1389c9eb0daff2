"""What the Graph API's errors mean for a delivery: the one table.

Sources: Meta, "Messenger Platform: Common Error Codes", "Send API Error Codes", and "Graph API:
Handle Errors" and "Rate Limits". A code that is in none of them is decided by the HTTP status.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

import httpx

from bot.errors import (
    DeliveryDelayed,
    DeliveryError,
    DeliveryRefused,
    DeliveryUnknown,
    RecipientGone,
    WindowClosed,
)

# Where the platform limits the rate without saying for how long, in seconds.
_RATE_PAUSE = 30.0
# While the operator has to mend something that stops every call, in seconds.
_OPERATOR_PAUSE = 60.0
_LONGEST_PAUSE = 3_600.0
_PERMISSION = (3, 10, 200, 230)


class Meaning(Enum):
    """`RATE`: too many calls. `OPERATOR`: nothing goes through until somebody mends the set-up."""

    AGAIN = "again"
    RATE = "rate"
    OPERATOR = "operator"
    REFUSED = "refused"
    GONE = "gone"
    WINDOW = "window"


# By code and subcode; None stands for all other subcodes of the code.
MEANINGS: Mapping[tuple[int, int | None], Meaning] = {
    # the platform's own trouble
    (-1, None): Meaning.AGAIN,
    (1, None): Meaning.AGAIN,
    (1, 99): Meaning.AGAIN,
    (1, 1357046): Meaning.AGAIN,
    (2, None): Meaning.AGAIN,
    (1200, None): Meaning.AGAIN,
    # rates: of the app, the user, the page, the API, the business use case Messenger
    (4, None): Meaning.RATE,
    (4, 2018022): Meaning.RATE,
    (17, None): Meaning.RATE,
    (32, None): Meaning.RATE,
    (341, None): Meaning.RATE,
    (613, None): Meaning.RATE,
    (80006, None): Meaning.RATE,
    # the token, the app, the permissions
    (2, 2018344): Meaning.OPERATOR,
    (3, None): Meaning.OPERATOR,
    (10, None): Meaning.OPERATOR,
    (102, None): Meaning.OPERATOR,
    (104, None): Meaning.OPERATOR,
    (190, None): Meaning.OPERATOR,
    (200, None): Meaning.OPERATOR,
    (230, None): Meaning.OPERATOR,
    (368, None): Meaning.OPERATOR,
    (2635, None): Meaning.OPERATOR,
    # the time for answering is over
    (10, 2018065): Meaning.WINDOW,
    (10, 2018108): Meaning.WINDOW,
    (10, 2018278): Meaning.WINDOW,
    # the customer can't be reached
    (100, 2018001): Meaning.GONE,
    (100, 33): Meaning.GONE,
    (551, None): Meaning.GONE,
    (200, 1545041): Meaning.GONE,
    # this message, or this message to this customer
    (9, None): Meaning.REFUSED,
    (10, 2018300): Meaning.REFUSED,
    (100, None): Meaning.REFUSED,
    (100, 2018109): Meaning.REFUSED,
    (200, 2018021): Meaning.REFUSED,
    (200, 2018027): Meaning.REFUSED,
    (200, 2018028): Meaning.REFUSED,
    (10303, None): Meaning.REFUSED,
}


@dataclass(frozen=True)
class GraphFault:
    """An answer that is none. `code` 0: the body was no error of the Graph API's."""

    status: int
    code: int
    subcode: int | None
    message: str
    trace: str
    retry_after: float | None

    @property
    def about_secret(self) -> bool:
        """The app's secret does not fit the token, which the code alone does not tell."""
        return self.code == 100 and "appsecret_proof" in self.message

    @property
    def is_denied(self) -> bool:
        """The token may not do this one thing, whatever else it may."""
        return self.meaning is Meaning.REFUSED or (
            self.meaning is Meaning.OPERATOR and self.code in _PERMISSION
        )

    @property
    def stops_everything(self) -> bool:
        """No other call would go through either."""
        return self.meaning is Meaning.OPERATOR and self.code not in (*_PERMISSION, 2)

    @property
    def meaning(self) -> Meaning:
        """What it means, by the table, else by the HTTP status."""
        if self.about_secret:
            return Meaning.OPERATOR
        for subcode in (self.subcode, None):
            found = MEANINGS.get((self.code, subcode))
            if found is not None:
                return found
        if self.status == 429:
            return Meaning.RATE
        if self.status == 401:
            return Meaning.OPERATOR
        # What does not speak as the Graph API does is a proxy or another server at its address,
        # and knows nothing of the message.
        again = self.status >= 500 or not self.code
        return Meaning.AGAIN if again else Meaning.REFUSED

    def __str__(self) -> str:
        subcode = f"/{self.subcode}" if self.subcode is not None else ""
        trace = f", fbtrace_id {self.trace}" if self.trace else ""
        hint = f": {self.remedy}" if self.remedy else ""
        return f"({self.code}{subcode}) {self.message} [HTTP {self.status}{trace}]{hint}"

    @property
    def remedy(self) -> str:
        """What the operator may do about it; empty where nothing."""
        if self.about_secret:
            return "MESSENGER_APP_SECRET must be the secret of the app that made the page's token"
        if self.meaning is not Meaning.OPERATOR:
            return ""
        if self.code in _PERMISSION:
            return "the page's token lacks a permission, see docs/messenger-channel.md"
        if self.code in (102, 190) or self.status == 401:
            return "make a new token for the page and set MESSENGER_PAGE_TOKEN to it"
        return "see the app's and the page's status at Meta"


def read_fault(response: httpx.Response) -> GraphFault | None:
    """The fault in an answer; None where it is none."""
    try:
        body = response.json()
    except ValueError:
        body = None
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        if response.is_success:
            return None
        error = {}
    return GraphFault(
        status=response.status_code,
        code=_integer(error.get("code")) or 0,
        subcode=_integer(error.get("error_subcode")),
        message=_words(error.get("message")) or response.reason_phrase,
        trace=_words(error.get("fbtrace_id")),
        retry_after=retry_hint(response.headers),
    )


def delivery_error(fault: GraphFault) -> DeliveryError:
    """The error that a sender understands."""
    meaning, words = fault.meaning, str(fault)
    if not fault.code and fault.status in (502, 504):
        # Not the Graph API's own words: something before it gave up waiting.
        return DeliveryUnknown(words)
    if meaning is Meaning.RATE:
        asked_for = fault.retry_after
        return DeliveryDelayed(words, _RATE_PAUSE if asked_for is None else asked_for)
    if meaning is Meaning.OPERATOR:
        # Only what stops every call may hold all of them.
        return DeliveryDelayed(words, _OPERATOR_PAUSE if fault.stops_everything else None)
    if meaning is Meaning.AGAIN:
        return DeliveryDelayed(words, fault.retry_after)
    if meaning is Meaning.WINDOW:
        return WindowClosed(words)
    return RecipientGone(words) if meaning is Meaning.GONE else DeliveryRefused(words)


def connection_error(error: httpx.HTTPError) -> DeliveryError:
    """What a broken connection means: only one that was never made certainly carried nothing."""
    words = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    never_sent = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
    if isinstance(error, (*never_sent, httpx.UnsupportedProtocol)):
        return DeliveryDelayed(f"the Graph API can't be reached: {words}")
    return DeliveryUnknown(f"the connection to the Graph API broke: {words}")


def retry_hint(headers: Mapping[str, str]) -> float | None:
    """How many seconds the platform asks to wait, where it says so.

    `Retry-After` in seconds; else the longest `estimated_time_to_regain_access` (minutes) of
    X-Business-Use-Case-Usage; else, with X-App-Usage or X-Page-Usage at 100 %, a quarter of the
    hour that they look back on.
    """
    given = headers.get("retry-after", "")
    if given.isascii() and given.isdigit() and len(given) < 10:
        return min(float(given), _LONGEST_PAUSE)
    minutes = [
        _integer(use.get("estimated_time_to_regain_access")) or 0
        for uses in _json_object(headers.get("x-business-use-case-usage")).values()
        for use in (uses if isinstance(uses, list) else [])
        if isinstance(use, dict)
    ]
    if any(minutes):
        return min(max(minutes) * 60.0, _LONGEST_PAUSE)
    for name in ("x-app-usage", "x-page-usage"):
        shares = _json_object(headers.get(name)).values()
        if any((_integer(share) or 0) >= 100 for share in shares):
            return _LONGEST_PAUSE / 4
    return None


def _json_object(value: str | None) -> Mapping[str, Any]:
    try:
        data = json.loads(value or "{}")
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _integer(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _words(value: Any) -> str:
    return value if isinstance(value, str) else ""
