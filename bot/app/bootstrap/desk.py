"""The desk, put together, and the keeper of the journal."""

from __future__ import annotations

from bot.app.platforms import platforms
from bot.archive.record import SqlRecord
from bot.handoff.desk import SqlDesk
from bot.handoff.taker import DeskTaker
from bot.handoff.texts import load_texts
from bot.pipeline.consumer import Consumer
from bot.pipeline.journal import JournalJobs
from bot.pipeline.redis_streams.client import Redis
from bot.pipeline.redis_streams.contacts import RedisContacts
from bot.pipeline.redis_streams.floor import RedisFloor
from bot.pipeline.redis_streams.journal import RedisJournal
from bot.pipeline.redis_streams.layout import Layout
from bot.pipeline.redis_streams.transcripts import RedisTranscripts
from bot.record.database import Database, open_engine
from bot.settings import Settings
from bot.staff.first_account import ensure_first_account


def build_desk(settings: Settings, redis: Redis, database: Database) -> SqlDesk:
    """What staff do with conversations, at the console and in the platforms that are set up for it.

    Raises SettingsError where the desk's texts are not as they must be.
    """
    layout = Layout(settings.partitions)
    on = platforms(settings)
    mirrors = [platform.mirror(settings) for platform in on.values()]
    floor = RedisFloor(
        redis,
        layout,
        contacts=RedisContacts(redis, layout),
        push_channels=on,
        dedupe_seconds=settings.dedupe_seconds,
    )
    return SqlDesk(
        database,
        floor=floor,
        transcripts=RedisTranscripts(redis, layout),
        texts=load_texts(settings.desk_texts_dir),
        mirrors=[mirror for mirror in mirrors if mirror is not None],
        gone_seconds=settings.agent_gone_seconds,
        time_zone=settings.time_zone,
    )


def build_keeper(
    settings: Settings, redis: Redis, database: Database, desk: SqlDesk, holder: str
) -> Consumer:
    """What reads the journal into the record, and shows the desk each turn; not yet running."""
    layout = Layout(settings.partitions)
    queue = RedisJournal(redis, layout, settings.lease_seconds)
    record = SqlRecord(
        database,
        RedisTranscripts(redis, layout),
        episode_minutes=settings.episode_minutes,
    )
    jobs = JournalJobs(queue, record, [DeskTaker(desk)], settings.max_deliveries)
    return Consumer(
        queue,
        jobs,
        holder,
        batch_size=settings.batch_size,
        balance_seconds=min(1.0, settings.lease_seconds / 4),
        finish_seconds=min(20.0, settings.turn_timeout),
    )


async def first_account(settings: Settings) -> tuple[str, str] | None:
    """The login and the password of the console's first account; None where there is one already.

    The password is nowhere else: show it. Raises StorageUnavailable.
    """
    database = Database(open_engine(settings.database_dsn, threads=1), threads=1)
    try:
        return await ensure_first_account(database)
    finally:
        database.close()
