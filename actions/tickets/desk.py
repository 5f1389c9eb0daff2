"""The interface of the ticket system."""

from __future__ import annotations

from abc import ABC, abstractmethod

from actions.tickets.model import Link, Ticket, TicketDraft


class TicketDesk(ABC):
    """What the actions want of a ticket system.

    Every method raises TicketsUnavailable, within a fixed time, where the system gives no answer.
    Nothing is done twice for one `key` (up to 64 characters, from the turn), whatever happens in
    between: a call with unknown outcome may simply be made again. All may be called from any event
    loop; none blocks it. Whoever builds a desk closes it.
    """

    @abstractmethod
    async def prepare(self) -> None:
        """Make ready for the first call. Without it the first call does so itself.

        Safe to call again, and from many processes at once.
        """

    @abstractmethod
    async def check(self) -> str:
        """Who the system takes this client for, in a few words.

        Raises TicketsUnavailable, which says why tickets can't be opened.
        """

    @abstractmethod
    async def open(self, draft: TicketDraft, key: str) -> Ticket:
        """The ticket, opened and linked to the draft's conversation; with `key` known, the one that
        was opened before. Raises TicketRefused.
        """

    @abstractmethod
    async def add_note(self, ticket_id: str, text: str, key: str, *, public: bool = False) -> bool:
        """Add a note; False where `key` has added it before. A public one the customer may read.

        Raises TicketNotFound and TicketRefused.
        """

    @abstractmethod
    async def link(self, ticket_id: str, link: Link) -> bool:
        """Link the ticket to one more conversation; False where it is linked already.

        Raises TicketNotFound and TicketRefused.
        """

    @abstractmethod
    async def find(self, ticket_id: str) -> Ticket:
        """The ticket as it is now. Raises TicketNotFound."""

    @abstractmethod
    async def of_conversation(self, conversation: str) -> tuple[Ticket, ...]:
        """The tickets linked to the conversation, the latest opened first, at most MOST_LISTED."""

    @abstractmethod
    async def close_ticket(self, ticket_id: str) -> Ticket:
        """Close the ticket; one that is closed stays so. Raises TicketNotFound and TicketRefused."""

    @abstractmethod
    def close(self) -> None:
        """Let go of connections and threads without waiting. Calls under way raise
        TicketsUnavailable.
        """


MOST_LISTED = 5
