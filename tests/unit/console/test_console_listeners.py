from __future__ import annotations

import json

from bot.console.listeners import Listener, Listeners
from bot.model.staff import Role, StaffMember


def staff(name: str) -> StaffMember:
    return StaffMember(name, name, name.title(), frozenset({Role.AGENT}))


async def always() -> bool:
    return True


def listener(name: str, conversation: str | None = None) -> Listener:
    return Listener(staff(name), "en", conversation, always)


async def heard(one: Listener) -> list[tuple[str | None, object]]:
    one.end()
    return [(event.event, json.loads(event.data or "")) async for event in one.events()]


async def test_a_stream_gets_what_it_is_told_in_order_and_then_ends() -> None:
    one = listener("kari")
    for number in range(3):
        one.tell("queue", {"waiting": number})
    assert await heard(one) == [("queue", {"waiting": number}) for number in range(3)]


async def test_who_reads_too_slowly_is_told_to_fetch_anew_and_costs_no_more() -> None:
    one = listener("kari")
    for number in range(1_000):
        one.tell("queue", {"waiting": number})
    events = await heard(one)
    assert ("resync", {}) in events
    assert len(events) <= 257


async def test_an_end_is_heard_however_much_waits() -> None:
    one = listener("kari")
    for number in range(256):
        one.tell("queue", {"waiting": number})
    one.end()
    assert [event async for event in one.events()] == []


def test_listeners_are_found_by_what_they_see_and_by_who_they_are() -> None:
    all_of_them = Listeners()
    first, second = listener("kari", "web:a"), listener("kari")
    third = listener("per", "web:a")
    for one in (first, second, third):
        all_of_them.add(one)
    assert set(all_of_them.viewing("web:a")) == {first, third}
    assert set(all_of_them.of("kari")) == {first, second}
    assert set(all_of_them.staff_ids) == {"kari", "per"}
    assert all_of_them.of(None) == ()
    for one in (first, second, third, third):
        all_of_them.remove(one)
    assert not [*all_of_them]
    assert not all_of_them.staff_ids
    assert not all_of_them.viewing("web:a")
