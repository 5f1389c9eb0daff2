"""What holds for a site's signed-in users, whatever the database."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import jwt
import pytest
from sqlalchemy import select

from bot.errors import InvalidMessage, LinkRefused
from bot.identity.store import SqlIdentities
from bot.identity.tokens import IdentityTokens
from bot.model.people import ChannelIdentity, Participant
from bot.record.database import Database, open_engine
from bot.record.tables import people

SECRET = "a secret that only the site and the gateway know"
LAPTOP = ChannelIdentity("web", "1a" * 16)
PHONE = ChannelIdentity("web", "2b" * 16)
TELEGRAM = ChannelIdentity("telegram", "42")


def token(subject: str, **claims: Any) -> str:
    return jwt.encode({"sub": subject, "exp": int(time.time()) + 600, **claims}, SECRET, "HS256")


@pytest.fixture
def identities(database: Database) -> SqlIdentities:
    return SqlIdentities(database, tokens=IdentityTokens(SECRET))


async def link(identities: SqlIdentities, identity: ChannelIdentity, to: ChannelIdentity) -> None:
    code = await identities.issue_code(to, identity.channel)
    await identities.redeem(code.code, identity)


async def test_the_first_time_the_user_takes_the_conversation_over(
    identities: SqlIdentities,
) -> None:
    kari = await identities.sign_in(LAPTOP, token("kari"))
    assert kari == Participant(LAPTOP.name, LAPTOP.name, signed_in=True)
    assert await identities.resolve(LAPTOP) == kari
    assert await identities.sign_in(LAPTOP, token("kari")) == kari


async def test_from_then_on_every_screen_gets_the_users_conversation(
    identities: SqlIdentities,
) -> None:
    kari = await identities.sign_in(LAPTOP, token("kari"))
    there = await identities.sign_in(PHONE, token("kari"))
    assert (there.person_id, there.conversation_id) == (kari.person_id, kari.conversation_id)
    assert there.previous == (PHONE.name,)
    assert await identities.linked(PHONE) == [LAPTOP]


async def test_a_channel_that_a_user_links_follows_the_user(identities: SqlIdentities) -> None:
    kari = await identities.sign_in(LAPTOP, token("kari"))
    await link(identities, TELEGRAM, to=LAPTOP)
    there = await identities.resolve(TELEGRAM)
    assert (there.conversation_id, there.signed_in) == (kari.conversation_id, True)
    await identities.sign_in(PHONE, token("kari"))
    assert {*await identities.linked(PHONE)} == {LAPTOP, TELEGRAM}
    back = await identities.unlink(TELEGRAM)
    assert (back.conversation_id, back.signed_in) == (TELEGRAM.name, False)


async def test_a_channel_that_was_linked_before_anybody_signed_in_is_left_behind(
    identities: SqlIdentities,
) -> None:
    """Whoever sat at this screen before must not get the user's answers on their telephone."""
    await link(identities, TELEGRAM, to=LAPTOP)
    kari = await identities.sign_in(LAPTOP, token("kari"))
    assert kari.conversation_id == LAPTOP.name
    apart = await identities.resolve(TELEGRAM)
    assert apart.conversation_id == TELEGRAM.name
    assert apart.previous == (LAPTOP.name,)
    assert await identities.linked(LAPTOP) == []


async def test_nor_does_a_code_that_was_made_before_work_afterwards(
    identities: SqlIdentities,
) -> None:
    before = await identities.issue_code(LAPTOP, "telegram")
    await identities.sign_in(LAPTOP, token("kari"))
    with pytest.raises(LinkRefused) as refused:
        await identities.redeem(before.code, TELEGRAM)
    assert refused.value.reason == "unknown"
    after = await identities.issue_code(LAPTOP, "telegram")
    assert (await identities.redeem(after.code, TELEGRAM)).conversation_id == LAPTOP.name


