"""The gateway, put together."""

from __future__ import annotations

import contextlib

from prometheus_client import CollectorRegistry

from bot.app.bootstrap.console import build_staff_console
from bot.app.bootstrap.desk import build_desk
from bot.app.bootstrap.stores import close, kept_stores, redis_url
from bot.app.edge import EdgeLimits
from bot.app.gateway import Gateway
from bot.app.http import HttpChannel, build_app
from bot.app.platforms import Staff, platforms
from bot.app.probes import NotReady, Probes, ReadinessCheck
from bot.errors import StorageUnavailable
from bot.identity.store import SqlIdentities
from bot.identity.tokens import IdentityTokens
from bot.observability.desk_metrics import DeskMetrics
from bot.observability.metering import AnswerTimes, MeteredInbox, MeteredTranscripts
from bot.observability.metrics import HttpMetrics, MessageMetrics, PipelineMetrics, new_registry
from bot.pipeline.followers import NoticeFollowers
from bot.pipeline.redis_streams.client import Redis, connect
from bot.pipeline.redis_streams.inbox import RedisInbox
from bot.pipeline.redis_streams.layout import Layout
from bot.pipeline.redis_streams.monitor import RedisPipelineMonitor
from bot.pipeline.redis_streams.transcripts import RedisTranscripts
from bot.ports import PipelineMonitor
from bot.record.database import Database, open_engine
from bot.record.desk_directory import SqlDeskDirectory
from bot.record.desk_threads import SqlDeskThreads
from bot.record.sessions import SqlSessions
from bot.reporting.monitor import SqlDeskMonitor
from bot.settings import Settings
from channels.reception import Reception
from channels.rest.adapter import RestChannel
from channels.rest.parse import Limits as RestLimits
from channels.web.adapter import WebChannel
from channels.web.connection import Limits as WebLimits

# A platform's batch of events: more than any of them sends at once.
_BATCH_BYTES = 4_194_304


def build_gateway(settings: Settings) -> Gateway:
    """The gateway, not yet serving. Opens no connection: the stores must have been prepared.

    Raises SettingsError.
    """
    resources = contextlib.AsyncExitStack()
    # Everything that the gateway asks of Redis may be asked twice.
    redis = connect(redis_url(settings), retry_once=True)
    resources.push_async_callback(close, redis)
    database = Database(open_engine(settings.database_dsn))
    resources.callback(database.close)

    registry = new_registry()
    messages = MessageMetrics(registry)
    times = AnswerTimes(messages)
    layout = Layout(settings.partitions)
    inbox = MeteredInbox(RedisInbox(redis, layout, settings.dedupe_seconds), messages, times)
    transcripts = MeteredTranscripts(RedisTranscripts(redis, layout), times)
    followers = NoticeFollowers(transcripts)
    monitor = RedisPipelineMonitor(redis, layout, settings.lease_seconds)
    identities = build_identities(settings, database)
    reception = Reception(inbox, identities, messages)
    kept = kept_stores(settings, redis)
    desk = build_desk(settings, redis, database)
    directory = SqlDeskDirectory(database)
    edges = [
        platform.edge(
            settings,
            reception,
            identities,
            kept,
            messages,
            Staff(desk, SqlDeskThreads(database, name), directory),
        )
        for name, platform in platforms(settings).items()
    ]
    # Closed in order, so pushed in the opposite one.
    for end in reversed([end for edge in edges for end in edge.close]):
        resources.push_async_callback(end)

    channels: list[HttpChannel] = [
        *(edge.channel for edge in edges),
        WebChannel(
            reception,
            identities,
            transcripts,
            SqlSessions(database),
            followers,
            messages,
            link_targets=[edge.links for edge in edges if edge.links is not None],
            allowed_origins=settings.allowed_origins,
            limits=WebLimits(text_chars=settings.max_text_chars),
        ),
        RestChannel(
            inbox,
            identities,
            transcripts,
            followers,
            messages,
            token=settings.rest_token.get_secret_value() if settings.rest_token else None,
            reply_timeout=settings.rest_reply_timeout,
            limits=RestLimits(text_chars=settings.max_text_chars),
        ),
    ]
    console = build_staff_console(
        settings,
        redis=redis,
        database=database,
        desk=desk,
        transcripts=transcripts,
        followers=followers,
        resources=resources,
    )
    desk_metrics = DeskMetrics(
        registry,
        SqlDeskMonitor(
            database,
            episode_minutes=settings.episode_minutes,
            agent_gone_seconds=settings.agent_gone_seconds,
        ),
    )
    probes = _probes(registry, redis, database, monitor, desk_metrics)
    app = build_app(
        [
            *probes.routes,
            *(route for channel in channels for route in channel.routes),
            *console.routes,
        ],
        HttpMetrics(registry),
        EdgeLimits(
            body_bytes=settings.max_body_bytes,
            larger_bodies={
                **{f"/webhooks/{edge.channel.name}/webhook": _BATCH_BYTES for edge in edges},
                **console.larger_bodies,
            },
        ),
    )
    background = [run for edge in edges for run in edge.background]
    return Gateway(
        app,
        [followers.run, console.live.run, *background],
        resources,
        stopping=[console.live.close],
    )


def build_identities(settings: Settings, database: Database) -> SqlIdentities:
    """Who is who, over the record."""
    tokens = None
    if settings.identity_secret is not None:
        tokens = IdentityTokens(
            settings.identity_secret.get_secret_value(),
            audience=settings.identity_audience,
            issuer=settings.identity_issuer,
        )
    return SqlIdentities(
        database,
        tokens=tokens,
        code_seconds=settings.link_code_seconds,
        remember_seconds=settings.dedupe_seconds,
    )


def _probes(
    registry: CollectorRegistry,
    redis: Redis,
    database: Database,
    monitor: PipelineMonitor,
    desk: DeskMetrics,
) -> Probes:
    async def redis_answers() -> None:
        await redis.ping()

    async def model_is_loaded() -> None:
        try:
            state = await monitor.state()
        except StorageUnavailable:
            raise NotReady("not known: Redis does not answer") from None
        if not state.models:
            raise NotReady("no live worker has loaded a model yet")

    return Probes(
        [
            ReadinessCheck("redis", redis_answers, "Redis does not answer: see the gateway's log"),
            ReadinessCheck(
                "database", database.ping, "the database does not answer: see the gateway's log"
            ),
            ReadinessCheck("model", model_is_loaded, "not known: Redis does not answer"),
        ],
        registry,
        PipelineMetrics(registry),
        monitor,
        measures=[desk.refresh],
    )
