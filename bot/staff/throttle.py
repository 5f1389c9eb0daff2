"""How often somebody may try to sign in: per login, and per network address."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, insert, select, text
from sqlalchemy.engine import Connection

from bot.record.database import Database
from bot.record.tables import sign_in_failures
from bot.staff.audit import now


@dataclass(frozen=True)
class Limit:
    """After `free` failures within `window` each further try waits: `wait` seconds from the last
    failure, twice as long after each one more, `longest` at most.
    """

    free: int
    wait: float = 30.0
    longest: float = 900.0
    window: timedelta = timedelta(hours=24)

    def left(self, failures: int, since_last: float) -> float:
        """How many seconds a try has to wait still."""
        if failures < self.free:
            return 0.0
        # Bounded, as 2.0 to the power of some thousand is no float any more.
        doubled = min(failures - self.free, 32)
        return max(0.0, min(self.wait * 2.0**doubled, self.longest) - since_last)


# Whoever guesses one person's password gets about a hundred tries a day. An address may be a whole
# office's, where several forget theirs on a Monday.
PER_LOGIN = Limit(free=5)
PER_ADDRESS = Limit(free=30, window=timedelta(hours=1))


class SignInThrottle:
    """Counts failed sign-ins in SQL, so for all processes together.

    A try is counted when it begins and taken back when it was right: of many at once, no more get
    through than one after the other.
    """

    def __init__(
        self,
        database: Database,
        *,
        per_login: Limit = PER_LOGIN,
        per_address: Limit = PER_ADDRESS,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._database = database
        self._per_login = per_login
        self._per_address = per_address
        self._clock = clock

    async def begin(self, login: str, address: str) -> float:
        """Count a try and return 0; or the seconds that it has to wait, and count nothing then."""
        at = self._clock()
        keys = [
            (_key("login", login), self._per_login),
            (_key("address", _network(address)), self._per_address),
        ]

        def work(connection: Connection) -> float:
            # In one order for all, so that two never wait for one another.
            for key in sorted(key for key, _ in keys):
                _lock(connection, key)
            wait = max(_wait(connection, key, limit, at) for key, limit in keys)
            if wait == 0:
                oldest = at - max(limit.window for _, limit in keys)
                connection.execute(
                    delete(sign_in_failures).where(sign_in_failures.c.failed_at < oldest)
                )
                connection.execute(
                    insert(sign_in_failures), [{"key": key, "failed_at": at} for key, _ in keys]
                )
            return wait

        return await self._database.write(work)

    async def succeeded(self, login: str, address: str) -> None:
        """The try was right: the login begins anew. Of the address this one try is taken back, or
        whoever has an account could guess other people's passwords without end.
        """
        columns = sign_in_failures.c

        def work(connection: Connection) -> None:
            connection.execute(delete(sign_in_failures).where(columns.key == _key("login", login)))
            latest = connection.execute(
                select(func.max(columns.id)).where(
                    columns.key == _key("address", _network(address))
                )
            ).scalar_one()
            connection.execute(delete(sign_in_failures).where(columns.id == latest))

        await self._database.write(work)


def _wait(connection: Connection, key: str, limit: Limit, at: datetime) -> float:
    columns = sign_in_failures.c
    failures, last = connection.execute(
        select(func.count(), func.max(columns.failed_at)).where(
            columns.key == key, columns.failed_at > at - limit.window
        )
    ).one()
    return 0.0 if last is None else limit.left(failures, (at - last).total_seconds())


def _lock(connection: Connection, key: str) -> None:
    # SQLite's writers are one at a time anyway.
    if connection.dialect.name == "postgresql":
        connection.execute(
            text("SELECT pg_advisory_xact_lock(:lock)"),
            {"lock": int(key[:15], 16)},
        )


def _key(kind: str, value: str) -> str:
    return hashlib.sha256(f"{kind}:{value}".encode("utf-8", "surrogatepass")).hexdigest()


def _network(address: str) -> str:
    """Of an IPv6 address the network, since one customer of a provider has all addresses in it."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
