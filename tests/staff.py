"""Staff's accounts for tests, with passwords that are quick to check."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

import pytest
from sqlalchemy import delete

from bot.model.staff import Role, StaffMember
from bot.record.database import Database, open_engine, transaction
from bot.record.migrate import migrate
from bot.record.tables import metadata
from bot.staff.accounts import Accounts
from bot.staff.audit import Audit
from bot.staff.passwords import Passwords
from bot.staff.presence import Presences
from bot.staff.sessions import StaffSessions
from bot.staff.sign_in import SignIn
from bot.staff.throttle import SignInThrottle
from tests.postgres import PostgresServer
from tests.records import new_record

PASSWORD = "correct horse battery"


@dataclass
class Clock:
    """A time that stands until it is moved."""

    at: datetime = field(default_factory=lambda: datetime(2026, 3, 2, 9, 0, tzinfo=timezone.utc))

    def __call__(self) -> datetime:
        return self.at

    def move(self, **time: float) -> None:
        """Forward, by `seconds`, `minutes`, `hours` or `days`."""
        self.at += timedelta(**time)


@dataclass
class Staff:
    """Everything of bot.staff over one database and one clock."""

    database: Database
    passwords: Passwords
    clock: Clock

    def __post_init__(self) -> None:
        self.accounts = Accounts(self.database, self.passwords, self.clock)
        self.sessions = StaffSessions(self.database, hours=12, idle_hours=2, clock=self.clock)
        self.throttle = SignInThrottle(self.database, clock=self.clock)
        self.audit = Audit(self.database, self.clock)
        self.presences = Presences(self.database, gone_seconds=30, clock=self.clock)
        self.sign_in = SignIn(
            self.database, self.passwords, self.sessions, self.throttle, self.clock
        )

    async def add(self, login: str, *roles: Role, name: str | None = None) -> StaffMember:
        """An account with the password PASSWORD; an agent's where no role is named."""
        given: Collection[Role] = roles or (Role.AGENT,)
        member, _ = await self.accounts.add(
            login, name=name or login.title(), roles=given, password=PASSWORD
        )
        return member

    async def actions(self) -> list[tuple[str, str]]:
        """What is in the audit log, the oldest first: action and about."""
        entries = await self.audit.entries(limit=1_000)
        return [(entry.action, entry.about) for entry in reversed(entries)]


@contextmanager
def staff_of(database: Database) -> Iterator[Staff]:
    """With its own threads for passwords while the block lasts."""
    passwords = Passwords(threads=2, memory_kib=8, passes=1)
    try:
        yield Staff(database, passwords, Clock())
    finally:
        passwords.close()


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
)
def migrated_dsn(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A database of each kind for a module's tests, with this version's tables."""
    if request.param == "sqlite":
        yield new_record(tmp_path_factory.mktemp("staff") / "record.sqlite3")
    else:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        with server.database(migrate) as dsn:
            yield dsn


@pytest.fixture
async def database(migrated_dsn: str) -> AsyncIterator[Database]:
    """The record over it, empty."""
    engine = open_engine(migrated_dsn)
    with transaction(engine, write=True) as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(delete(table))
    database = Database(engine)
    yield database
    database.close()
