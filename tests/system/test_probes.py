"""`/readyz` and `/metrics` over the real stores."""

from __future__ import annotations

import re
from pathlib import Path

from bot.model.messages import Inbound
from tests.fakes import answering
from tests.gateway import eventually, running_gateway

ALL_WELL = {"redis": {"ok": True}, "database": {"ok": True}, "model": {"ok": True}}


async def test_ready_with_the_first_worker_that_has_a_model(redis_url: str, tmp_path: Path) -> None:
    async with running_gateway(redis_url, tmp_path) as gateway:
        response = await gateway.client.get("/readyz")
        assert response.status_code == 503
        assert response.json()["checks"] == {
            **ALL_WELL,
            "model": {"ok": False, "why": "no live worker has loaded a model yet"},
        }

        async def ready() -> bool:
            return (await gateway.client.get("/readyz")).status_code == 200

        async def not_ready() -> bool:
            return not await ready()

        async with answering(gateway.turns()):
            await eventually(ready)
            assert (await gateway.client.get("/readyz")).json()["checks"] == ALL_WELL
        await eventually(not_ready)


async def test_metrics_tell_how_the_pipeline_stands(redis_url: str, tmp_path: Path) -> None:
    async with running_gateway(redis_url, tmp_path, rest_reply_timeout=0.05) as gateway:
        for sender in ("kari@shop.example", "s2", "s3"):
            assert (await gateway.send("hi", sender=sender)).status_code == 504
        queue = gateway.turns()
        leases = await queue.balance("a-worker", [])
        for lease in leases:
            assert await queue.unfinished(lease) == []
        entry, *_ = await queue.next_entries(leases, 10, 1.0)
        assert Inbound.from_json(entry.raw).text == "hi"
        await queue.bury(entry, "for this test")

        async def told() -> bool:
            text = (await gateway.client.get("/metrics")).text
            return {
                'flerkanal_waiting_entries{queue="inbox"} 2.0',
                'flerkanal_waiting_entries{queue="outbox"} 0.0',
                'flerkanal_waiting_entries{queue="journal"} 0.0',
                "flerkanal_dead_letters 1.0",
                "flerkanal_ready_workers 1.0",
                "flerkanal_desk_staff_present 0.0",
                "flerkanal_visits_total 0.0",
            } <= set(text.splitlines())

        await eventually(told)
        text = (await gateway.client.get("/metrics")).text
        assert re.search(
            r'_request_seconds_count\{.*"/webhooks/rest/webhook",status="504"\} 3', text
        )
        assert "process_resident_memory_bytes" in text
        assert "kari" not in text
        await queue.stop("a-worker", leases)


async def test_both_say_nothing_of_where_the_stores_are(redis_url: str, tmp_path: Path) -> None:
    async with running_gateway(redis_url, tmp_path) as gateway:
        for path in ("/readyz", "/metrics", "/healthz"):
            text = (await gateway.client.get(path)).text
            assert str(tmp_path) not in text
            assert redis_url.removeprefix("unix://") not in text
