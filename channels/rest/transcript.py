"""What was said to a sender, as the transcript has it.

A request is answered with all that was said since the answer to the one before it, up to its own
answer. That is read off the transcript alone, so a request that is repeated is answered the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.model.messages import Author, Utterance
from bot.ports import Accepted, Transcripts
from channels.rest.parse import CHANNEL

# A transcript can only be read from its end: so many lines first, then ever more.
_FIRST = 16
_MORE = 4
# Turns of messages that came so long before may still be answered in between.
_EARLIER = 32


@dataclass(frozen=True)
class Reply:
    """`lines` in order, the newest last. `cursor`: all until there has been told."""

    lines: Sequence[Utterance]
    cursor: str


async def reply_to(
    transcripts: Transcripts, conversation_id: str, accepted: Accepted, limit: int = _FIRST
) -> Reply:
    """What an answered message is to be answered with. Raises StorageUnavailable."""
    while True:
        lines = await transcripts.read(conversation_id, None, limit)
        whole = len(lines) < limit
        reply = find_reply(lines, accepted, whole=whole)
        if reply is not None:
            return reply
        limit *= _MORE


def find_reply(lines: Sequence[Utterance], accepted: Accepted, *, whole: bool) -> Reply | None:
    """The reply, or None where these newest lines do not hold all that it takes. Pure.

    `whole`: there are no older lines.
    """
    asked = next((at for at, line in enumerate(lines) if line.cursor == accepted.cursor), None)
    if asked is None:
        return Reply((), accepted.cursor) if whole else None
    before = next((at for at in range(asked - 1, -1, -1) if _is_asked(lines[at])), None)
    if before is None and not whole:
        return None
    end = _end_of_turn(lines, asked, accepted.turn_id)
    start = -1 if before is None else _end_of_turn(lines, before, lines[before].turn_id)
    between = [line for line in lines[start + 1 : end + 1] if _is_told(line)]
    if all(line.turn_id == accepted.turn_id for line in between):
        return Reply(between, lines[end].cursor)
    # Answers to other messages, sent before this one's answer was there, are theirs.
    oldest = 0 if before is None else before - _EARLIER
    if oldest < 0 and not whole:
        return None
    theirs = {line.turn_id for line in lines[max(oldest, 0) :] if _is_asked(line)}
    theirs.discard(accepted.turn_id)
    return Reply([line for line in between if line.turn_id not in theirs], lines[end].cursor)


def _end_of_turn(lines: Sequence[Utterance], asked: int, turn_id: str) -> int:
    """Where the answers to a message end; at the message itself where it has none."""
    answers = (
        at
        for at in range(len(lines) - 1, asked, -1)
        if lines[at].turn_id == turn_id and _is_told(lines[at])
    )
    return next(answers, asked)


def _is_asked(line: Utterance) -> bool:
    return line.author is Author.CUSTOMER and line.channel == CHANNEL


def _is_told(line: Utterance) -> bool:
    return line.author is not Author.CUSTOMER and line.channel == CHANNEL
