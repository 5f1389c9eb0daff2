"""`/healthz`, `/readyz` and `/metrics`: open to all, so nothing personal or secret is in them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bot.errors import FlerkanalError
from bot.observability.metrics import PipelineMetrics, exposition
from bot.ports import PipelineMonitor

logger = structlog.get_logger(__name__)


class NotReady(FlerkanalError):
    """A part does not work; the text says which and what to do, and may be seen by anybody."""


@dataclass(frozen=True)
class ReadinessCheck:
    """A part that must work before this server can do its job.

    `check` returns where it does, else raises NotReady; any other error, or taking more than
    `timeout` seconds, also counts as not working, and then `otherwise` is told.
    """

    name: str
    check: Callable[[], Awaitable[None]]
    otherwise: str
    timeout: float = 3.0


class Probes:
    """The probes' routes. What they find is kept for `fresh_seconds`: they are open to anybody, and
    must not become a way to load the stores. `measures` bring other metrics of the registry up to
    date, and raise nothing.
    """

    def __init__(
        self,
        checks: Sequence[ReadinessCheck],
        registry: CollectorRegistry,
        pipeline: PipelineMetrics,
        monitor: PipelineMonitor,
        fresh_seconds: float = 1.0,
        measures: Sequence[Callable[[], Awaitable[None]]] = (),
    ) -> None:
        self._checks = checks
        self._registry = registry
        self._pipeline = pipeline
        self._monitor = monitor
        self._fresh_seconds = fresh_seconds
        self._measures = measures
        self._readiness: tuple[float, dict[str, Any]] | None = None
        self._measured = float("-inf")
        self._asking = asyncio.Lock()

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """What to mount in the HTTP application."""
        return [
            Route("/healthz", self.healthz, methods=["GET"]),
            Route("/readyz", self.readyz, methods=["GET"]),
            Route("/metrics", self.metrics, methods=["GET"]),
        ]

    async def healthz(self, _: Request) -> Response:
        """200: the process answers."""
        return JSONResponse({"status": "ok"})

    async def readyz(self, _: Request) -> Response:
        """200 where everything works, else 503; `checks` says for each part whether, or why not."""
        async with self._asking:
            now = time.monotonic()
            if self._readiness is None or now - self._readiness[0] >= self._fresh_seconds:
                self._readiness = (now, await self._ask())
            found = self._readiness[1]
        return JSONResponse(found, status_code=200 if found["ready"] else 503)

    async def metrics(self, _: Request) -> Response:
        """Prometheus's text format."""
        async with self._asking:
            now = time.monotonic()
            if now - self._measured >= self._fresh_seconds:
                self._measured = now
                try:
                    self._pipeline.set(await self._monitor.state())
                except FlerkanalError as error:
                    logger.warning("pipeline_not_measured", error=str(error))
                    self._pipeline.set(None)
                await asyncio.gather(*(measure() for measure in self._measures))
        return Response(exposition(self._registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def _ask(self) -> dict[str, Any]:
        faults = await asyncio.gather(*(_fault(check) for check in self._checks))
        before = self._readiness[1]["checks"] if self._readiness else {}
        checks = {}
        for check, fault in zip(self._checks, faults, strict=True):
            checks[check.name] = {"ok": True} if fault is None else {"ok": False, "why": fault}
            if checks[check.name] != before.get(check.name):
                logger.info("readiness_changed", part=check.name, **checks[check.name])
        return {"ready": not any(faults), "checks": checks}


async def _fault(check: ReadinessCheck) -> str | None:
    try:
        await asyncio.wait_for(check.check(), check.timeout)
    except NotReady as error:
        return str(error)
    except asyncio.TimeoutError:
        return check.otherwise
    except Exception as error:  # noqa: BLE001 - whatever fails, the part is not ready
        logger.warning("readiness_check_failed", part=check.name, error=str(error))
        return check.otherwise
    return None
