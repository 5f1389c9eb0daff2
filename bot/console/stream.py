"""The event stream of a page."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from bot.console.live import Live
from bot.console.pages import ANYBODY, DESK, Page
from bot.console.readings import Readings
from bot.console.view import View, signed_in

StillOpen = Callable[[Request], Awaitable[bool]]

# Proxies cut connections that are quiet for long.
_PING_SECONDS = 15
# A browser that takes nothing for so long is gone.
_SEND_SECONDS = 30


class StreamPages:
    """`still_open` tells whether the session of a request is open still."""

    def __init__(self, live: Live, readings: Readings, view: View, still_open: StillOpen) -> None:
        self._live = live
        self._readings = readings
        self._view = view
        self._still_open = still_open

    def pages(self) -> Sequence[Page]:
        """The stream."""
        return [Page("/stream", "stream", self.stream, ANYBODY)]

    async def stream(self, request: Request) -> Response:
        """Until the browser goes, the session ends or the server stops. `c` names the conversation
        that the page shows: for those alone who may open that page, and for as long as they may.
        """
        conversation_id = request.query_params.get("c")
        if conversation_id is not None:
            staff = signed_in(request)
            if not staff.has(*DESK):
                raise HTTPException(403, "Your role does not let you read conversations.")
            request.state.roles = DESK
            await self._readings.goes_on(staff.id, conversation_id)
        return EventSourceResponse(
            self._events(request),
            ping=_PING_SECONDS,
            send_timeout=_SEND_SECONDS,
            headers={"Cache-Control": "no-store"},
        )

    async def _events(self, request: Request) -> AsyncIterator[ServerSentEvent]:
        staff = signed_in(request)
        language = self._view.language(request)
        conversation = request.query_params.get("c")

        async def still_open() -> bool:
            return await self._still_open(request)

        yield ServerSentEvent(json.dumps({}), event="hello", retry=2000)
        async with self._live.listen(staff, language, conversation, still_open) as listener:
            async for event in listener.events():
                yield event
