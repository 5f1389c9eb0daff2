"""Signing in: by password, or as whom an OpenID provider names."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.engine import Connection

from bot.errors import SignInRefused
from bot.model.staff import StaffMember
from bot.record.database import Database
from bot.staff import audit
from bot.staff.audit import now
from bot.staff.passwords import LONGEST, Passwords
from bot.staff.records import StaffRecords, login_of, member_of
from bot.staff.sessions import StaffSession, StaffSessions
from bot.staff.throttle import SignInThrottle


@dataclass(frozen=True)
class SignedIn:
    """A session that was just opened; `token` is for the browser's cookie."""

    staff: StaffMember
    token: str
    session: StaffSession


@dataclass(frozen=True)
class ProvidedIdentity:
    """Whom an OpenID provider names, after its token was verified.

    `email` is None unless the provider says that it has verified it.
    """

    issuer: str
    subject: str
    email: str | None


class SignIn:
    """Opens sessions. Each try is in the audit log, save for those that came too soon.

    `address` is the network address that somebody comes from, `client` their browser's description
    of itself.
    """

    def __init__(
        self,
        database: Database,
        passwords: Passwords,
        sessions: StaffSessions,
        throttle: SignInThrottle,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._sessions = sessions
        self._throttle = throttle
        self._clock = clock

    async def by_password(
        self, typed_login: str, password: str, *, address: str, client: str
    ) -> SignedIn:
        """Raises SignInRefused: `wrong`, `too_many`, `busy`.

        Who has to wait is told so before the password is looked at, the same for logins that there
        are and are not.
        """
        login = login_of(typed_login)[:LONGEST].replace("\x00", "")
        wait = await self._throttle.begin(login, address)
        if wait > 0:
            raise SignInRefused("too_many", retry_after=wait)
        row = await self._database.read(
            lambda connection: StaffRecords(connection).row(login=login)
        )
        kept = None if row is None or row.disabled_at is not None else row.password_hash
        if not await self._passwords.verify(password, kept) or row is None:
            # What was typed as a login may be a password by mistake.
            await self._note(row, "sign_in.failed", row.login if row else "(unknown)", address)
            raise SignInRefused("wrong")
        await self._throttle.succeeded(login, address)
        if kept is not None and self._passwords.is_outdated(kept):
            await self._rehash(row.id, kept, password)
        return await self._open(row, "password", address, client)

    async def by_provider(
        self, identity: ProvidedIdentity, *, address: str, client: str
    ) -> SignedIn:
        """Raises SignInRefused (`no_account`): accounts are made by administrators, never by this.

        An account is found by the provider's subject. The first time it is found by its login, which
        must be the e-mail address that the provider has verified; from then on it is that subject's,
        whatever addresses change hands.
        """
        subject = _subject(identity)

        def work(connection: Connection) -> Any | None:
            records = StaffRecords(connection)
            row = records.row(oidc_subject=subject)
            if row is None and identity.email is not None:
                records.lock()
                row = records.row(login=login_of(identity.email))
                if row is None or row.oidc_subject is not None or row.disabled_at is not None:
                    return None
                records.update(row.id, {"oidc_subject": subject})
                audit.add(connection, self._clock(), row.id, "account.link", row.login)
            return None if row is None or row.disabled_at is not None else row

        row = await self._database.write(work)
        if row is None:
            await self._note(None, "sign_in.failed", "(unknown)", f"{address}, OpenID Connect")
            raise SignInRefused("no_account")
        return await self._open(row, "OpenID Connect", address, client)

    async def end(self, staff: StaffMember, session: StaffSession) -> None:
        """Sign out."""
        await self._sessions.end(session.token_hash)
        at = self._clock()
        await self._database.write(
            lambda connection: audit.add(connection, at, staff.id, "sign_out", staff.login)
        )

    async def _open(self, row: Any, way: str, address: str, client: str) -> SignedIn:
        token, session = await self._sessions.create(row.id, client)
        await self._note(row, "sign_in", row.login, f"{address}, {way}")
        return SignedIn(member_of(row), token, session)

    async def _rehash(self, staff_id: str, kept: str, password: str) -> None:
        hashed = await self._passwords.hashed(password)

        def work(connection: Connection) -> None:
            records = StaffRecords(connection)
            records.lock()
            if records.known(staff_id).password_hash == kept:
                records.update(staff_id, {"password_hash": hashed})

        await self._database.write(work)

    async def _note(self, row: Any | None, action: str, about: str, detail: str) -> None:
        at = self._clock()
        staff_id = None if row is None else row.id
        await self._database.write(
            lambda connection: audit.add(connection, at, staff_id, action, about, detail)
        )


def _subject(identity: ProvidedIdentity) -> str:
    # Two providers may know different people by the same subject.
    return hashlib.sha256(f"{identity.issuer}\n{identity.subject}".encode()).hexdigest()
