"""Open browsers: who looks at what, and what each is told through its event stream."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator
from typing import Any

from sse_starlette import ServerSentEvent

from bot.model.staff import StaffMember

_BACKLOG = 256


class Listener:
    """One open event stream. `conversation` is the one that its page shows, None for any other page;
    `still_open` asks whether its session is.
    """

    def __init__(
        self,
        staff: StaffMember,
        language: str,
        conversation: str | None,
        still_open: Callable[[], Awaitable[bool]],
    ) -> None:
        self.staff = staff
        self.language = language
        self.conversation = conversation
        self.still_open = still_open
        self._events: asyncio.Queue[ServerSentEvent | None] = asyncio.Queue(_BACKLOG)

    def tell(self, event: str, data: Any) -> None:
        """Queue an event. One that reads too slowly gets `resync` in place of what it missed."""
        if self._events.full():
            self._drop_all()
            event, data = "resync", {}
        self._events.put_nowait(ServerSentEvent(json.dumps(data, ensure_ascii=False), event=event))

    def end(self) -> None:
        """End the stream; what is queued goes out first where it fits."""
        if self._events.full():
            self._drop_all()
        self._events.put_nowait(None)

    async def events(self) -> AsyncIterator[ServerSentEvent]:
        """What to send, until the end."""
        while (event := await self._events.get()) is not None:
            yield event

    def _drop_all(self) -> None:
        while not self._events.empty():
            self._events.get_nowait()


class Listeners:
    """All of this process, by what they look at and by who they are."""

    def __init__(self) -> None:
        self._all: set[Listener] = set()
        self._viewers: dict[str, set[Listener]] = {}
        self._staff: dict[str, set[Listener]] = {}

    def __iter__(self) -> Iterator[Listener]:
        return iter(tuple(self._all))

    def add(self, listener: Listener) -> None:
        """It has come."""
        self._all.add(listener)
        self._staff.setdefault(listener.staff.id, set()).add(listener)
        if listener.conversation is not None:
            self._viewers.setdefault(listener.conversation, set()).add(listener)

    def remove(self, listener: Listener) -> None:
        """It has gone."""
        self._all.discard(listener)
        _remove(self._staff, listener.staff.id, listener)
        if listener.conversation is not None:
            _remove(self._viewers, listener.conversation, listener)

    def viewing(self, conversation_id: str) -> Collection[Listener]:
        """Those whose page shows the conversation."""
        return tuple(self._viewers.get(conversation_id, ()))

    def of(self, staff_id: str | None) -> Collection[Listener]:
        """All of somebody's."""
        return tuple(self._staff.get(staff_id or "", ()))

    @property
    def staff_ids(self) -> Collection[str]:
        """Whoever has a console open here."""
        return tuple(self._staff)


def _remove(index: dict[str, set[Listener]], key: str, listener: Listener) -> None:
    listeners = index.get(key, set())
    listeners.discard(listener)
    if not listeners:
        index.pop(key, None)
