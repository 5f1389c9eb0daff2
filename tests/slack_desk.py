"""The Slack desk as a whole: Slack's events in, the desk over SQL, the floor over Valkey, the sender out."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry

from bot.app.edge import EdgeLimits
from bot.app.http import build_app
from bot.app.platforms import Kept, Shown, Staff
from bot.app.platforms.slack import PLATFORM
from bot.archive.record import SqlRecord
from bot.handoff.desk import SqlDesk
from bot.handoff.taker import DeskTaker
from bot.handoff.texts import load_texts
from bot.identity.store import SqlIdentities
from bot.model.handoff import Handoff
from bot.model.messages import Utterance
from bot.observability.metrics import HttpMetrics, MessageMetrics
from bot.pipeline.consumer import Consumer, JobSource
from bot.pipeline.journal import JournalJobs
from bot.pipeline.redis_streams.client import Redis, connect
from bot.pipeline.redis_streams.contacts import RedisContacts
from bot.pipeline.redis_streams.dead_letters import RedisDeadLetters
from bot.pipeline.redis_streams.deliveries import RedisDeliveries
from bot.pipeline.redis_streams.floor import RedisFloor
from bot.pipeline.redis_streams.inbox import RedisInbox
from bot.pipeline.redis_streams.journal import RedisJournal
from bot.pipeline.redis_streams.offers import RedisOffers
from bot.pipeline.redis_streams.outbox import RedisOutbox
from bot.pipeline.redis_streams.pacing import RedisPacer
from bot.pipeline.redis_streams.transcripts import RedisTranscripts
from bot.pipeline.sender import DeliveryJobs
from bot.ports import PartitionQueue
from bot.record.database import Database, open_engine
from bot.record.desk_directory import SqlDeskDirectory
from bot.record.desk_threads import SqlDeskThreads
from bot.settings import load_settings
from bot.tasks import cancel
from channels.reception import Reception
from channels.slack import delivery as slack_delivery
from tests.pipeline import LAYOUT, LEASE_SECONDS, inbound
from tests.postbox import QUICK, until
from tests.recording.server import serve
from tests.recording.slack import TOKEN, RecordingSlack
from tests.recording.slack_directory import User
from tests.records import new_record
from tests.serving import serving
from tests.slack_events import (
    SECRET,
    choices,
    command_delivery,
    event_delivery,
    message,
    press_delivery,
    timestamp,
)
from tests.workers import CountingEngine, working

STAFF = "C0STAFF"
KARI, OLA = "U0KARI", "U0OLA"
USERS = {
    KARI: User("Kari Nordmann", "Kari"),
    OLA: User("Ola Nordmann", email="ola@nordlys.example"),
}
PATH = "/webhooks/slack/webhook"
CUSTOMER = "web:c1"


@dataclass
class SlackDeskBench:
    """`slack` is the platform, `http` talks to the gateway."""

    slack: RecordingSlack
    http: httpx.AsyncClient
    redis: Redis
    database: Database
    desk: SqlDesk
    inbox: RedisInbox
    transcripts: RedisTranscripts
    threads: SqlDeskThreads

    # ------------------------------------------------------------------------------ customers

    async def writes(self, text: str, conversation: str = CUSTOMER, **fields: Any) -> None:
        """A customer does."""
        await self.inbox.accept(inbound(text, conversation, **fields))

    async def said(self, conversation: str = CUSTOMER) -> list[Utterance]:
        """A conversation's transcript."""
        return list(await self.transcripts.read(conversation))

    async def waits(self, conversation: str = CUSTOMER) -> tuple[Handoff, dict[str, Any]]:
        """A customer asks for a person; returns the handoff and its thread's first message."""
        await self.writes("a person", conversation)
        found: list[Handoff] = []

        async def shown() -> bool:
            handoff = await self.desk.of_conversation(conversation)
            if handoff is None or await self.threads.place_of(handoff.id) is None:
                return False
            found.append(handoff)
            return True

        await until(shown, 20.0)
        return found[-1], await self.root(found[-1].id)

    # ---------------------------------------------------------------------------------- staff

    async def root(self, handoff_id: str) -> dict[str, Any]:
        """A thread's first message, as it stands."""
        place = await self.threads.place_of(handoff_id)
        assert place is not None
        ts = place.split("/")[1]
        return next(item for item in self.slack.posted(STAFF) if item["ts"] == ts)

    async def thread(self, handoff_id: str) -> list[str]:
        """What stands in a thread under its first message."""
        ts = (await self.root(handoff_id))["ts"]
        return [item["text"] for item in self.slack.posted(STAFF) if item.get("thread_ts") == ts]

    async def shows(self, handoff_id: str, words: str, seconds: float = 20.0) -> list[str]:
        """A thread, once it has these words."""

        async def there() -> bool:
            return any(words in line for line in await self.thread(handoff_id))

        await until(there, seconds)
        return await self.thread(handoff_id)

    async def event(self, payload: Mapping[str, Any], **options: Any) -> httpx.Response:
        """Slack tells something."""
        delivery = event_delivery(payload, **options)
        return await self.http.post(PATH, content=delivery.body, headers=dict(delivery.headers))

    async def press(
        self, root: Mapping[str, Any], title: str, user: str = KARI, name: str = "press"
    ) -> httpx.Response:
        """Somebody presses a button in the staff's channel."""
        action = next(action for found, action in choices(root["blocks"]) if found == title)
        payload = {
            "type": "block_actions",
            "user": {"id": user, "username": user.lower(), "team_id": "T0NORDLYS"},
            "container": {"type": "message", "message_ts": root["ts"], "channel_id": STAFF},
            "trigger_id": "1.2.3",
            "team": {"id": "T0NORDLYS", "domain": "nordlys"},
            "channel": {"id": STAFF, "name": "support"},
            "message": dict(root),
            "response_url": self.slack.response_url(name),
            "actions": [{**action, "action_ts": timestamp()}],
        }
        delivery = press_delivery(payload)
        return await self.http.post(PATH, content=delivery.body, headers=dict(delivery.headers))

    async def command(self, fields: dict[str, str]) -> httpx.Response:
        """Somebody gives the slash command."""
        delivery = command_delivery(fields)
        return await self.http.post(PATH, content=delivery.body, headers=dict(delivery.headers))

    def told(self, user: str = KARI) -> list[str]:
        """What one member of staff alone was told in the channel."""
        return [item["text"] for item in self.slack.private if item["user"] == user]

    async def is_told(self, words: str, user: str = KARI) -> None:
        """Return once they were told that."""

        async def told() -> bool:
            return any(words in text for text in self.told(user))

        await until(told, 20.0)

    async def is_answered(self, words: str, name: str = "press") -> None:
        """Return once a press was answered so."""

        async def answered() -> bool:
            return words in self.slack.changes.get(name, {}).get("text", "")

        await until(answered, 20.0)

    async def inbound(self) -> list[str]:
        """What came in from Slack as a customer's words: the texts that wait, or were answered."""
        names = [key async for key in self.redis.scan_iter(match="fk:*:seen:slack:*")]
        return [name.decode() for name in names]

    async def state_is(self, handoff_id: str, words: str) -> dict[str, Any]:
        """A thread's first message, once it has these words."""

        async def shown() -> bool:
            return words in (await self.root(handoff_id))["text"]

        await until(shown, 20.0)
        return await self.root(handoff_id)

    async def dead(self) -> list[str]:
        """Why there are dead letters."""
        return [letter.reason for letter in await RedisDeadLetters(self.redis, LAYOUT).list()]


