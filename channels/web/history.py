"""What a page has missed of its conversation."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from bot.errors import InvalidMessage
from bot.model.messages import Author, Inbound, Utterance
from bot.ports import Transcripts
from channels.web.visitors import Visitor

# How much of a long conversation a page is given: what people scroll back to.
HISTORY = 200
# What has not been answered by then will not be answered any moment.
_ANY_MOMENT_SECONDS = 60.0


@dataclass(frozen=True)
class Missed:
    """The lines for a page, oldest first. `replace`: they take the place of what it has.

    `cursor` is where the page stands with them. `typing`: an answer is on its way.
    """

    lines: Sequence[Utterance]
    replace: bool
    cursor: str | None
    typing: bool


class History:
    """Reads conversations for pages that come, or come back."""

    def __init__(self, transcripts: Transcripts) -> None:
        self._transcripts = transcripts

    async def missed(self, visitor: Visitor, after: str | None) -> Missed:
        """What was said since the cursor `after`, or all where that is of no use here."""
        read = self._transcripts.read
        if after is not None and (visitor.is_new or await self._is_elsewhere(visitor, after)):
            after = None
        lines = None
        if after is not None:
            try:
                lines = await read(visitor.conversation_id, after, HISTORY + 1)
            except InvalidMessage:
                after = None
        replace = lines is None or len(lines) > HISTORY
        if lines is None or replace:
            lines = await read(visitor.conversation_id, None, HISTORY)
        cursor = lines[-1].cursor if lines else after
        return Missed(lines, replace, cursor, await self._is_waiting(visitor, lines))

    async def _is_elsewhere(self, visitor: Visitor, cursor: str) -> bool:
        """Whether the cursor is of a conversation that the visitor was moved out of."""
        for conversation_id in visitor.participant.previous:
            lines = await self._transcripts.read(conversation_id, None, HISTORY)
            if any(line.cursor == cursor for line in lines):
                return True
        return False

    async def _is_waiting(self, visitor: Visitor, lines: Sequence[Utterance]) -> bool:
        if not lines or lines[-1].author is not Author.CUSTOMER:
            return False
        last = lines[-1]
        if time.time() - last.at > _ANY_MOMENT_SECONDS:
            return False
        # A person does not answer at once, and the turn that keeps a message for them is short.
        asked = Inbound(
            last.channel, visitor.identity.address, visitor.conversation_id, last.id, "", last.at
        )
        return not await self._transcripts.is_answered(asked)
