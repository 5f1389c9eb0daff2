"""A desk over real stores, with the bot's side of the conversations played by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select, update

from bot.errors import StorageUnavailable
from bot.handoff.clock import DeskClock
from bot.handoff.desk import SqlDesk
from bot.handoff.taker import DeskTaker
from bot.handoff.team import Team
from bot.handoff.teams import Teams
from bot.handoff.texts import load_texts
from bot.handoff.views import DeskViews
from bot.model.content import Buttons, QuickReplies, Rating, Text
from bot.model.handoff import Agent, Cause, HandBack, Handoff, HandoffRequest
from bot.model.journal import TurnRecord, entry_from_json
from bot.model.messages import Author, Inbound, Outbound, Utterance
from bot.model.turns import Lease, TrackerWindow, TurnCommit, TurnResult
from bot.pipeline.redis_streams.client import Redis
from bot.pipeline.redis_streams.contacts import RedisContacts
from bot.pipeline.redis_streams.floor import RedisFloor
from bot.pipeline.redis_streams.inbox import RedisInbox
from bot.pipeline.redis_streams.transcripts import RedisTranscripts
from bot.ports import DeskMirror, DeskUtterance, Floor
from bot.record.database import Database
from bot.record.tables import desk_effects, handoff_events, staff
from tests.pipeline import LAYOUT, inbound, turn_queue

TEXTS = Path(__file__).resolve().parents[1] / "data" / "desk"
ROUND_THE_CLOCK = Team(name="Kundeservice", is_default=True)


class Clock:
    """A time that stands until it is moved; a Tuesday morning in Oslo."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 3, 9, 0, tzinfo=timezone.utc)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class FailingFloor(Floor):
    """A floor of which some calls fail: the next `fails`, before or after they were made."""

    def __init__(self, floor: Floor) -> None:
        self.real = floor
        self.fails = 0
        self.after = False

    async def holder(self, conversation_id: str) -> str | None:
        return await self.real.holder(conversation_id)

    async def take(self, conversation_id: str, handoff_id: str) -> bool:
        return bool(await self._call(self.real.take(conversation_id, handoff_id)))

    async def say(self, utterance: DeskUtterance, handoff_id: str) -> str:
        return str(await self._call(self.real.say(utterance, handoff_id)))

    async def hand_back(self, conversation_id: str, hand_back: HandBack) -> None:
        await self._call(self.real.hand_back(conversation_id, hand_back))

    async def show_typing(self, conversation_id: str, handoff_id: str) -> None:
        await self._call(self.real.show_typing(conversation_id, handoff_id))

    async def announce(self, conversation_id: str, handoff_id: str) -> None:
        await self._call(self.real.announce(conversation_id, handoff_id))

    async def post(self, message: Outbound) -> None:
        await self._call(self.real.post(message))

    async def _call(self, call: Any) -> Any:
        if self.fails and not self.after:
            self.fails -= 1
            call.close()
            raise StorageUnavailable("the test says so")
        result = await call
        if self.fails:
            self.fails -= 1
            raise StorageUnavailable("the test says so, though it was done")
        return result