async def test_two_users_at_one_screen_share_nothing(identities: SqlIdentities) -> None:
    kari = await identities.sign_in(LAPTOP, token("kari"))
    await link(identities, TELEGRAM, to=LAPTOP)
    ola = await identities.sign_in(LAPTOP, token("ola"))
    assert ola.conversation_id not in {kari.conversation_id, TELEGRAM.name}
    assert ola.signed_in
    assert await identities.linked(LAPTOP) == []
    assert (await identities.resolve(TELEGRAM)).conversation_id == kari.conversation_id
    # Kari gets hers back, wherever she signs in.
    assert (await identities.sign_in(PHONE, token("kari"))).person_id == kari.person_id
    back = await identities.sign_in(LAPTOP, token("kari"))
    assert back.conversation_id == kari.conversation_id
    assert (await identities.sign_in(PHONE, token("ola"))).conversation_id == ola.conversation_id


async def test_an_identity_that_lost_its_conversation_to_a_user_gets_a_new_one(
    identities: SqlIdentities,
) -> None:
    """Telegram began it, the web was brought in, and there somebody signed in."""
    await link(identities, LAPTOP, to=TELEGRAM)
    kari = await identities.sign_in(LAPTOP, token("kari"))
    assert kari.conversation_id == TELEGRAM.name
    apart = await identities.resolve(TELEGRAM)
    assert apart.conversation_id.startswith(f"{TELEGRAM.name}#")
    assert not apart.signed_in
    assert await identities.linked(TELEGRAM) == await identities.linked(LAPTOP) == []
    code = await identities.issue_code(LAPTOP, "telegram")
    assert (await identities.redeem(code.code, TELEGRAM)).conversation_id == TELEGRAM.name


async def test_what_was_said_anonymously_elsewhere_stays_apart(identities: SqlIdentities) -> None:
    await identities.sign_in(LAPTOP, token("kari"))
    await link(identities, TELEGRAM, to=PHONE)
    there = await identities.sign_in(PHONE, token("kari"))
    assert there.conversation_id == LAPTOP.name
    assert (await identities.resolve(TELEGRAM)).conversation_id == PHONE.name
    assert await identities.linked(TELEGRAM) == []


async def test_a_bad_token_changes_nothing(identities: SqlIdentities, database: Database) -> None:
    for bad in ("", "x", "kari:00", jwt.encode({"sub": "kari"}, SECRET, "HS256"), "\ud800:\ud800"):
        with pytest.raises(InvalidMessage) as refused:
            await identities.sign_in(LAPTOP, bad)
        assert refused.value.code == "bad_identity"
    assert await identities.resolve(LAPTOP) == Participant(LAPTOP.name, LAPTOP.name)
    nobody = SqlIdentities(database)
    with pytest.raises(InvalidMessage):
        await nobody.sign_in(LAPTOP, token("kari"))


async def test_what_the_site_says_of_its_user_is_kept_up_to_date(
    identities: SqlIdentities, database: Database
) -> None:
    async def details() -> list[tuple[str | None, ...]]:
        columns = (people.c.subject, people.c.name, people.c.email)
        rows = await database.read(lambda connection: connection.execute(select(*columns)).all())
        return [tuple(row) for row in rows]

    await identities.sign_in(LAPTOP, token("kari", name="Kari", email="kari@example.com"))
    assert await details() == [("kari", "Kari", "kari@example.com")]
    await identities.sign_in(LAPTOP, token("kari", name="Kari Nordmann"))
    assert await details() == [("kari", "Kari Nordmann", None)]
    await identities.sign_in(PHONE, token("kari"))
    assert await details() == [("kari", "Kari Nordmann", None)]


async def test_a_user_who_signs_in_twice_at_once_is_one_user(database: Database, dsn: str) -> None:
    other = Database(open_engine(dsn))
    stores = [SqlIdentities(use, tokens=IdentityTokens(SECRET)) for use in (database, other)]
    screens = [ChannelIdentity("web", str(number)) for number in range(8)]
    try:
        found = await asyncio.gather(
            *(
                stores[number % 2].sign_in(screen, token("kari"))
                for number, screen in enumerate(screens)
            )
        )
        assert len({participant.person_id for participant in found}) == 1
        assert len(await stores[0].linked(screens[0])) == 7
    finally:
        other.close()
