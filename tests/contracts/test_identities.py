"""What holds for linking and unlinking, whatever the database."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from datetime import datetime, timedelta, timezone

import pytest
from sqlalchemy import func, select

from bot.errors import LinkRefused
from bot.identity.code_records import MOST_CODES, MOST_WRONG
from bot.identity.store import SqlIdentities
from bot.model.people import ChannelIdentity, Participant
from bot.record.database import Database, open_engine
from bot.record.tables import channel_identities, link_codes, metadata, people

WEB = ChannelIdentity("web", "0a" * 16)
TELEGRAM = ChannelIdentity("telegram", "42")
SLACK = ChannelIdentity("slack", "T1/D1")


class Clock:
    """A time that stands until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def identities(database: Database, clock: Clock) -> SqlIdentities:
    return SqlIdentities(database, clock=clock)


async def link(
    identities: SqlIdentities, identity: ChannelIdentity, to: ChannelIdentity = WEB
) -> Participant:
    code = await identities.issue_code(to, identity.channel)
    return await identities.redeem(code.code, identity)


async def refusal(identities: SqlIdentities, code: str, identity: ChannelIdentity) -> str:
    with pytest.raises(LinkRefused) as refused:
        await identities.redeem(code, identity)
    return refused.value.reason


async def count(database: Database, table: object) -> int:
    found: int = await database.read(
        lambda connection: connection.execute(select(func.count()).select_from(table)).scalar_one()
    )
    return found


async def test_who_was_never_linked_is_a_person_of_their_own(
    identities: SqlIdentities, database: Database
) -> None:
    for identity in (WEB, TELEGRAM, ChannelIdentity("rest", "'; DROP TABLE people; --")):
        assert await identities.resolve(identity) == Participant(identity.name, identity.name)
        assert await identities.linked(identity) == []
    assert await identities.unlink(TELEGRAM) == Participant(TELEGRAM.name, TELEGRAM.name)
    assert await count(database, people) == await count(database, channel_identities) == 0


async def test_a_code_brings_the_other_channel_into_the_conversation(
    identities: SqlIdentities,
) -> None:
    there = await link(identities, TELEGRAM)
    assert (there.person_id, there.conversation_id) == (WEB.name, WEB.name)
    assert there.previous == (TELEGRAM.name,)
    assert await identities.resolve(TELEGRAM) == there
    assert await identities.resolve(WEB) == Participant(WEB.name, WEB.name)
    assert await identities.linked(WEB) == [TELEGRAM]
    assert await identities.linked(TELEGRAM) == [WEB]


async def test_three_channels_are_one_person_in_the_order_of_their_linking(
    identities: SqlIdentities, clock: Clock
) -> None:
    await link(identities, TELEGRAM)
    clock.advance(5)
    # The link goes on from the channel that was linked.
    there = await link(identities, SLACK, to=TELEGRAM)
    assert there.conversation_id == WEB.name
    assert {*await identities.linked(SLACK)} == {WEB, TELEGRAM}
    assert await identities.linked(WEB) == [TELEGRAM, SLACK]


async def test_what_a_code_looks_like(identities: SqlIdentities, clock: Clock) -> None:
    deep = await identities.issue_code(WEB, "telegram")
    typed = await identities.issue_code(WEB, "slack")
    assert len(deep.code) == 29
    assert len(typed.code) == 15
    assert typed.grouped == "-".join([typed.code[:5], typed.code[5:10], typed.code[10:]])
    assert set(deep.code + typed.code) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ23456789")
    assert deep.expires_at == (clock.now + timedelta(minutes=10)).timestamp()


async def test_however_a_code_is_written(identities: SqlIdentities) -> None:
    for number, written in enumerate(["{0}", " {0}\n", "{1}", "{2}", "\u00a0{1}\u2013"]):
        code = await identities.issue_code(WEB, "slack")
        typed = written.format(code.code, code.grouped, code.grouped.lower().replace("-", " - "))
        there = await identities.redeem(typed, ChannelIdentity("slack", f"T1/D{number}"))
        assert there.conversation_id == WEB.name


async def test_a_code_is_not_stored_itself(identities: SqlIdentities, database: Database) -> None:
    code = (await identities.issue_code(WEB, "slack")).code
    everything = await database.read(
        lambda connection: [
            tuple(row)
            for table in metadata.sorted_tables
            for row in connection.execute(select(table))
        ]
    )
    assert await count(database, link_codes) == 1
    assert code not in str(everything)


async def test_a_code_works_once(identities: SqlIdentities) -> None:
    code = (await identities.issue_code(WEB, "telegram")).code
    await identities.redeem(code, TELEGRAM)
    assert await refusal(identities, code, ChannelIdentity("telegram", "43")) == "used"


async def test_the_same_chat_again_gets_the_same_answer(
    identities: SqlIdentities, clock: Clock
) -> None:
    code = (await identities.issue_code(WEB, "telegram")).code
    first = await identities.redeem(code, TELEGRAM)
    assert await identities.redeem(code, TELEGRAM) == first
    # A platform whose event could not be stored comes again much later.
    clock.advance(3_600)
    assert await identities.redeem(code, TELEGRAM) == first


