"""Reads what a page shows of one conversation, out of the transcript, the record and the desk."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from bot.archive.search import Search
from bot.console.limits import Limits, ReplyLimits
from bot.console.lines import Line, merged, of_archive, of_desk, of_transcript, understood
from bot.console.saying import brief
from bot.errors import UnreadableEntry
from bot.handoff.lines import HandoffRow
from bot.handoff.views import DeskViews
from bot.identity.customers import Customer, SqlCustomers
from bot.model.content import Content
from bot.model.handoff import Handoff
from bot.ports import Contacts, DialogueState, DialogueStates, Transcripts

PAGE = 200
_DRAFT_CHARS = 2_000
_ITS_OWN = frozenset({"language", "requested_slot", "session_started_metadata"})

logger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Chronicle:
    """A conversation as it stands. `row` is its open handoff; `earlier` are those that have ended,
    the last first. `earliest` is the cursor of the first line of what was said, where there are
    lines before it. `is_past`: later lines are left out.
    """

    conversation_id: str
    customer: Customer
    channel: str
    lines: Sequence[Line]
    earliest: str | None
    is_past: bool
    row: HandoffRow | None
    last: Handoff | None
    earlier: Sequence[Handoff]
    state: DialogueState
    limits: ReplyLimits
    suggestions: Sequence[str] = ()
    channels: Sequence[str] = field(default_factory=tuple)

    @property
    def handoff(self) -> Handoff | None:
        """The open one."""
        return None if self.row is None else self.row.handoff


class Chronicles:
    """Everything may raise StorageUnavailable."""

    def __init__(
        self,
        *,
        transcripts: Transcripts,
        archive: Search,
        views: DeskViews,
        customers: SqlCustomers,
        contacts: Contacts,
        states: DialogueStates,
        limits: Limits,
    ) -> None:
        self._transcripts = transcripts
        self._archive = archive
        self._views = views
        self._customers = customers
        self._contacts = contacts
        self._states = states
        self._limits = limits

    async def open(self, conversation_id: str, before: str | None = None) -> Chronicle | None:
        """The newest lines, or those before a cursor. None where nobody has ever written.

        Raises InvalidMessage for a cursor that is none.
        """
        said, history, customer, contact, state = await asyncio.gather(
            self._said(conversation_id, before),
            self._views.history(conversation_id),
            self._customers.of(conversation_id),
            self._contacts.last(conversation_id),
            self.state(conversation_id),
        )
        if not said and before is None:
            return None
        more = len(said) >= PAGE
        channel = contact.channel if contact is not None else (said[-1].channel or "")
        heard = [line.id for line in said if line.kind == "customer"]
        last = state.messages.get(heard[-1]) if heard else None
        row = next((one for one in reversed(history.handoffs) if one.handoff.is_open), None)
        ended = [one.handoff for one in reversed(history.handoffs) if not one.handoff.is_open]
        return Chronicle(
            conversation_id=conversation_id,
            customer=customer,
            channel=channel,
            lines=_within(understood(said, state.messages), of_desk(history), more, before),
            earliest=said[0].key[1:] if said and more else None,
            is_past=before is not None,
            row=row,
            last=history.handoffs[-1].handoff if history.handoffs else None,
            earlier=ended,
            state=state,
            limits=self._limits.of(channel, None if contact is None else contact.heard_at),
            suggestions=drafts(last.suggestions if last is not None else ()),
            channels=_channels(customer, said),
        )

    async def news(self, conversation_id: str, after: str | None) -> Sequence[Line]:
        """What was said after a cursor, and what happened at the desk at any time.

        Raises InvalidMessage for a cursor that is none.
        """
        said, history, state = await asyncio.gather(
            self._transcripts.read(conversation_id, after),
            self._views.history(conversation_id),
            self.state(conversation_id),
        )
        return merged(understood(of_transcript(said), state.messages), of_desk(history))

    async def happenings(self, conversation_id: str) -> Sequence[Line]:
        """What happened at the desk."""
        return of_desk(await self._views.history(conversation_id))

    async def state(self, conversation_id: str) -> DialogueState:
        """As the bot sees it; nothing where that can't be read, which must not hide the rest."""
        try:
            return await self._states.read(conversation_id)
        except UnreadableEntry as error:
            logger.warning("dialogue_state_unreadable", error=str(error))
            return DialogueState()

    async def _said(self, conversation_id: str, before: str | None) -> Sequence[Line]:
        if before is None:
            return of_transcript(await self._transcripts.read(conversation_id, limit=PAGE))
        return of_archive(await self._archive.history(conversation_id, before=before, limit=PAGE))


def drafts(suggestions: Sequence[Content]) -> Sequence[str]:
    """Suggested answers as texts to begin from, each once."""
    texts = [brief(one, _DRAFT_CHARS) for one in suggestions]
    return tuple(dict.fromkeys(text for text in texts if text))


def _within(
    said: Sequence[Line], desk: Sequence[Line], more: bool, before: str | None
) -> Sequence[Line]:
    """The desk's lines that belong to the time of those that are shown."""
    if not said:
        return desk if before is None else []
    first, last = said[0].at, said[-1].at
    return merged(
        said,
        [
            line
            for line in desk
            if (line.at >= first or not more) and (line.at <= last or before is None)
        ],
    )


def _channels(customer: Customer, said: Sequence[Line]) -> Sequence[str]:
    linked = [identity.channel for identity in customer.identities]
    spoken = [line.channel for line in said if line.kind == "customer" and line.channel]
    return tuple(dict.fromkeys([*linked, *spoken]))


def slots_of(state: DialogueState) -> Mapping[str, str]:
    """The slots that hold something, as words; what the engine keeps for itself is left out."""
    return {
        name: str(value)
        for name, value in sorted(state.slots.items())
        if value and name not in _ITS_OWN and isinstance(value, (str, int, float, bool))
    }
