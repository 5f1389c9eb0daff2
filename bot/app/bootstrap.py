"""The only place that picks implementations and puts them together."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import warnings
from collections.abc import AsyncIterator, Callable, Collection, Mapping

from prometheus_client import CollectorRegistry
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_random_exponential

from bot.app.edge import EdgeLimits
from bot.app.gateway import Address, Gateway, serve_gateway
from bot.app.http import build_app
from bot.app.platforms import Kept, platforms
from bot.app.probes import NotReady, Probes, ReadinessCheck
from bot.app.signals import stop_on_signals
from bot.errors import StorageUnavailable
from bot.identity.store import SqlIdentities
from bot.identity.tokens import IdentityTokens
from bot.model.content import Content
from bot.observability.metering import AnswerTimes, MeteredInbox, MeteredTranscripts
from bot.observability.metrics import HttpMetrics, MessageMetrics, PipelineMetrics, new_registry
from bot.observability.third_party import apply_defaults
from bot.pipeline.consumer import Consumer, JobSource
from bot.pipeline.delivery import Waits
from bot.pipeline.embedded_server import EmbeddedServer
from bot.pipeline.followers import NoticeFollowers
from bot.pipeline.redis_streams.client import Redis, connect, ensure_layout
from bot.pipeline.redis_streams.contacts import RedisContacts
from bot.pipeline.redis_streams.dead_letters import RedisDeadLetters
from bot.pipeline.redis_streams.deliveries import RedisDeliveries
from bot.pipeline.redis_streams.inbox import RedisInbox
from bot.pipeline.redis_streams.layout import Layout
from bot.pipeline.redis_streams.monitor import RedisPipelineMonitor
from bot.pipeline.redis_streams.offers import RedisOffers
from bot.pipeline.redis_streams.outbox import RedisOutbox
from bot.pipeline.redis_streams.pacing import RedisPacer
from bot.pipeline.redis_streams.transcripts import RedisTranscripts
from bot.pipeline.redis_streams.turns import RedisTurnQueue
from bot.pipeline.sender import DeliveryJobs
from bot.pipeline.turn import TurnTaker
from bot.pipeline.worker import TurnJobs
from bot.ports import DeadLetters, DialogueEngine, PartitionQueue, PipelineMonitor, PushChannel
from bot.record.database import Database, open_engine
from bot.record.migrate import migrate
from bot.record.sessions import SqlSessions
from bot.settings import Settings
from bot.training.models import find_model
from channels.reception import Reception
from channels.registry import HttpChannel
from channels.rest.adapter import RestChannel
from channels.rest.parse import Limits as RestLimits
from channels.web.adapter import WebChannel
from channels.web.connection import Limits as WebLimits

# How long a starting role waits for Redis and the database, which may be starting too.
_STORES_SECONDS = 30.0

# A platform's batch of events: more than any of them sends at once.
_BATCH_BYTES = 4_194_304
# What is known of a delivery is of use for as long as somebody may ask: an echo, another sender.
_DELIVERIES_KEPT = 7 * 24 * 3600.0
# A sender mostly waits: while one platform is away, this many of its messages hold up no other's.
_DELIVERIES_UNDER_WAY = 4_096

_until_stores_answer = retry(
    retry=retry_if_exception_type(StorageUnavailable),
    wait=wait_random_exponential(multiplier=0.1, max=2.0),
    stop=stop_after_delay(_STORES_SECONDS),
    reraise=True,
)


def redis_url(settings: Settings) -> str:
    """REDIS_URL, else the address of the embedded server under VAR_DIR."""
    return settings.redis_url or EmbeddedServer(settings.var_dir).url


async def run_gateway(
    settings: Settings, on_ready: Callable[[Address], None] | None = None
) -> None:
    """The gateway role: waits for its stores, then serves until SIGTERM or SIGINT.

    Raises SettingsError, LayoutMismatch, StorageUnavailable.
    """
    with stop_on_signals() as stop:
        await prepare_stores(settings)
        gateway = build_gateway(settings)
        await serve_gateway(gateway, settings.host, settings.port, stop=stop, on_ready=on_ready)


async def run_worker(settings: Settings, holder: str) -> None:
    """The worker role: loads the model, then takes turns until SIGTERM or SIGINT.

    `holder` is this start's unique name. Raises ModelNotFound, SettingsError, LayoutMismatch,
    StorageUnavailable.
    """
    with stop_on_signals() as stop:
        await prepare_stores(settings)
        # Loading takes seconds, and a signal must not wait for it.
        loading = asyncio.create_task(asyncio.to_thread(load_engine, settings))
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait({loading, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if stop.is_set():
            return
        engine = loading.result()
        redis = connect(redis_url(settings))
        try:
            await engine.prepare()
            await build_worker(settings, redis, engine, holder, platforms(settings)).run(stop)
        finally:
            engine.close()
            await _close(redis)


async def run_sender(settings: Settings, holder: str) -> None:
    """The sender role: delivers to the channels that must be called, until SIGTERM or SIGINT.

    `holder` is this start's unique name. Raises SettingsError, LayoutMismatch, StorageUnavailable.
    """
    with stop_on_signals() as stop:
        await prepare_stores(settings)
        redis = connect(redis_url(settings))
        channels = push_channels(settings, redis)
        try:
            await build_sender(settings, redis, holder, channels).run(stop)
        finally:
            for channel in channels.values():
                await channel.close()
            await _close(redis)


def load_engine(settings: Settings) -> DialogueEngine:
    """The dialogue engine with its model and actions. Raises ModelNotFound."""
    _quieten_rasa()
    # Rasa takes seconds to import, and only workers need it.
    from bot.pipeline.rasa_actions import InProcessActions, RemoteActions
    from bot.pipeline.rasa_agent import RasaEngine

    actions = (
        RemoteActions(settings.action_endpoint, settings.action_timeout)
        if settings.action_endpoint
        else InProcessActions("actions", settings.action_timeout)
    )
    on = platforms(settings)

    def numbered(channel: str, content: Content) -> bool:
        return channel in on and on[channel].is_numbered(content)

    engine = RasaEngine.load(find_model(settings), actions, numbered)
    # Rasa, TensorFlow and the model are a million objects that stay: none of them is worth a look
    # by the garbage collector in the middle of a turn.
    gc.collect()
    gc.freeze()
    return engine


def _quieten_rasa() -> None:
    """No word to Rasa's makers, and none from its dependencies about themselves."""
    apply_defaults()
    warnings.simplefilter("ignore")
    logging.getLogger("rasa_sdk.executor").setLevel(logging.WARNING)


