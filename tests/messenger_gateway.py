"""The Messenger channel behind a real uvicorn, over a real Valkey and a recording Graph API."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from prometheus_client import CollectorRegistry

from bot.app.edge import EdgeLimits
from bot.app.http import build_app
from bot.identity.store import SqlIdentities
from bot.model.content import Content
from bot.model.messages import Inbound
from bot.observability.metrics import HttpMetrics, MessageMetrics
from bot.pipeline.redis_streams.client import Redis, connect
from bot.pipeline.redis_streams.contacts import RedisContacts
from bot.pipeline.redis_streams.deliveries import RedisDeliveries
from bot.pipeline.redis_streams.inbox import RedisInbox
from bot.pipeline.redis_streams.transcripts import RedisTranscripts
from bot.record.database import Database, open_engine
from channels.messenger.adapter import MessengerChannel
from channels.messenger.graph import GraphApi
from channels.messenger.page import OwnPage
from channels.reception import Reception
from tests.pipeline import LAYOUT
from tests.recording import messenger_events
from tests.recording.messenger import RecordingMessenger
from tests.records import new_record
from tests.serving import serving

VERIFY = "a-verify-token"
PATH = "/webhooks/messenger/webhook"
PAYLOADS = Path(__file__).parent / "payloads" / "messenger"
KARI = "7345821990432817"
OLA = "6120048811937540"
# When the stored payloads were sent, in seconds since the epoch.
SENT_AT = 1_795_514_400.0


@dataclass
class Clock:
    """Seconds since the epoch, as a test wants them."""

    now: float = SENT_AT + 60

    def __call__(self) -> float:
        return self.now


@dataclass
class MessengerGateway:
    """What a running gateway is made of; `http` talks to it. `url` is the webhook's address."""

    platform: RecordingMessenger
    api: GraphApi
    page: OwnPage
    identities: SqlIdentities
    contacts: RedisContacts
    deliveries: RedisDeliveries
    transcripts: RedisTranscripts
    redis: Redis
    registry: CollectorRegistry
    clock: Clock
    http: httpx.AsyncClient

    @property
    def url(self) -> str:
        """Where the platform sends its events."""
        return f"{self.http.base_url}".rstrip("/") + PATH

    async def post(self, body: bytes, secret: str | None = None) -> httpx.Response:
        """A signed body."""
        headers = messenger_events.headers(body, secret or self.platform.app_secret)
        return await self.http.post(PATH, content=body, headers=headers)

    async def stored(self, name: str) -> httpx.Response:
        """A stored payload, signed."""
        return await self.post(payload(name))

    async def events(self, *events: Mapping[str, Any]) -> httpx.Response:
        """Events of the page in one batch, signed."""
        return await self.post(messenger_events.batch(self.platform.page_id, *events))

    async def inbox(self) -> list[Inbound]:
        """Everything that waits for its turn; the messages of one conversation in order."""
        return [
            Inbound.from_json(fields[b"m"])
            for partition in range(LAYOUT.partitions)
            for _, fields in await self.redis.xrange(LAYOUT.queue(partition, "inbox"))
        ]

    async def said(self, conversation_id: str = f"messenger:{KARI}") -> list[Content]:
        """What is in a conversation's transcript."""
        return [line.content for line in await self.transcripts.read(conversation_id)]

    def refused(self, reason: str) -> float:
        """How many events were refused for that."""
        labels = {"channel": "messenger", "code": reason}
        return self.registry.get_sample_value("flerkanal_messages_refused_total", labels) or 0.0


def payload(name: str) -> bytes:
    """A stored payload."""
    return (PAYLOADS / f"{name}.json").read_bytes()


def payload_with(name: str, old: str, new: str) -> bytes:
    """A stored payload with other words in it."""
    body = payload(name).replace(old.encode(), new.encode())
    assert body != payload(name)
    json.loads(body)
    return body


@contextlib.asynccontextmanager
async def messenger_gateway(
    platform: RecordingMessenger, redis_url: str, folder: Path
) -> AsyncIterator[MessengerGateway]:
    """A gateway with the Messenger channel alone; `platform` must be served.

    Its clock and the platform's are one.
    """
    database = Database(open_engine(new_record(folder / "record.sqlite3")))
    redis = connect(redis_url)
    registry = CollectorRegistry()
    metrics = MessageMetrics(registry)
    identities = SqlIdentities(database)
    contacts = RedisContacts(redis, LAYOUT)
    deliveries = RedisDeliveries(redis, LAYOUT, keep_seconds=3_600)
    api = graph_api(platform)
    page = OwnPage(api)
    clock = Clock()
    platform.clock = clock
    channel = MessengerChannel(
        Reception(RedisInbox(redis, LAYOUT, dedupe_seconds=600), identities, metrics),
        identities=identities,
        contacts=contacts,
        deliveries=deliveries,
        metrics=metrics,
        page=page,
        app_secret=platform.app_secret,
        verify_token=VERIFY,
        clock=clock,
    )
    limits = EdgeLimits(body_bytes=65_536, larger_bodies={PATH: 1_048_576})
    app = build_app(channel.routes, HttpMetrics(registry), limits)
    try:
        async with (
            serving(app) as port,
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http,
        ):
            yield MessengerGateway(
                platform,
                api,
                page,
                identities,
                contacts,
                deliveries,
                RedisTranscripts(redis, LAYOUT),
                redis,
                registry,
                clock,
                http,
            )
    finally:
        await api.close()
        await redis.close()
        await redis.connection_pool.disconnect()
        database.close()


def graph_api(platform: RecordingMessenger) -> GraphApi:
    """The Graph API with the platform's own token and secret."""
    return GraphApi(
        api_url=platform.api_url,
        page_token=platform.page_token,
        app_secret=platform.app_secret,
        timeout=3.0,
    )
