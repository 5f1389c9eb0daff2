"""What holds for accounts of staff, whatever the database."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from bot.errors import AccountRefused
from bot.model.staff import Presence, Role
from bot.record.database import Database
from bot.record.tables import staff as staff_table
from bot.staff.first_account import ensure_first_account
from bot.staff.keys import SigningKey
from tests.staff import PASSWORD, Staff, database, migrated_dsn, staff_of

__all__ = ["database", "migrated_dsn"]


@pytest.fixture
def staff(database: Database) -> Iterator[Staff]:
    with staff_of(database) as made:
        yield made


async def refused(reason: str, doing: object) -> None:
    assert asyncio.iscoroutine(doing)
    with pytest.raises(AccountRefused) as error:
        await doing
    assert error.value.reason == reason


async def test_an_account_is_found_however_its_login_is_typed(staff: Staff) -> None:
    kari, password = await staff.accounts.add(
        " Kari@Shop.Example ", name="  Kari   Nordmann ", roles=[Role.AGENT, Role.SUPERVISOR]
    )
    assert kari.login == "kari@shop.example"
    assert kari.name == "Kari Nordmann"
    assert kari.roles == {Role.AGENT, Role.SUPERVISOR}
    assert len(password) >= 20
    found = await staff.accounts.find_login("KARI@shop.example")
    assert found is not None
    assert found.member == kari
    assert found.has_password
    assert not found.is_linked
    assert found == await staff.accounts.find(kari.id)
    assert await staff.accounts.find_login("kari") is None
    assert await staff.accounts.find_login("\x00") is None


async def test_the_password_itself_is_not_stored(staff: Staff) -> None:
    await staff.add("kari")
    row = await staff.database.read(
        lambda connection: connection.execute(select(staff_table)).one()
    )
    assert PASSWORD not in str(tuple(row))
    assert row.password_hash.startswith("$argon2id$")
    assert PASSWORD not in str(await staff.audit.entries())


NO_ACCOUNTS: list[tuple[dict[str, object], str]] = [
    ({"login": ""}, "bad_login"),
    ({"login": "kari nordmann"}, "bad_login"),
    ({"login": "kari\x00"}, "bad_login"),
    ({"login": "<script>"}, "bad_login"),
    ({"login": "k" * 256}, "bad_login"),
    ({"login": "OLA"}, "login_taken"),
    ({"name": "  "}, "bad_name"),
    ({"name": "n" * 256}, "bad_name"),
    ({"name": "Kari\x07"}, "bad_name"),
    ({"roles": []}, "no_role"),
    ({"capacity": 0}, "bad_capacity"),
    ({"capacity": 101}, "bad_capacity"),
    ({"language": "xx"}, "bad_language"),
    ({"password": "short"}, "short_password"),
    ({"password": "kari-kari-kari", "login": "kari-kari-kari"}, "login_password"),
]


async def test_what_is_no_account_is_refused_and_changes_nothing(staff: Staff) -> None:
    await staff.add("ola")
    for changed, reason in NO_ACCOUNTS:
        given = {"login": "kari", "name": "Kari", "roles": [Role.AGENT], **changed}
        await refused(reason, staff.accounts.add(**given))  # type: ignore[arg-type]
    assert [account.member.login for account in await staff.accounts.all()] == ["ola"]
    assert await staff.actions() == [("account.add", "ola")]


async def test_of_two_who_take_a_login_at_once_one_gets_it(staff: Staff) -> None:
    made = await asyncio.gather(*(staff.add("kari") for _ in range(5)), return_exceptions=True)
    assert sum(not isinstance(outcome, BaseException) for outcome in made) == 1
    assert all(
        isinstance(outcome, AccountRefused)
        for outcome in made
        if isinstance(outcome, BaseException)
    )
    assert len(await staff.accounts.all()) == 1


async def test_a_change_is_audited_but_for_what_is_ones_own_affair(staff: Staff) -> None:
    boss = await staff.add("boss", Role.ADMINISTRATOR)
    kari = await staff.add("kari")
    changed = await staff.accounts.change(
        kari.id, by=boss.id, name="Kari N.", roles=[Role.SUPERVISOR], capacity=3, language="nb"
    )
    assert changed.roles == {Role.SUPERVISOR}
    assert (changed.name, changed.capacity, changed.language) == ("Kari N.", 3, "nb")
    await staff.accounts.change(kari.id, by=kari.id, presence=Presence.AWAY, sound=False)
    await staff.accounts.change(kari.id, by=boss.id, name="Kari N.")
    found = await staff.accounts.find(kari.id)
    assert found is not None
    assert found.member.presence is Presence.AWAY
    assert found.member.sound is False
    newest = (await staff.audit.entries())[0]
    assert (newest.action, newest.about, newest.name) == ("account.change", "kari", "Boss")
    assert "agent → supervisor" in newest.detail
    assert len(await staff.actions()) == 3
    await refused("unknown", staff.accounts.change("nobody", by=boss.id, name="X"))


async def test_the_last_administrator_stays(staff: Staff) -> None:
    first = await staff.add("first", Role.ADMINISTRATOR, Role.AGENT)
    await refused("last_administrator", staff.accounts.disable(first.id, by=first.id))
    await refused(
        "last_administrator", staff.accounts.change(first.id, by=first.id, roles=[Role.AGENT])
    )
    second = await staff.add("second", Role.ADMINISTRATOR)
    outcomes = await asyncio.gather(
        staff.accounts.disable(first.id, by=second.id),
        staff.accounts.change(second.id, by=first.id, roles=[Role.AGENT]),
        return_exceptions=True,
    )
    assert sum(isinstance(outcome, AccountRefused) for outcome in outcomes) == 1
    left = [
        account.member
        for account in await staff.accounts.all()
        if account.member.has(Role.ADMINISTRATOR) and not account.member.disabled
    ]
    assert len(left) == 1


async def test_disabling_ends_sessions_and_enabling_brings_none_back(staff: Staff) -> None:
    boss = await staff.add("boss", Role.ADMINISTRATOR)
    kari = await staff.add("kari")
    token, _ = await staff.sessions.create(kari.id, "Firefox")
    assert (await staff.accounts.disable(kari.id, by=boss.id)).disabled
    assert await staff.sessions.find(token) is None
    await staff.accounts.disable(kari.id, by=boss.id)
    assert not (await staff.accounts.enable(kari.id, by=boss.id)).disabled
    assert await staff.sessions.find(token) is None
    assert [action for action, about in await staff.actions() if about == "kari"] == [
        "account.add",
        "account.disable",
        "account.enable",
    ]


async def test_a_new_password_ends_the_other_sessions(staff: Staff) -> None:
    kari = await staff.add("kari")
    here, session = await staff.sessions.create(kari.id, "here")
    there, _ = await staff.sessions.create(kari.id, "there")
    new = "fire hester på taket"
    await refused("wrong_password", staff.accounts.change_password(kari.id, old="no", new=new))
    await refused(
        "short_password", staff.accounts.change_password(kari.id, old=PASSWORD, new="short")
    )
    assert await staff.sessions.find(there) is not None
    await staff.accounts.change_password(
        kari.id, old=PASSWORD, new=new, keep_session=session.token_hash
    )
    assert await staff.sessions.find(here) is not None
    assert await staff.sessions.find(there) is None
    generated = await staff.accounts.set_password(kari.id, by=None)
    assert await staff.sessions.find(here) is None
    await refused("wrong_password", staff.accounts.change_password(kari.id, old=new, new=PASSWORD))
    await staff.accounts.change_password(kari.id, old=generated, new=PASSWORD)


async def test_the_audit_log_is_read_in_pages(staff: Staff) -> None:
    kari = await staff.add("kari")
    for number in range(5):
        await staff.audit.record(kari.id, "conversation.read", f"web:{number}", "\x00" * 3_000)
        staff.clock.move(seconds=1)
    await staff.audit.record(None, "team.add", "\ud800" * 400)
    first = await staff.audit.entries(action="conversation.", staff_id=kari.id, limit=3)
    assert [entry.about for entry in first] == ["web:4", "web:3", "web:2"]
    assert len(first[0].detail) == 2_000
    rest = await staff.audit.entries(action="conversation.", before=first[-1].id)
    assert [entry.about for entry in rest] == ["web:1", "web:0"]
    (team,) = await staff.audit.entries(action="team.")
    assert (team.staff_id, team.name, len(team.about)) == (None, None, 320)
    assert await staff.audit.entries(action="%") == []


async def test_only_who_is_connected_and_available_is_there(staff: Staff) -> None:
    kari, ola = await staff.add("kari"), await staff.add("ola")
    assert await staff.presences.present() == []
    await staff.presences.beat(kari.id)
    await staff.presences.beat(ola.id)
    assert [member.login for member in await staff.presences.present()] == ["kari", "ola"]
    await staff.presences.set(ola.id, Presence.AWAY)
    assert [member.login for member in await staff.presences.present()] == ["kari"]
    staff.clock.move(seconds=29)
    assert len(await staff.presences.present()) == 1
    staff.clock.move(seconds=2)
    assert await staff.presences.present() == []


async def test_the_first_account_is_made_once(database: Database) -> None:
    made = await asyncio.gather(*(ensure_first_account(database) for _ in range(3)))
    (first,) = [outcome for outcome in made if outcome is not None]
    assert await ensure_first_account(database) is None
    login, password = first
    with staff_of(database) as staff:
        (account,) = await staff.accounts.all()
        assert account.member.login == login == "admin"
        assert account.member.roles == {Role.AGENT, Role.SUPERVISOR, Role.ADMINISTRATOR}
        signed_in = await staff.sign_in.by_password(
            login, password, address="192.0.2.1", client="Firefox"
        )
    assert signed_in.staff.id == account.member.id


async def test_the_key_is_the_same_for_all_and_another_for_each_purpose(
    database: Database,
) -> None:
    made = await asyncio.gather(*(SigningKey(database, None, "a").get() for _ in range(4)))
    assert len(set(made)) == 1
    assert len(made[0]) == 32
    assert await SigningKey(database, None, "b").get() not in made
    given = await SigningKey(database, "x" * 32, "a").get()
    assert given not in made
    assert given == await SigningKey(database, "x" * 32, "a").get()
