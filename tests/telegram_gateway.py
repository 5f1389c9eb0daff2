"""The Telegram channel behind a real uvicorn, over a real Valkey and a recording Bot API."""

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
from bot.model.messages import Outbound
from bot.observability.metrics import HttpMetrics, MessageMetrics
from bot.pipeline.redis_streams.client import Redis, connect
from bot.pipeline.redis_streams.inbox import RedisInbox
from bot.pipeline.redis_streams.layout import Layout
from bot.pipeline.redis_streams.monitor import RedisPipelineMonitor
from bot.pipeline.redis_streams.offers import RedisOffers
from bot.pipeline.redis_streams.transcripts import RedisTranscripts
from bot.record.database import Database, open_engine
from channels.reception import Reception
from channels.telegram.adapter import TelegramChannel
from channels.telegram.client import Client
from channels.telegram.delivery import TelegramDelivery
from tests.recording.telegram import RecordingTelegram
from tests.records import new_record
from tests.serving import serving

LAYOUT = Layout(16)
SECRET = "a-secret-token_of-the-webhook"
PATH = "/webhooks/telegram/webhook"
PAYLOADS = Path(__file__).parent / "payloads" / "telegram"
KARI = "5512345678"


@dataclass
class TelegramGateway:
    """What a running gateway is made of; `http` talks to it."""

    platform: RecordingTelegram
    client: Client
    channel: TelegramChannel
    delivery: TelegramDelivery
    identities: SqlIdentities
    transcripts: RedisTranscripts
    redis: Redis
    http: httpx.AsyncClient

    async def post(
        self, update: Mapping[str, Any] | bytes, secret: str | None = SECRET
    ) -> httpx.Response:
        """An update as Telegram posts it."""
        body = update if isinstance(update, bytes) else json.dumps(update).encode()
        headers = {"X-Telegram-Bot-Api-Secret-Token": secret} if secret is not None else {}
        return await self.http.post(PATH, content=body, headers=headers)

    async def waiting(self) -> int:
        """How many messages are in the inbox, answered ones left out."""
        return (await RedisPipelineMonitor(self.redis, LAYOUT, 8.0).state()).inbox_waiting

    async def entries(self) -> list[bytes]:
        """The inbox's entries, as they are stored."""
        found = [
            entry[1][b"m"]
            for partition in range(LAYOUT.partitions)
            for entry in await self.redis.xrange(LAYOUT.queue(partition, "inbox"))
        ]
        return [bytes(raw) for raw in found]

    async def said(self, conversation_id: str = f"telegram:{KARI}") -> list[Content]:
        """What is in a conversation's transcript."""
        return [line.content for line in await self.transcripts.read(conversation_id)]


def payload(name: str) -> dict[str, Any]:
    """A stored update."""
    data: dict[str, Any] = json.loads((PAYLOADS / f"{name}.json").read_text(encoding="utf-8"))
    return data


def answer(
    content: Content,
    to: str = KARI,
    *,
    turn: str = "3-1764000000000-0",
    position: int = 0,
    language: str | None = None,
) -> Outbound:
    """A message to a chat."""
    return Outbound(
        "telegram", to, f"telegram:{to}", turn, position, content, 1_764_000_000.0, language
    )


@contextlib.asynccontextmanager
async def telegram_gateway(
    platform: RecordingTelegram, redis_url: str, folder: Path
) -> AsyncIterator[TelegramGateway]:
    """A gateway with the Telegram channel alone; `platform` must be served."""
    database = Database(open_engine(new_record(folder / "record.sqlite3")))
    redis = connect(redis_url)
    registry = CollectorRegistry()
    metrics = MessageMetrics(registry)
    identities = SqlIdentities(database)
    inbox = RedisInbox(redis, LAYOUT, dedupe_seconds=600)
    offers = RedisOffers(redis, LAYOUT)
    client = Client(platform.token, platform.api_url)
    channel = TelegramChannel(
        Reception(inbox, identities, metrics), offers, metrics, client, secret_token=SECRET
    )
    app = build_app(channel.routes, HttpMetrics(registry), EdgeLimits(body_bytes=65_536))
    try:
        async with (
            serving(app) as port,
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http,
        ):
            yield TelegramGateway(
                platform,
                client,
                channel,
                TelegramDelivery(client, offers),
                identities,
                RedisTranscripts(redis, LAYOUT),
                redis,
                http,
            )
    finally:
        await channel.close()
        await client.close()
        await redis.close()
        await redis.connection_pool.disconnect()
        database.close()