async def test_a_used_code_does_not_link_again_what_was_unlinked(
    identities: SqlIdentities,
) -> None:
    code = (await identities.issue_code(WEB, "telegram")).code
    await identities.redeem(code, TELEGRAM)
    await identities.unlink(TELEGRAM)
    assert await refusal(identities, code, TELEGRAM) == "used"
    assert (await identities.resolve(TELEGRAM)).conversation_id == TELEGRAM.name


async def test_a_code_is_late_after_its_time(identities: SqlIdentities, clock: Clock) -> None:
    code = (await identities.issue_code(WEB, "telegram")).code
    clock.advance(599)
    await identities.redeem(code, TELEGRAM)
    late = (await identities.issue_code(WEB, "telegram")).code
    clock.advance(600)
    other = ChannelIdentity("telegram", "43")
    assert await refusal(identities, late, other) == "late"
    assert (await identities.resolve(other)).conversation_id == other.name


async def test_a_code_is_for_one_channel(identities: SqlIdentities) -> None:
    code = (await identities.issue_code(WEB, "telegram")).code
    assert await refusal(identities, code, SLACK) == "other_channel"
    assert (await identities.redeem(code, TELEGRAM)).conversation_id == WEB.name


async def test_a_new_code_takes_the_earlier_ones_place(identities: SqlIdentities) -> None:
    first = (await identities.issue_code(WEB, "telegram")).code
    for_slack = (await identities.issue_code(WEB, "slack")).code
    second = (await identities.issue_code(WEB, "telegram")).code
    assert await refusal(identities, first, TELEGRAM) == "unknown"
    await identities.redeem(second, TELEGRAM)
    await identities.redeem(for_slack, SLACK)
    assert {*await identities.linked(WEB)} == {TELEGRAM, SLACK}


async def test_guesses_are_unknown(identities: SqlIdentities) -> None:
    await identities.issue_code(WEB, "telegram")
    guesses = [
        "",
        "x",
        "CCCCC-CCCCC-CCCCC",
        "C" * 29,
        "C" * 100_000,
        "\ud800",
        "' OR 1=1",
        "0" * 15,
    ]
    for number, guess in enumerate(guesses):
        chat = ChannelIdentity("telegram", str(number))
        assert await refusal(identities, guess, chat) == "unknown"


async def test_who_guesses_again_and_again_is_stopped_for_a_while(
    identities: SqlIdentities, clock: Clock
) -> None:
    right = (await identities.issue_code(WEB, "slack")).code
    for _ in range(MOST_WRONG):
        assert await refusal(identities, "CCCCC-CCCCC-CCCCC", SLACK) == "unknown"
    assert await refusal(identities, "DDDDD-DDDDD-DDDDD", SLACK) == "too_many"
    assert await refusal(identities, right, SLACK) == "too_many"
    # Others are not held up by it.
    assert (await identities.redeem(right, ChannelIdentity("slack", "T1/D2"))).person_id == WEB.name
    clock.advance(3_600)
    assert (await link(identities, SLACK)).conversation_id == WEB.name


async def test_who_asks_for_codes_again_and_again_is_stopped_for_a_while(
    identities: SqlIdentities, clock: Clock
) -> None:
    for _ in range(MOST_CODES):
        await identities.issue_code(WEB, "telegram")
    with pytest.raises(LinkRefused) as refused:
        await identities.issue_code(WEB, "slack")
    assert refused.value.reason == "too_many"
    await identities.issue_code(ChannelIdentity("web", "another"), "telegram")
    clock.advance(3_600)
    await identities.issue_code(WEB, "telegram")


async def test_old_codes_are_cleared_away(
    identities: SqlIdentities, database: Database, clock: Clock
) -> None:
    await identities.issue_code(WEB, "telegram")
    clock.advance(25 * 3_600)
    await identities.issue_code(SLACK, "telegram")
    assert await count(database, link_codes) == 1


async def test_unlinking_splits_and_leaves_no_row(
    identities: SqlIdentities, database: Database, clock: Clock
) -> None:
    await link(identities, TELEGRAM)
    await link(identities, SLACK)
    back = await identities.unlink(TELEGRAM)
    assert back == Participant(TELEGRAM.name, TELEGRAM.name, (WEB.name,))
    assert await identities.linked(WEB) == [SLACK]
    assert await identities.unlink(TELEGRAM) == back
    # The one whose conversation it is has nowhere else to go.
    assert (await identities.unlink(WEB)).conversation_id == WEB.name
    assert await identities.linked(SLACK) == [WEB]
    clock.advance(8 * 24 * 3_600)
    assert await identities.resolve(TELEGRAM) == Participant(TELEGRAM.name, TELEGRAM.name)
    assert await count(database, channel_identities) == 2


async def test_where_somebody_was_is_known_through_several_moves(
    identities: SqlIdentities, clock: Clock
) -> None:
    other = ChannelIdentity("web", "another")
    await link(identities, TELEGRAM)
    clock.advance(1)
    there = await link(identities, TELEGRAM, to=other)
    assert there.conversation_id == other.name
    assert there.previous == (WEB.name, TELEGRAM.name)
    assert (await identities.unlink(TELEGRAM)).previous == (other.name, WEB.name)