def build_worker(
    settings: Settings,
    redis: Redis,
    engine: DialogueEngine,
    holder: str,
    pushed: Collection[str],
) -> Consumer:
    """A worker over a loaded engine, not yet running; `pushed` names the channels that senders
    deliver to.
    """
    queue = RedisTurnQueue(
        redis,
        Layout(settings.partitions),
        settings.lease_seconds,
        says={"model": engine.version},
    )
    turns = TurnTaker(
        queue,
        engine,
        push_channels=pushed,
        turn_seconds=settings.turn_timeout,
        max_deliveries=settings.max_deliveries,
    )
    return _consumer(settings, queue, TurnJobs(queue, turns), holder)


def build_sender(
    settings: Settings, redis: Redis, holder: str, channels: Mapping[str, PushChannel]
) -> Consumer:
    """A sender over those channels, not yet running."""
    layout = Layout(settings.partitions)
    queue = RedisOutbox(redis, layout, settings.lease_seconds)
    waits = Waits(give_up=settings.delivery_give_up)
    jobs = DeliveryJobs(
        queue,
        channels,
        _deliveries(settings, redis),
        RedisPacer(redis, longest_call=waits.call + 5.0),
        waits,
    )
    return _consumer(settings, queue, jobs, holder, most_under_way=_DELIVERIES_UNDER_WAY)


