"""The Slack channel behind a real uvicorn, over a real Valkey, database and recorded Slack."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from prometheus_client import CollectorRegistry

from bot.app.edge import EdgeLimits
from bot.app.http import build_app
from bot.identity.store import SqlIdentities
from bot.model.messages import Inbound
from bot.observability.metrics import HttpMetrics, MessageMetrics
from bot.pipeline.redis_streams.client import Redis, connect
from bot.pipeline.redis_streams.contacts import RedisContacts
from bot.pipeline.redis_streams.inbox import RedisInbox
from bot.pipeline.redis_streams.layout import Layout
from bot.record.database import Database, open_engine
from bot.tasks import cancel
from channels.reception import Reception
from channels.slack.adapter import SlackChannel
from channels.slack.background import Background
from channels.slack.client import Client
from tests.recording.server import serve
from tests.recording.slack import TOKEN, RecordingSlack
from tests.records import new_record
from tests.serving import serving
from tests.slack_events import (
    SECRET,
    Delivery,
    command_delivery,
    event_delivery,
    press_delivery,
)

LAYOUT = Layout(4)
PATH = "/webhooks/slack/webhook"


@dataclass
class SlackGateway:
    """`slack` is the platform, `http` talks to the gateway, `work` is what it does afterwards."""

    slack: RecordingSlack
    http: httpx.AsyncClient
    redis: Redis
    identities: SqlIdentities
    client: Client
    background: Background
    registry: CollectorRegistry
    channel: SlackChannel

    async def deliver(self, delivery: Delivery) -> httpx.Response:
        """Post to the webhook."""
        return await self.http.post(PATH, content=delivery.body, headers=dict(delivery.headers))

    async def event(self, payload: dict[str, Any], **options: Any) -> httpx.Response:
        """An Events API payload, taken."""
        return (await self.deliver(event_delivery(payload, **options))).raise_for_status()

    async def press(self, payload: dict[str, Any]) -> httpx.Response:
        """An interaction, taken."""
        return (await self.deliver(press_delivery(payload))).raise_for_status()

    async def command(self, fields: dict[str, str]) -> httpx.Response:
        """A slash command, taken."""
        return (await self.deliver(command_delivery(fields))).raise_for_status()

    async def inbox(self) -> list[Inbound]:
        """Everything that waits for its turn, by partition and then in order."""
        found = []
        for partition in range(LAYOUT.partitions):
            entries = await self.redis.xrange(LAYOUT.queue(partition, "inbox"))
            found += [Inbound.from_json(fields[b"m"]) for _, fields in entries]
        return found


@contextlib.asynccontextmanager
async def slack_gateway(
    redis_url: str,
    folder: Path,
    slack: RecordingSlack | None = None,
    *,
    command: str = "/help-me",
    working: bool = True,
) -> AsyncIterator[SlackGateway]:
    """The gateway while the block lasts. `working`: it does what may be done after the 200."""
    database = Database(open_engine(new_record(folder / "record.sqlite3")))
    identities = SqlIdentities(database)
    registry = CollectorRegistry()
    metrics = MessageMetrics(registry)
    redis = connect(redis_url)
    inbox = RedisInbox(redis, LAYOUT, dedupe_seconds=600)
    async with serve(slack or RecordingSlack()) as platform:
        assert isinstance(platform, RecordingSlack)
        client = Client(TOKEN, platform.api_url)
        background = Background()
        channel = SlackChannel(
            Reception(inbox, identities, metrics),
            RedisContacts(redis, LAYOUT),
            identities,
            metrics,
            client=client,
            background=background,
            signing_secret=SECRET,
            command=command,
        )
        app = build_app(
            channel.routes,
            HttpMetrics(registry),
            EdgeLimits(65_536, larger_bodies={PATH: 1_048_576}),
        )
        tasks = [asyncio.create_task(background.run())] if working else []
        try:
            async with (
                serving(app) as port,
                httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http,
            ):
                yield SlackGateway(
                    platform, http, redis, identities, client, background, registry, channel
                )
        finally:
            await cancel(tasks)
            await client.close()
            await redis.close()
            await redis.connection_pool.disconnect()
            database.close()