class DeskBench:
    """One desk, and the conversations at it."""

    def __init__(
        self, database: Database, redis: Redis, mirrors: Sequence[DeskMirror] = ()
    ) -> None:
        self.database = database
        self.clock = Clock()
        self.redis = redis
        self.inbox = RedisInbox(redis, LAYOUT, dedupe_seconds=3600)
        self.transcripts = RedisTranscripts(redis, LAYOUT)
        contacts = RedisContacts(redis, LAYOUT)
        self.floor = FailingFloor(
            RedisFloor(
                redis, LAYOUT, contacts=contacts, push_channels={"telegram"}, dedupe_seconds=3600
            )
        )
        self.mirrors = mirrors
        self.desk = self.another_process()
        self.taker = DeskTaker(self.desk)
        self.ticks = DeskClock(self.desk)
        self.teams = Teams(database, clock=self.clock)
        self.views = DeskViews(database, clock=self.clock)
        self._queue = turn_queue(redis, lease_seconds=600)
        self._leases: Sequence[Lease] = []
        self._recorded: set[bytes] = set()

    def another_process(self) -> SqlDesk:
        """As far as the stores can tell."""
        return SqlDesk(
            self.database,
            floor=self.floor,
            transcripts=self.transcripts,
            texts=load_texts(TEXTS),
            mirrors=self.mirrors,
            clock=self.clock,
        )

    async def agent(
        self, name: str, *, capacity: int = 5, there: bool = True, roles: str = "agent"
    ) -> Agent:
        """A new account."""
        row = {
            "id": name.lower(),
            "login": name.lower(),
            "name": name,
            "roles": roles,
            "language": "nb",
            "capacity": capacity,
            "presence": "available",
            "sound": True,
            "connected_at": self.clock() if there else None,
            "created_at": self.clock(),
        }
        await self.database.write(lambda connection: connection.execute(insert(staff), row))
        return Agent(name.lower(), name)

    async def set(self, agent: Agent, **columns: object) -> None:
        """Change an account."""
        changed = update(staff).where(staff.c.id == agent.id).values(**columns)
        await self.database.write(lambda connection: connection.execute(changed))

    async def beat(self, *agents: Agent) -> None:
        """Their consoles are open."""
        for agent in agents:
            await self.set(agent, connected_at=self.clock())

    async def write(self, conversation: str, text: str = "hei", **result: Any) -> None:
        """The customer writes, and the bot takes its turn: `result` is what it makes of it."""
        fields = {"received_at": self.clock().timestamp()}
        await self.inbox.accept(inbound(text, conversation, **fields))
        await self.take_turns(**result)

    async def ask(self, conversation: str, *, language: str = "nb", **request: Any) -> Handoff:
        """The customer asks for a person."""
        asked = HandoffRequest(**{"cause": Cause.CUSTOMER_ASKED, **request})
        before = await self.handoffs_of(conversation)
        await self.write(conversation, "Jeg vil snakke med noen", request=asked, language=language)
        (new,) = [row for row in await self.handoffs_of(conversation) if row not in before]
        return await self.desk.find(new)

    async def handoffs_of(self, conversation: str) -> list[str]:
        """Their ids, the first first."""
        history = await self.views.history(conversation)
        return [row.handoff.id for row in history.handoffs]

    async def take_turns(self, **result: Any) -> None:
        """Take all turns that wait, as workers do, and hand their records to the desk, twice."""
        if not self._leases:
            self._leases = list(await self._queue.balance("w", []))
            for lease in self._leases:
                await self._queue.unfinished(lease)
        while entries := await self._queue.next_entries(self._leases, 50, 0.01):
            for entry in entries:
                message = Inbound.from_json(entry.raw)
                floor = await self._queue.floor(message.conversation_id)
                fields = {} if floor or message.hand_back else result
                turn = TurnResult(
                    [],
                    [],
                    TrackerWindow(),
                    **{**{k: result[k] for k in _HEARD & result.keys()}, **fields},
                )
                await self._queue.commit(TurnCommit(entry, message, turn, 0, floor=floor))
        await self.keep_journal()

    async def keep_journal(self) -> None:
        """Hand what is new in the journal to the desk; every entry may come more than once."""
        for partition in range(LAYOUT.partitions):
            for key, fields in await self.redis.xrange(LAYOUT.queue(partition, "journal")):
                name = b"%d-%s" % (partition, key)
                entry = entry_from_json(fields[b"m"])
                if name not in self._recorded and isinstance(entry, TurnRecord):
                    await self.taker.on_turn(entry)
                    await self.taker.on_turn(entry)
                self._recorded.add(name)

    async def lines(self, conversation: str) -> Sequence[Utterance]:
        """What was said, but for the customer's own words."""
        lines = await self.transcripts.read(conversation)
        return [line for line in lines if line.author is not Author.CUSTOMER]

    async def said(self, conversation: str) -> list[str]:
        """Its words."""
        return [words(line) for line in await self.lines(conversation)]

    async def steps(self, handoff_id: str) -> list[str]:
        """The steps that were taken, and that their versions have no gap."""
        query = (
            select(handoff_events.c.version, handoff_events.c.step)
            .where(handoff_events.c.handoff_id == handoff_id)
            .order_by(handoff_events.c.version)
        )
        rows = await self.database.read(lambda c: c.execute(query).all())
        assert [row.version for row in rows] == list(range(1, len(rows) + 1))
        return [row.step for row in rows]

    async def due(self) -> list[str]:
        """The kinds of the effects that are still to be carried out or have failed."""
        query = select(desk_effects.c.kind).order_by(desk_effects.c.id)
        return list(await self.database.read(lambda c: c.execute(query).scalars().all()))


_HEARD = {"language", "intent", "confidence"}


def words(line: Utterance) -> str:
    """What people read of a line."""
    content = line.content
    if isinstance(content, QuickReplies):
        return " ".join([content.text, *(f"[{reply.title}]" for reply in content.replies)])
    assert isinstance(content, Text | Buttons | Rating), content
    return content.text
