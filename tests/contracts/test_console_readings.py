from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from bot.model.staff import Role
from tests.console import PASSWORD, RunningConsole, running_console
from tests.staff_console import StaffBrowser


async def entered(console: RunningConsole, client: httpx.AsyncClient, login: str) -> StaffBrowser:
    browser = StaffBrowser(client)
    assert (await browser.sign_in(login, PASSWORD)).status_code == 303
    return browser


async def readings(console: RunningConsole) -> list[tuple[str | None, str]]:
    entries = await console.audit.entries(action="conversation.")
    return [(entry.name, entry.about) for entry in entries]


async def test_only_the_desk_follows_conversations_and_only_for_as_long_as_it_may(
    redis_url: str, tmp_path: Path
) -> None:
    async with running_console(redis_url, tmp_path) as console:
        await console.add_staff("nina", Role.NLU_DEVELOPER)
        await console.add_staff("boss", Role.ADMINISTRATOR)
        kari = await console.add_staff("kari")
        conversation_id = await console.customer("c1", "Hello")
        options: dict[str, Any] = {"base_url": console.url, "trust_env": False, "timeout": 30.0}
        following = {"c": conversation_id}
        events = {"Accept": "text/event-stream"}
        for login in ("nina", "boss"):
            async with httpx.AsyncClient(**options) as client:
                await entered(console, client, login)
                refused = await client.get("/console/stream", params=following, headers=events)
                assert refused.status_code == 403
                async with client.stream("GET", "/console/stream", headers=events) as own:
                    assert own.status_code == 200
        async with httpx.AsyncClient(**options) as client:
            await entered(console, client, "kari")
            async with client.stream(
                "GET", "/console/stream", params=following, headers=events
            ) as stream:
                assert stream.status_code == 200
                lines = stream.aiter_lines()
                await console.accounts.change(
                    kari.id, by=None, roles=frozenset({Role.NLU_DEVELOPER})
                )
                # It ends with the role, and the browser is told to look where it is.
                said = [line async for line in lines]
        assert "event: bye" in said


async def test_every_way_to_read_what_is_somebody_elses_is_noted_once_for_a_page(
    redis_url: str, tmp_path: Path
) -> None:
    async with running_console(redis_url, tmp_path) as console:
        await console.add_staff("kari")
        await console.add_staff("ola")
        handoff_id = await console.handoff("c1", "Hello")
        async with httpx.AsyncClient(base_url=console.url, trust_env=False, timeout=20) as client:
            kari = await entered(console, client, "kari")
            await kari.post(f"/console/handoffs/{handoff_id}/claim")
            for part in ("", "/lines", "/parts"):
                shown = await kari.get(f"/console/conversations{part}?c=rest:c1")
                assert shown.status_code == 200
            assert await readings(console) == []
        ways = ("/console/conversations/lines", "/console/conversations/parts", "/console/stream")
        for number, way in enumerate(ways, start=1):
            other = await console.customer(f"other{number}", "Hello")
            async with httpx.AsyncClient(
                base_url=console.url, trust_env=False, timeout=20
            ) as client:
                await entered(console, client, "ola")
                for _ in range(2):
                    async with client.stream("GET", way, params={"c": other}) as answer:
                        assert answer.status_code == 200
            assert (await readings(console)) == [
                ("Ola", f"rest:other{n}") for n in range(number, 0, -1)
            ]
        async with httpx.AsyncClient(base_url=console.url, trust_env=False, timeout=20) as client:
            await entered(console, client, "ola")
            await client.get("/console/conversations?c=rest:c1")
            await client.get("/console/conversations/lines?c=rest:c1")
        assert (await readings(console))[0] == ("Ola", "rest:c1")
        assert len(await readings(console)) == 4


async def test_a_return_sets_the_slots_that_staff_are_offered_and_no_others(
    redis_url: str, tmp_path: Path
) -> None:
    async with running_console(redis_url, tmp_path) as console:
        await console.add_staff("kari")
        handoff_id = await console.handoff("c1", "my order is 54321")
        async with httpx.AsyncClient(base_url=console.url, trust_env=False, timeout=20) as client:
            kari = await entered(console, client, "kari")
            await kari.post(f"/console/handoffs/{handoff_id}/claim")
            before = await kari.get("/console/conversations/parts?c=rest:c1")
            assert 'value="54321"' in before.text
            await kari.post(
                f"/console/handoffs/{handoff_id}/return",
                {"slot.order_number": " ", "slot.last_words": "forged"},
            )
            for _ in range(200):
                if "I am back." in (await kari.get("/console/conversations/lines?c=rest:c1")).text:
                    break
            after = await kari.get("/console/conversations/parts?c=rest:c1")
        assert "I am back." in (await console.gateway.send("Thanks", "c1")).text
        assert "<code>order_number</code></dt>" not in after.text
        assert "forged" not in after.text