async def test_who_left_their_own_conversation_to_others_gets_a_new_one(
    identities: SqlIdentities,
) -> None:
    other = ChannelIdentity("telegram", "43")
    await link(identities, other, to=TELEGRAM)
    assert (await link(identities, TELEGRAM)).conversation_id == WEB.name
    assert (await identities.resolve(other)).conversation_id == TELEGRAM.name
    back = await identities.unlink(TELEGRAM)
    assert back.conversation_id not in {WEB.name, TELEGRAM.name}
    assert back.conversation_id.startswith(f"{TELEGRAM.name}#")
    assert back.person_id == back.conversation_id
    assert await identities.linked(TELEGRAM) == []
    assert await identities.linked(other) == []
    # Unlinked twice is unlinked.
    assert await identities.unlink(TELEGRAM) == back


async def test_a_code_is_void_once_its_maker_has_moved_on(identities: SqlIdentities) -> None:
    await link(identities, TELEGRAM)
    code = (await identities.issue_code(TELEGRAM, "slack")).code
    await identities.unlink(TELEGRAM)
    assert await refusal(identities, code, SLACK) == "unknown"
    assert await identities.linked(WEB) == []


async def test_of_two_at_once_one_gets_in(database: Database, dsn: str, clock: Clock) -> None:
    other = Database(open_engine(dsn))
    try:
        stores = [SqlIdentities(use, clock=clock) for use in (database, other)]
        for number in range(10):
            web = ChannelIdentity("web", f"{number:032x}")
            code = (await stores[0].issue_code(web, "telegram")).code
            chats = [ChannelIdentity("telegram", f"{number}-{chat}") for chat in range(4)]
            outcomes = await asyncio.gather(
                *(stores[at % 2].redeem(code, chat) for at, chat in enumerate(chats)),
                return_exceptions=True,
            )
            got_in = [found for found in outcomes if isinstance(found, Participant)]
            refused = [found for found in outcomes if isinstance(found, LinkRefused)]
            assert len(got_in) == 1
            assert [error.reason for error in refused] == ["used"] * 3
            assert len(await stores[1].linked(web)) == 1
    finally:
        other.close()


_REDEEM = """
import asyncio, sys
from bot.errors import LinkRefused
from bot.identity.store import SqlIdentities
from bot.model.people import ChannelIdentity
from bot.record.database import Database, open_engine

async def main(dsn, code, address):
    database = Database(open_engine(dsn))
    try:
        await database.ping()
        print("ready", flush=True)
        sys.stdin.readline()
        found = await SqlIdentities(database).redeem(code, ChannelIdentity("telegram", address))
        print(found.conversation_id)
    except LinkRefused as error:
        print(error.reason)
    finally:
        database.close()

asyncio.run(main(*sys.argv[1:]))
"""


def test_of_several_processes_at_once_one_gets_in(dsn: str) -> None:
    database = Database(open_engine(dsn))
    code = asyncio.run(SqlIdentities(database).issue_code(WEB, "telegram")).code
    addresses = ["1", "2", "3", "3"]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _REDEEM, dsn, code, address],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for address in addresses
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    outcomes = [process.communicate(timeout=60)[0].strip() for process in processes]
    winners = {at for at, found in zip(addresses, outcomes, strict=True) if found == WEB.name}
    assert len(winners) == 1, outcomes
    for address, found in zip(addresses, outcomes, strict=True):
        assert found == (WEB.name if address in winners else "used")
    linked = asyncio.run(SqlIdentities(database).linked(WEB))
    assert [identity.address for identity in linked] == [*winners]
    database.close()


async def test_links_that_meet_leave_everybody_somewhere(database: Database, dsn: str) -> None:
    other = Database(open_engine(dsn))
    stores = [SqlIdentities(use) for use in (database, other)]
    chats = [ChannelIdentity("telegram", str(number)) for number in range(6)]
    webs = [ChannelIdentity("web", str(number)) for number in range(3)]

    async def to_and_fro(number: int) -> None:
        store, chat = stores[number % 2], chats[number]
        for turn in range(4):
            code = await store.issue_code(webs[(number + turn) % 3], "telegram")
            with_luck = store.redeem(code.code, chat)
            # Somebody else's new code may have taken its place.
            await asyncio.gather(with_luck, return_exceptions=True)
            if turn == 2:
                await store.unlink(chat)

    try:
        await asyncio.gather(*(to_and_fro(number) for number in range(6)))
        for identity in [*chats, *webs]:
            found = await stores[0].resolve(identity)
            mates = await stores[1].linked(identity)
            for mate in mates:
                assert (await stores[1].resolve(mate)).conversation_id == found.conversation_id
    finally:
        other.close()
    orphans = await database.read(
        lambda connection: connection.execute(
            select(people.c.id).where(people.c.id.not_in(select(channel_identities.c.person_id)))
        ).all()
    )
    assert orphans == []
