"""Readiness: which part does not work, why, and how often it is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import httpx
import pytest
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette

from bot.app.probes import NotReady, Probes, ReadinessCheck
from bot.errors import StorageUnavailable
from bot.observability.metrics import PipelineMetrics
from bot.ports import PipelineMonitor, PipelineState


class Monitor(PipelineMonitor):
    """Tells a number, or is out of order."""

    def __init__(self) -> None:
        self.asked = 0
        self.works = True

    async def state(self) -> PipelineState:
        self.asked += 1
        if not self.works:
            raise StorageUnavailable("away")
        return PipelineState(self.asked, 0, 0)


def client(
    checks: list[ReadinessCheck], monitor: Monitor | None = None, fresh_seconds: float = 0.0
) -> httpx.AsyncClient:
    registry = CollectorRegistry()
    probes = Probes(
        checks, registry, PipelineMetrics(registry), monitor or Monitor(), fresh_seconds
    )
    transport = httpx.ASGITransport(Starlette(routes=probes.routes))
    return httpx.AsyncClient(transport=transport, base_url="http://test")


async def works() -> None:
    return None


async def says_why() -> None:
    raise NotReady("no live worker has loaded a model yet")


async def breaks() -> None:
    raise OSError("connect to 10.1.2.3 as root")


async def hangs() -> None:
    await asyncio.sleep(30)


async def test_all_is_well() -> None:
    response = await client([ReadinessCheck("redis", works, "away")]).get("/readyz")
    assert response.status_code == 200
    assert response.json() == {"ready": True, "checks": {"redis": {"ok": True}}}


@pytest.mark.parametrize(
    ("check", "why"),
    [
        (says_why, "no live worker has loaded a model yet"),
        (breaks, "it is away"),
        (hangs, "it is away"),
    ],
)
async def test_one_part_does_not_work(check: Callable[[], Awaitable[None]], why: str) -> None:
    checks = [
        ReadinessCheck("redis", works, "away"),
        ReadinessCheck("model", check, "it is away", timeout=0.05),
    ]
    response = await client(checks).get("/readyz")
    assert response.status_code == 503
    assert response.json() == {
        "ready": False,
        "checks": {"redis": {"ok": True}, "model": {"ok": False, "why": why}},
    }


async def test_many_who_ask_at_once_are_one_question() -> None:
    asked = 0

    async def counts() -> None:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0.01)

    monitor = Monitor()
    http = client([ReadinessCheck("redis", counts, "away")], monitor, fresh_seconds=60)
    responses = await asyncio.gather(
        *(http.get(path) for path in ["/readyz", "/metrics"] for _ in range(20))
    )
    assert {response.status_code for response in responses} == {200}
    assert (asked, monitor.asked) == (1, 1)


async def test_what_was_found_gets_old() -> None:
    ready = False

    async def later() -> None:
        if not ready:
            raise NotReady("not yet")

    http = client([ReadinessCheck("model", later, "away")])
    assert (await http.get("/readyz")).status_code == 503
    ready = True
    assert (await http.get("/readyz")).status_code == 200


async def test_metrics_do_not_show_old_news() -> None:
    monitor = Monitor()
    http = client([], monitor)
    assert 'flerkanal_waiting_entries{queue="inbox"} 1.0' in (await http.get("/metrics")).text
    monitor.works = False
    response = await http.get("/metrics")
    assert response.status_code == 200
    assert 'flerkanal_waiting_entries{queue="inbox"} NaN' in response.text


async def test_alive() -> None:
    assert (await client([]).get("/healthz")).json() == {"status": "ok"}
