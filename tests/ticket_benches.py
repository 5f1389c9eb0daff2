"""Each kind of ticket system with what a test needs of it beside its desk."""

from __future__ import annotations

import contextlib
import socket
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, ClassVar

from sqlalchemy import create_engine, func, select, text, update
from sqlalchemy.engine import make_url

from actions.tickets.desk import TicketDesk
from actions.tickets.model import Link, TicketDraft
from actions.tickets.sql_desk import SqlTicketDesk
from actions.tickets.tables import ticket_notes, tickets
from actions.tickets.zammad import ZammadDesk
from actions.tickets.zendesk import ZendeskDesk
from tests.recording.desk import at_method
from tests.recording.server import Fault, no_faults, serve
from tests.recording.zammad import RecordingZammad
from tests.recording.zendesk import RecordingZendesk

EMAIL = "kari.nordmann@kunde.example"
# Longer than any call here takes.
_LONG = 60.0


def draft(words: str = "The lamp came in pieces.", conversation: str = "web:c1") -> TicketDraft:
    """What a customer of that conversation hands in."""
    return TicketDraft(words, EMAIL, Link(conversation, "web"), order_number="10044")


class Bench(ABC):
    """A ticket system under test. `states` are the staff's own words for how far a ticket is, and
    what they mean to the assistant.
    """

    states: ClassVar[Mapping[str, str]]

    def __init__(self) -> None:
        self._opened: list[TicketDesk] = []

    def desk(self, limit: float = 5.0) -> TicketDesk:
        """A client with that time limit; closed with the bench."""
        self._opened.append(self._build(limit))
        return self._opened[-1]

    def close(self) -> None:
        """Close the desks."""
        for desk in self._opened:
            desk.close()

    @abstractmethod
    def _build(self, limit: float) -> TicketDesk:
        """A client."""

    @abstractmethod
    def count(self) -> int:
        """How many tickets there are."""

    @abstractmethod
    def texts(self, ticket_id: str) -> list[str]:
        """All that is written in a ticket, in order."""

    @abstractmethod
    def hidden(self, ticket_id: str) -> list[bool]:
        """For each of them, whether it is kept from the customer."""

    @abstractmethod
    def set_state(self, ticket_id: str, state: str) -> None:
        """What a member of staff does."""

    @abstractmethod
    def away(self, limit: float) -> contextlib.AbstractContextManager[TicketDesk]:
        """A client that can't get through."""

    @abstractmethod
    def slow(self) -> contextlib.AbstractContextManager[None]:
        """Nothing is answered for a while."""

    @abstractmethod
    def cut_off_once(self) -> None:
        """The next ticket is taken, and the connection breaks before that is answered."""


class SqlBench(Bench):
    """The embedded one, in SQLite or PostgreSQL."""

    states: ClassVar[Mapping[str, str]] = {
        "new": "new",
        "open": "open",
        "waiting": "waiting",
        "closed": "closed",
    }

    def __init__(self, dsn: str) -> None:
        super().__init__()
        self._dsn = dsn
        self._engine = create_engine(dsn, future=True)

    def close(self) -> None:
        super().close()
        self._engine.dispose()

    def _build(self, limit: float) -> TicketDesk:
        return SqlTicketDesk(self._dsn, limit=limit)

    def count(self) -> int:
        with self._engine.begin() as connection:
            return int(connection.execute(select(func.count(tickets.c.id))).scalar_one())

    def texts(self, ticket_id: str) -> list[str]:
        return [str(row.text) for row in self._notes(ticket_id)]

    def hidden(self, ticket_id: str) -> list[bool]:
        return [not row.public for row in self._notes(ticket_id)]

    def _notes(self, ticket_id: str) -> list[Any]:
        wanted = ticket_notes.c.ticket_id == int(ticket_id)
        with self._engine.begin() as connection:
            return list(
                connection.execute(select(ticket_notes).where(wanted).order_by(ticket_notes.c.id))
            )

    def set_state(self, ticket_id: str, state: str) -> None:
        wanted = tickets.c.id == int(ticket_id)
        with self._engine.begin() as connection:
            connection.execute(update(tickets).where(wanted).values(state=state))

    @contextlib.contextmanager
    def away(self, limit: float) -> Iterator[TicketDesk]:
        # A port that nobody listens on.
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        desk = SqlTicketDesk(f"postgresql://u@127.0.0.1:{port}/tickets", limit=limit)
        with contextlib.closing(desk):
            yield desk

    @contextlib.contextmanager
    def slow(self) -> Iterator[None]:
        with self._engine.connect() as connection, connection.begin() as transaction:
            if make_url(self._dsn).get_backend_name() == "sqlite":
                # The driver has begun nothing yet.
                held = connection.connection.dbapi_connection
                assert isinstance(held, sqlite3.Connection)
                held.execute("BEGIN EXCLUSIVE")
                yield
                held.rollback()
            else:
                connection.execute(text("LOCK TABLE tickets IN ACCESS EXCLUSIVE MODE"))
                yield
            transaction.rollback()

    def cut_off_once(self) -> None:
        # A transaction is answered, or it has not been.
        pass


