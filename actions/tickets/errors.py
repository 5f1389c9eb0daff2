"""What can go wrong with the ticket system.

BusinessSystemError
├── TicketNotFound           there is no such ticket
├── TicketRefused            the system does not take what it was given; the same again won't help
└── BusinessSystemUnavailable
    └── TicketsUnavailable   the system does not answer in time, or refuses to
"""

from __future__ import annotations

from bot.errors import BusinessSystemError, BusinessSystemUnavailable


class TicketNotFound(BusinessSystemError):
    """The system knows no ticket of that id."""

    def __init__(self) -> None:
        super().__init__("there is no such ticket")


class TicketRefused(BusinessSystemError):
    """The system does not take what it was given.

    `about_email`: what it minds is the customer's e-mail address.
    """

    def __init__(self, reason: str, *, about_email: bool = False) -> None:
        self.reason = reason
        self.about_email = about_email
        super().__init__(f"the ticket system refuses: {reason}")


class TicketsUnavailable(BusinessSystemUnavailable):
    """The ticket system gave no answer.

    `retryable` tells whether the same call may succeed later without anybody mending something.
    """

    def __init__(self, reason: str, *, retryable: bool) -> None:
        self.retryable = retryable
        super().__init__("the ticket system", reason)