def push_channels(settings: Settings, redis: Redis) -> dict[str, PushChannel]:
    """The channels that are on and whose platforms must be called, by name; to be closed.

    Web and REST are none of them: they are read from instead.
    """
    kept = _kept(settings, redis)
    return {
        name: platform.delivery(settings, kept) for name, platform in platforms(settings).items()
    }


def _kept(settings: Settings, redis: Redis) -> Kept:
    layout = Layout(settings.partitions)
    return Kept(
        contacts=RedisContacts(redis, layout),
        offers=RedisOffers(redis, layout),
        deliveries=_deliveries(settings, redis),
    )


def _deliveries(settings: Settings, redis: Redis) -> RedisDeliveries:
    kept_seconds = settings.delivery_give_up + _DELIVERIES_KEPT
    return RedisDeliveries(redis, Layout(settings.partitions), kept_seconds)


def _consumer(
    settings: Settings,
    queue: PartitionQueue,
    source: JobSource,
    holder: str,
    most_under_way: int | None = None,
) -> Consumer:
    return Consumer(
        queue,
        source,
        holder,
        batch_size=settings.batch_size,
        balance_seconds=min(1.0, settings.lease_seconds / 4),
        # Less than a supervisor waits before it kills.
        finish_seconds=min(20.0, settings.turn_timeout),
        most_under_way=most_under_way,
    )


@_until_stores_answer
async def prepare_stores(settings: Settings) -> None:
    """Check Redis's layout, bring the database's tables up to date.

    Raises LayoutMismatch, SettingsError; StorageUnavailable where they do not answer in 30 s.
    """
    redis = connect(redis_url(settings))
    try:
        await ensure_layout(redis, Layout(settings.partitions))
    finally:
        await _close(redis)
    await asyncio.to_thread(migrate, settings.database_dsn)


def build_gateway(settings: Settings) -> Gateway:
    """The gateway, not yet serving. Opens no connection: the stores must have been prepared.

    Raises SettingsError.
    """
    resources = contextlib.AsyncExitStack()
    # Everything that the gateway asks of Redis may be asked twice.
    redis = connect(redis_url(settings), retry_once=True)
    resources.push_async_callback(_close, redis)
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
    kept = _kept(settings, redis)
    edges = [
        platform.edge(settings, reception, identities, kept, messages)
        for platform in platforms(settings).values()
    ]
    # Closed in order, so pushed in the opposite one.
    for close in reversed([close for edge in edges for close in edge.close]):
        resources.push_async_callback(close)

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
    probes = _probes(registry, redis, database, monitor)
    app = build_app(
        [*probes.routes, *(route for channel in channels for route in channel.routes)],
        HttpMetrics(registry),
        EdgeLimits(
            body_bytes=settings.max_body_bytes,
            larger_bodies={
                f"/webhooks/{edge.channel.name}/webhook": _BATCH_BYTES for edge in edges
            },
        ),
    )
    background = [run for edge in edges for run in edge.background]
    return Gateway(app, [followers.run, *background], resources)


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
    registry: CollectorRegistry, redis: Redis, database: Database, monitor: PipelineMonitor
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
    )


@contextlib.asynccontextmanager
async def open_dead_letters(settings: Settings) -> AsyncIterator[DeadLetters]:
    """The dead letters, to look at and to hand in again. Raises LayoutMismatch, StorageUnavailable."""
    redis = connect(redis_url(settings))
    layout = Layout(settings.partitions)
    try:
        await ensure_layout(redis, layout)
        yield RedisDeadLetters(redis, layout)
    finally:
        await _close(redis)


async def _close(redis: Redis) -> None:
    await redis.close()
    await redis.connection_pool.disconnect()
