"""What holds for signing in and for sessions of staff, whatever the database."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import func, select, update

from bot.errors import SignInRefused
from bot.model.staff import Role
from bot.record.database import Database
from bot.record.tables import sign_in_failures, staff_sessions
from bot.record.tables import staff as staff_table
from bot.staff.passwords import Passwords
from bot.staff.sign_in import ProvidedIdentity, SignedIn, SignIn
from tests.staff import PASSWORD, Staff, database, migrated_dsn, staff_of

__all__ = ["database", "migrated_dsn"]

HERE = "192.0.2.1"
ISSUER = "https://id.shop.example"


@pytest.fixture
def staff(database: Database) -> Iterator[Staff]:
    with staff_of(database) as made:
        yield made


async def enter(
    staff: Staff, login: str = "kari", password: str = PASSWORD, address: str = HERE
) -> SignedIn:
    return await staff.sign_in.by_password(login, password, address=address, client="Firefox")


async def refusal(staff: Staff, *how: str, **more: str) -> SignInRefused:
    with pytest.raises(SignInRefused) as error:
        await enter(staff, *how, **more)
    return error.value


async def test_the_right_password_opens_a_session(staff: Staff) -> None:
    kari = await staff.add("kari@shop.example")
    signed_in = await enter(staff, " KARI@shop.example ")
    assert signed_in.staff == kari
    found = await staff.sessions.find(signed_in.token)
    assert found == (kari, signed_in.session)
    assert len(signed_in.token) >= 43
    assert len(signed_in.session.csrf_token) >= 43
    assert (await staff.actions())[-1] == ("sign_in", "kari@shop.example")
    await staff.sign_in.end(kari, signed_in.session)
    assert await staff.sessions.find(signed_in.token) is None
    assert (await staff.actions())[-1] == ("sign_out", "kari@shop.example")


async def test_a_token_is_kept_as_a_hash_and_nothing_else_opens_a_session(staff: Staff) -> None:
    await staff.add("kari")
    signed_in = await enter(staff)
    row = await staff.database.read(
        lambda connection: connection.execute(select(staff_sessions)).one()
    )
    assert signed_in.token not in str(tuple(row))
    guesses = ["", row.token_hash, row.csrf_token, signed_in.token[:-1], signed_in.token + "x"]
    for guess in [*guesses, signed_in.token.swapcase(), "\ud800", "x" * 100_000, "\x00"]:
        assert await staff.sessions.find(guess) is None


async def test_wrong_unknown_and_disabled_are_refused_alike(staff: Staff) -> None:
    await staff.add("boss", Role.ADMINISTRATOR)
    await staff.add("kari")
    ola = await staff.add("ola")
    await staff.accounts.disable(ola.id, by=None)
    told = {
        (error.reason, error.retry_after, str(error))
        for error in [
            await refusal(staff, "kari", "not the password"),
            await refusal(staff, "nobody", PASSWORD),
            await refusal(staff, "ola", PASSWORD),
            await refusal(staff, "kari", ""),
            await refusal(staff, "", ""),
            await refusal(staff, "kari\x00", PASSWORD + "\x00"),
        ]
    }
    assert told == {("wrong", None, "not signed in: wrong")}
    failed = [about for action, about in await staff.actions() if action == "sign_in.failed"]
    assert failed == ["kari", "(unknown)", "ola", "kari", "(unknown)", "kari"]


async def test_a_login_waits_longer_after_each_wrong_password(staff: Staff) -> None:
    await staff.add("kari")
    for _ in range(5):
        assert (await refusal(staff, "kari", "wrong")).reason == "wrong"
    waits = []
    for _ in range(7):
        locked = await refusal(staff, "kari", "wrong")
        assert locked.reason == "too_many"
        assert locked.retry_after is not None
        # Nobody is told whether this one was right, and it does not count.
        assert (await refusal(staff)).retry_after == locked.retry_after
        waits.append(locked.retry_after)
        staff.clock.move(seconds=locked.retry_after)
        assert (await refusal(staff, "kari", "wrong")).reason == "wrong"
    assert waits == [30, 60, 120, 240, 480, 900, 900]
    staff.clock.move(seconds=900)
    assert (await enter(staff)).staff.login == "kari"
    assert (await refusal(staff, "kari", "wrong")).reason == "wrong", "it begins anew"


async def test_an_unknown_login_waits_just_so(staff: Staff) -> None:
    reasons = [(await refusal(staff, "nobody", "wrong")).reason for _ in range(6)]
    assert reasons == ["wrong"] * 5 + ["too_many"]


async def test_a_login_is_limited_from_all_addresses_together(staff: Staff) -> None:
    await staff.add("kari")
    for number in range(5):
        await refusal(staff, "kari", "wrong", f"192.0.2.{number}")
    assert (await refusal(staff, "kari", PASSWORD, "198.51.100.1")).reason == "too_many"


@pytest.mark.parametrize(
    "addresses",
    [
        [HERE],
        [f"::ffff:{HERE}", HERE],
        [f"2001:db8:1:2::{number:x}" for number in range(1, 40)],
    ],
    ids=["one", "mapped", "network"],
)
async def test_an_address_is_limited_over_all_logins(staff: Staff, addresses: list[str]) -> None:
    await staff.add("kari")
    for number in range(30):
        address = addresses[number % len(addresses)]
        if number == 20:
            # Whoever has an account gets no more tries by it.
            await enter(staff, address=address)
        assert (await refusal(staff, f"somebody{number}", "wrong", address)).reason == "wrong"
    assert (await refusal(staff, address=addresses[0])).reason == "too_many"
    assert (await enter(staff, address="198.51.100.7")).staff.login == "kari"
    staff.clock.move(hours=1)
    assert (await enter(staff, address=addresses[0])).staff.login == "kari"


async def test_of_many_tries_at_once_no_more_get_through(staff: Staff) -> None:
    await staff.add("kari")
    outcomes = await asyncio.gather(
        *(enter(staff, "kari", f"wrong {number}") for number in range(20)), return_exceptions=True
    )
    reasons = [error.reason for error in outcomes if isinstance(error, SignInRefused)]
    assert sorted(reasons) == ["too_many"] * 15 + ["wrong"] * 5


async def test_old_failures_are_cleaned_up(staff: Staff) -> None:
    for number in range(6):
        await refusal(staff, f"nobody{number}", "wrong")
    staff.clock.move(hours=25)
    await refusal(staff, "nobody", "wrong")
    count = await staff.database.read(
        lambda connection: connection.execute(
            select(func.count()).select_from(sign_in_failures)
        ).scalar_one()
    )
    assert count == 2


async def test_a_hash_with_older_parameters_is_renewed(staff: Staff) -> None:
    kari = await staff.add("kari")
    newer = Passwords(threads=1, memory_kib=16, passes=1)
    try:
        sign_in = SignIn(staff.database, newer, staff.sessions, staff.throttle, staff.clock)
        await sign_in.by_password("kari", PASSWORD, address=HERE, client="")
        row = await staff.database.read(
            lambda connection: connection.execute(
                select(staff_table.c.password_hash).where(staff_table.c.id == kari.id)
            ).one()
        )
        assert "m=16," in row.password_hash
        assert await newer.verify(PASSWORD, row.password_hash)
    finally:
        newer.close()


async def test_a_session_ends_by_age_and_by_idleness(staff: Staff) -> None:
    kari = await staff.add("kari")
    used, _ = await staff.sessions.create(kari.id, "used")
    idle, _ = await staff.sessions.create(kari.id, "idle")
    for _ in range(11):
        staff.clock.move(minutes=60)
        assert await staff.sessions.find(used) is not None
    assert await staff.sessions.find(idle) is None
    assert [session.client for session in await staff.sessions.of(kari.id)] == ["used"]
    staff.clock.move(minutes=59)
    assert await staff.sessions.find(used) is not None
    staff.clock.move(minutes=1)
    assert await staff.sessions.find(used) is None
    staff.clock.move(days=31)
    await staff.sessions.create(kari.id, "new")
    kept = await staff.database.read(
        lambda connection: connection.execute(select(staff_sessions.c.client)).scalars().all()
    )
    assert kept == ["new"]


async def test_sessions_are_ended_one_by_one_and_all_together(staff: Staff) -> None:
    kari, ola = await staff.add("kari"), await staff.add("ola")
    made = [await staff.sessions.create(kari.id, f"browser {number}") for number in range(4)]
    other, others_session = await staff.sessions.create(ola.id, "x")
    assert not await staff.sessions.revoke(kari.id, others_session.id)
    assert not await staff.sessions.revoke(kari.id, "")
    assert await staff.sessions.revoke(kari.id, made[0][1].id)
    assert await staff.sessions.find(made[0][0]) is None
    assert await staff.sessions.end_others(kari.id, made[1][1].token_hash) == 2
    assert [session.client for session in await staff.sessions.of(kari.id)] == ["browser 1"]
    assert await staff.accounts.end_sessions(kari.id, by=None) == 1
    assert await staff.sessions.find(made[1][0]) is None
    assert await staff.sessions.find(other) is not None


async def test_new_roles_hold_in_open_sessions(staff: Staff) -> None:
    await staff.add("boss", Role.ADMINISTRATOR)
    kari = await staff.add("kari", Role.SUPERVISOR)
    token, _ = await staff.sessions.create(kari.id, "x")
    await staff.accounts.change(kari.id, by=None, roles=[Role.AGENT])
    found = await staff.sessions.find(token)
    assert found is not None
    assert found[0].roles == {Role.AGENT}


async def test_a_provider_finds_an_account_by_its_verified_address_once(staff: Staff) -> None:
    kari = await staff.add("kari@shop.example")

    async def come(**changed: Any) -> SignedIn:
        values = {"issuer": ISSUER, "subject": "1", "email": "Kari@shop.example", **changed}
        return await staff.sign_in.by_provider(
            ProvidedIdentity(**values), address=HERE, client="Firefox"
        )

    async def refused(**changed: Any) -> None:
        with pytest.raises(SignInRefused) as error:
            await come(**changed)
        assert error.value.reason == "no_account"

    await refused(email=None)
    await refused(email="ola@shop.example")
    assert (await come()).staff.id == kari.id
    assert (await come(email=None)).staff.id == kari.id, "it is known by its subject now"
    assert (await come(email="new@shop.example")).staff.id == kari.id
    await refused(subject="2")
    await refused(issuer="https://other.example")
    found = await staff.accounts.find(kari.id)
    assert found is not None
    assert found.is_linked
    await staff.accounts.unlink(kari.id, by=None)
    await refused(email=None)
    assert (await come(subject="2")).staff.id == kari.id
    await staff.database.write(
        lambda connection: connection.execute(
            update(staff_table).values(disabled_at=staff.clock.at)
        )
    )
    await refused(subject="2")