class RecordedBench(Bench):
    """A system that is reached over HTTP."""

    server: RecordingZammad | RecordingZendesk

    def count(self) -> int:
        return len(self.server.tickets)

    def texts(self, ticket_id: str) -> list[str]:
        return self.server.texts(int(ticket_id))

    @contextlib.contextmanager
    def away(self, limit: float) -> Iterator[TicketDesk]:
        url = self.server.url
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.server.url = f"http://127.0.0.1:{server.getsockname()[1]}"
        desk = self._build(limit)
        self.server.url = url
        with contextlib.closing(desk):
            yield desk

    @contextlib.contextmanager
    def slow(self) -> Iterator[None]:
        methods = ("tickets.search", "tickets.list", "search", "tickets.show", "tickets.create")
        self.server.delays = dict.fromkeys(methods, _LONG)
        yield
        self.server.delays = {}

    def cut_off_once(self) -> None:
        self.server.faults = at_method("tickets.create", Fault("cut"))

    def set_faults(self, method: str, *faults: Fault | None) -> None:
        """These for the first calls of the method."""
        self.server.faults = at_method(method, *faults)

    def mend(self) -> None:
        """From now on everything works."""
        self.server.faults = no_faults


class ZammadBench(RecordedBench):
    """Zammad."""

    states: ClassVar[Mapping[str, str]] = {
        "new": "new",
        "open": "open",
        "pending reminder": "waiting",
        "pending close": "waiting",
        "closed": "closed",
        "merged": "open",
    }

    def __init__(self, server: RecordingZammad) -> None:
        super().__init__()
        self.server: RecordingZammad = server

    def _build(self, limit: float) -> TicketDesk:
        return ZammadDesk(self.server.url, "zammad-token", limit=limit)

    def hidden(self, ticket_id: str) -> list[bool]:
        found = [one for one in self.server.articles if one["ticket_id"] == int(ticket_id)]
        return [one["internal"] for one in found]

    def set_state(self, ticket_id: str, state: str) -> None:
        self.server.tickets[int(ticket_id)]["state"] = state


class ZendeskBench(RecordedBench):
    """Zendesk."""

    states: ClassVar[Mapping[str, str]] = {
        "new": "new",
        "open": "open",
        "pending": "waiting",
        "hold": "waiting",
        "solved": "closed",
        "closed": "closed",
    }

    def __init__(self, server: RecordingZendesk) -> None:
        super().__init__()
        self.server: RecordingZendesk = server

    def _build(self, limit: float) -> TicketDesk:
        return ZendeskDesk(self.server.url, "bot@shop.example/token:zendesk-token", limit=limit)

    def hidden(self, ticket_id: str) -> list[bool]:
        found = [one for one in self.server.comments if one["ticket_id"] == int(ticket_id)]
        return [not one["public"] for one in found]

    def set_state(self, ticket_id: str, state: str) -> None:
        self.server.tickets[int(ticket_id)]["status"] = state


@contextlib.asynccontextmanager
async def zammad_bench() -> AsyncIterator[ZammadBench]:
    """A Zammad of its own, on a free port."""
    server = RecordingZammad()
    async with serve(server):
        bench = ZammadBench(server)
        yield bench
        bench.close()


@contextlib.asynccontextmanager
async def zendesk_bench() -> AsyncIterator[ZendeskBench]:
    """A Zendesk of its own, on a free port."""
    server = RecordingZendesk()
    async with serve(server):
        bench = ZendeskBench(server)
        yield bench
        bench.close()
