"""What can go wrong with the order system.

BusinessSystemError
├── OrderNotMatched        no such order, or another postcode; which of the two is never told
├── TooManyAttempts        too many wrong tries of this conversation or for this order number
├── OrderRecordInvalid     the order system holds a record that makes no sense
└── BusinessSystemUnavailable
    └── OrdersUnavailable  the order system does not answer in time, or refuses to
"""

from __future__ import annotations

from bot.errors import BusinessSystemError, BusinessSystemUnavailable


class OrderNotMatched(BusinessSystemError):
    """The order number and the postcode do not belong together, or there is no such order.

    `failures` is how many wrong tries this conversation has made within the limits' window,
    this one included; `tries_left` how many more it has, from 0.
    """

    def __init__(self, failures: int, tries_left: int) -> None:
        self.failures = failures
        self.tries_left = tries_left
        super().__init__("the order number and the postcode do not match")


class TooManyAttempts(BusinessSystemError):
    """The limit of wrong tries is reached: nothing was looked up."""

    def __init__(self) -> None:
        super().__init__("too many wrong tries; offer a person")


class OrderRecordInvalid(BusinessSystemError):
    """A record of the order system lacks what its state needs. Trying again does not help."""


class OrdersUnavailable(BusinessSystemUnavailable):
    """The order system gave no answer.

    `retryable` tells whether the same call may succeed later without anybody mending something.
    """

    def __init__(self, reason: str, *, retryable: bool) -> None:
        self.retryable = retryable
        super().__init__("the order system", reason)
