"""The worker and the sender, put together."""

from __future__ import annotations

import gc
import logging
import warnings
from collections.abc import Collection, Mapping

from bot.app.bootstrap.stores import deliveries, kept_stores
from bot.app.platforms import Shown, platforms
from bot.model.content import Content
from bot.observability.third_party import apply_defaults
from bot.pipeline.consumer import Consumer, JobSource
from bot.pipeline.delivery import Waits
from bot.pipeline.redis_streams.client import Redis
from bot.pipeline.redis_streams.layout import Layout
from bot.pipeline.redis_streams.outbox import RedisOutbox
from bot.pipeline.redis_streams.pacing import RedisPacer
from bot.pipeline.redis_streams.transcripts import RedisTranscripts
from bot.pipeline.redis_streams.turns import RedisTurnQueue
from bot.pipeline.sender import DeliveryJobs
from bot.pipeline.turn import TurnTaker
from bot.pipeline.worker import TurnJobs
from bot.ports import DialogueEngine, PartitionQueue, PushChannel
from bot.record.database import Database
from bot.record.desk_directory import SqlDeskDirectory
from bot.record.desk_threads import SqlDeskThreads
from bot.settings import Settings
from bot.training.models import find_model

# A sender mostly waits: while one platform is away, this many of its messages hold up no other's.
_DELIVERIES_UNDER_WAY = 4_096


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
        deliveries(settings, redis),
        RedisPacer(redis, longest_call=waits.call + 5.0),
        waits,
    )
    return _consumer(settings, queue, jobs, holder, most_under_way=_DELIVERIES_UNDER_WAY)


def push_channels(settings: Settings, redis: Redis) -> dict[str, PushChannel]:
    """The channels that are on and whose platforms must be called, by name; to be closed.

    Web and REST are none of them: they are read from instead.
    """
    kept = kept_stores(settings, redis)
    return {
        name: platform.delivery(settings, kept) for name, platform in platforms(settings).items()
    }


def desk_channels(settings: Settings, redis: Redis, database: Database) -> dict[str, PushChannel]:
    """The platforms in which staff work, as channels of their own, by name; to be closed."""
    directory = SqlDeskDirectory(database)
    transcripts = RedisTranscripts(redis, Layout(settings.partitions))
    channels = [
        platform.desk_delivery(
            settings, Shown(SqlDeskThreads(database, name), directory, transcripts)
        )
        for name, platform in platforms(settings).items()
    ]
    return {channel.name: channel for channel in channels if channel is not None}


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
