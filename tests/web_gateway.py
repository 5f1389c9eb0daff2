"""The web channel behind a real uvicorn, over a real Valkey, in the test's own event loop."""

from __future__ import annotations

import asyncio
import contextlib
import json
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import websockets
from prometheus_client import CollectorRegistry
from sqlalchemy import func, select
from starlette.applications import Starlette

from bot.identity.store import SqlIdentities
from bot.identity.tokens import IdentityTokens
from bot.observability.metrics import MessageMetrics
from bot.pipeline.followers import NoticeFollowers
from bot.pipeline.redis_streams.client import Redis, connect
from bot.pipeline.redis_streams.inbox import RedisInbox
from bot.pipeline.redis_streams.layout import Layout
from bot.pipeline.redis_streams.monitor import RedisPipelineMonitor
from bot.pipeline.redis_streams.transcripts import RedisTranscripts
from bot.pipeline.redis_streams.turns import RedisTurnQueue
from bot.ports import LinkTarget
from bot.record.database import Database, open_engine
from bot.record.migrate import migrate
from bot.record.sessions import SqlSessions
from bot.record.tables import web_sessions
from bot.tasks import cancel
from channels.reception import Reception
from channels.web.adapter import WebChannel
from channels.web.connection import Limits
from tests.serving import serving

LAYOUT = Layout(4)
SECRET = "a secret that the site and the gateway share"


@dataclass
class WebGateway:
    """What a running gateway is made of."""

    port: int
    redis: Redis
    channel: WebChannel
    inbox: RedisInbox
    transcripts: RedisTranscripts
    turns: RedisTurnQueue
    sessions: SqlSessions
    identities: SqlIdentities
    database: Database
    registry: CollectorRegistry

    @property
    def url(self) -> str:
        """The demo page's address."""
        return f"http://127.0.0.1:{self.port}/"

    @property
    def socket_url(self) -> str:
        """The socket's address."""
        return f"ws://127.0.0.1:{self.port}/webhooks/web/ws"

    async def waiting(self) -> int:
        """How many messages are in the inbox, answered ones left out."""
        return (await RedisPipelineMonitor(self.redis, LAYOUT, 8.0).state()).inbox_waiting

    async def count_sessions(self) -> int:
        """How many sessions were ever begun."""
        count: int = await self.database.read(
            lambda connection: connection.execute(
                select(func.count()).select_from(web_sessions)
            ).scalar_one()
        )
        return count


@contextlib.asynccontextmanager
async def web_gateway(
    redis_url: str,
    folder: Path,
    *,
    port: int = 0,
    limits: Limits | None = None,
    allowed_origins: tuple[str, ...] = (),
    max_sockets: int = 100,
    link_targets: Sequence[LinkTarget] = (),
) -> AsyncIterator[WebGateway]:
    """A gateway with the web channel alone; its sessions are in a database in `folder`."""
    dsn = f"sqlite:///{folder / 'record.sqlite3'}"
    await asyncio.to_thread(migrate, dsn)
    database = Database(open_engine(dsn))
    sessions = SqlSessions(database)
    registry = CollectorRegistry()
    redis = connect(redis_url)
    inbox = RedisInbox(redis, LAYOUT, dedupe_seconds=600)
    transcripts = RedisTranscripts(redis, LAYOUT)
    followers = NoticeFollowers(transcripts)
    metrics = MessageMetrics(registry)
    identities = SqlIdentities(database, tokens=IdentityTokens(SECRET))
    channel = WebChannel(
        Reception(inbox, identities, metrics),
        identities,
        transcripts,
        sessions,
        followers,
        metrics,
        link_targets=link_targets,
        allowed_origins=allowed_origins,
        limits=limits,
        max_sockets=max_sockets,
    )
    listening = asyncio.create_task(followers.run())
    try:
        async with serving(Starlette(routes=channel.routes), port) as bound:
            turns = RedisTurnQueue(redis, LAYOUT, 8.0, {})
            yield WebGateway(
                bound,
                redis,
                channel,
                inbox,
                transcripts,
                turns,
                sessions,
                identities,
                database,
                registry,
            )
    finally:
        await cancel([listening])
        await redis.close()
        await redis.connection_pool.disconnect()
        database.close()


class Client:
    """A widget's side of the socket, by hand."""

    def __init__(self, socket: Any) -> None:
        self.socket = socket
        self.welcome: dict[str, Any] = {}

    async def send(self, **frame: Any) -> None:
        """One frame."""
        await self.socket.send(json.dumps(frame))

    async def frame(self, seconds: float = 5.0) -> dict[str, Any]:
        """The next frame. Raises asyncio.TimeoutError."""
        data: dict[str, Any] = json.loads(await asyncio.wait_for(self.socket.recv(), seconds))
        return data

    async def until(self, kind: str) -> dict[str, Any]:
        """The next frame of a type; others before it are passed over."""
        while True:
            frame = await self.frame()
            if frame["type"] == kind:
                return frame

    async def hello(self, **fields: Any) -> dict[str, Any]:
        """Greet; returns the welcome."""
        await self.send(type="hello", **fields)
        self.welcome = await self.until("welcome")
        return self.welcome

    async def say(self, text: str, message_id: str | None = None, **fields: Any) -> str:
        """Send a message; returns its id."""
        message_id = message_id or str(uuid.uuid4())
        await self.send(type="message", id=message_id, text=text, **fields)
        return message_id

    async def quiet(self, seconds: float = 0.2) -> bool:
        """Whether nothing comes for a while."""
        try:
            await self.frame(seconds)
        except asyncio.TimeoutError:
            return True
        return False


@contextlib.asynccontextmanager
async def client(gateway: WebGateway, **options: Any) -> AsyncIterator[Client]:
    """A socket to the gateway, not yet greeted."""
    async with websockets.connect(gateway.socket_url, **options) as socket:  # type: ignore[attr-defined]
        yield Client(socket)
