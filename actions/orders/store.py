"""The interface of the order system."""

from __future__ import annotations

from abc import ABC, abstractmethod

from actions.orders.model import Order, Origin


class OrderStore(ABC):
    """What the actions want of an order system.

    Every method raises OrdersUnavailable, within a fixed time, where the system gives no answer.
    All may be called from any event loop; none blocks it. Whoever builds a store closes it.
    """

    @abstractmethod
    async def prepare(self) -> None:
        """Make ready for the first call. Without it the first call does so itself.

        Safe to call again, and from many processes at once.
        """

    @abstractmethod
    async def check(self) -> None:
        """Return when orders can be looked up. Raises OrdersUnavailable, which says why not."""

    @abstractmethod
    async def find(self, number: str, postcode: str, origin: Origin) -> Order:
        """The order with this number, where the postcode is its own.

        Raises OrderNotMatched (an unknown number and a wrong postcode are the same),
        TooManyAttempts and OrderRecordInvalid. A turn that runs again counts as one try.
        """

    @abstractmethod
    async def request_invoice(self, order: Order, origin: Origin) -> bool:
        """Have a copy of the invoice sent to the order's own e-mail address.

        Returns False where this turn has asked for it before: the customer gets one copy.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of connections and threads without waiting. Calls under way raise OrdersUnavailable."""