def quickly(monkeypatch: pytest.MonkeyPatch) -> RecordingSlack:
    """A Slack that takes messages as fast as they come, and a desk that knows it."""
    monkeypatch.setattr(slack_delivery, "CHANNEL_SECONDS", 0.01)
    return RecordingSlack(per_channel=0.0)


@contextlib.asynccontextmanager
async def empty_record(folder: Path) -> AsyncIterator[Database]:
    """A database with this version's tables."""
    database = Database(open_engine(new_record(folder / "record.sqlite3")))
    try:
        yield database
    finally:
        database.close()


def in_thread(
    root: Mapping[str, Any], text: str, user: str = KARI, **fields: Any
) -> dict[str, Any]:
    """Somebody wrote in a thread."""
    return message(text, STAFF, user, thread_ts=root["ts"], **fields)


@contextlib.asynccontextmanager
async def slack_desk(
    redis_url: str,
    database: Database,
    slack: RecordingSlack | None = None,
    sends: bool = True,
    **settings: Any,
) -> AsyncIterator[SlackDeskBench]:
    """All of it while the block lasts. `sends`: a sender is there."""
    platform = slack or RecordingSlack()
    platform.users.update(USERS)
    # No message of the app's may have the name of somebody's event.
    platform.numbers = itertools.count(500_000)
    redis = connect(redis_url)
    contacts = RedisContacts(redis, LAYOUT)
    transcripts = RedisTranscripts(redis, LAYOUT)
    identities = SqlIdentities(database)
    threads = SqlDeskThreads(database, "slack")
    directory = SqlDeskDirectory(database)
    deliveries = RedisDeliveries(redis, LAYOUT, 3600.0)
    kept = Kept(contacts, RedisOffers(redis, LAYOUT), deliveries)
    inbox = RedisInbox(redis, LAYOUT, 600)
    registry = CollectorRegistry()
    metrics = MessageMetrics(registry)
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(serve(platform))
        chosen = load_settings(
            slack_bot_token=TOKEN,
            slack_signing_secret=SECRET,
            slack_api_url=platform.api_url,
            slack_handoff_channel=STAFF,
            public_url="https://chat.example",
            **settings,
        )
        mirror = PLATFORM.mirror(chosen)
        assert mirror is not None
        floor = RedisFloor(
            redis, LAYOUT, contacts=contacts, push_channels={"slack"}, dedupe_seconds=600
        )
        desk = SqlDesk(
            database,
            floor=floor,
            transcripts=transcripts,
            texts=load_texts(Path("data/desk")),
            mirrors=[mirror],
        )
        edge = PLATFORM.edge(
            chosen,
            Reception(inbox, identities, metrics),
            identities,
            kept,
            metrics,
            Staff(desk, threads, directory),
        )
        desk_delivery = PLATFORM.desk_delivery(chosen, Shown(threads, directory, transcripts))
        assert desk_delivery is not None
        channels = {desk_delivery.name: desk_delivery, "slack": PLATFORM.delivery(chosen, kept)}
        for channel in channels.values():
            stack.push_async_callback(channel.close)
        for close in edge.close:
            stack.push_async_callback(close)
        tasks = [asyncio.create_task(run()) for run in edge.background]
        stack.push_async_callback(cancel, tasks)

        await stack.enter_async_context(working(redis, CountingEngine()))
        journal = RedisJournal(redis, LAYOUT, LEASE_SECONDS)
        record = SqlRecord(database, transcripts, episode_minutes=30)
        jobs: JobSource = JournalJobs(journal, record, [DeskTaker(desk)], max_deliveries=3)
        await stack.enter_async_context(_consuming(journal, jobs, "keeper"))
        if sends:
            outbox = RedisOutbox(redis, LAYOUT, LEASE_SECONDS)
            pacer = RedisPacer(redis, longest_call=QUICK.call + 1.0, lag_seconds=0.02)
            jobs = DeliveryJobs(outbox, channels, deliveries, pacer, QUICK)
            await stack.enter_async_context(_consuming(outbox, jobs, "sender"))

        app = build_app(
            edge.channel.routes,
            HttpMetrics(registry),
            EdgeLimits(65_536, larger_bodies={PATH: 1_048_576}),
        )
        port = await stack.enter_async_context(serving(app))
        http = await stack.enter_async_context(
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False)
        )
        yield SlackDeskBench(platform, http, redis, database, desk, inbox, transcripts, threads)
    await redis.close(close_connection_pool=True)


@contextlib.asynccontextmanager
async def _consuming(queue: PartitionQueue, jobs: JobSource, name: str) -> AsyncIterator[None]:
    stop = asyncio.Event()
    consumer = Consumer(queue, jobs, name, 8, LEASE_SECONDS / 4, 5.0, most_under_way=500)
    task = asyncio.create_task(consumer.run(stop))
    try:
        yield
    finally:
        stop.set()
        await task
