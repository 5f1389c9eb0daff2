"""Conversations as people read them, and nudges when they grow. See `bot.ports.Transcripts`."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Sequence

from redis import exceptions
from tenacity import AsyncRetrying, retry_if_exception_type, wait_random_exponential

from bot.errors import InvalidMessage, StorageUnavailable, UnreadableEntry
from bot.model.content import Content, content_from_dict, content_to_dict
from bot.model.messages import Author, Inbound, Utterance
from bot.pipeline.redis_streams.client import Redis, storage_errors
from bot.pipeline.redis_streams.layout import NOTICES, Layout
from bot.ports import Notice, Transcripts

_CURSOR = re.compile(r"[0-9]{1,20}-[0-9]{1,20}", re.ASCII)
# A quiet subscription is checked this often, so that a dead connection is noticed.
_QUIET_SECONDS = 5.0


def utterance_to_json(
    utterance_id: str, author: Author, channel: str, content: Content, name: str | None = None
) -> str:
    """A transcript's line as it is stored; its cursor and time are the stream entry's id."""
    line = {
        "id": utterance_id,
        "author": author.value,
        "channel": channel,
        "content": content_to_dict(content),
    }
    if name is not None:
        line["name"] = name
    return json.dumps(line, ensure_ascii=False, separators=(",", ":"))


def notice_to_json(kind: str, conversation_id: str, turn_id: str) -> str:
    """A notice as it is published."""
    return json.dumps([kind, conversation_id, turn_id])


class RedisTranscripts(Transcripts):
    """One stream a conversation."""

    def __init__(self, redis: Redis, layout: Layout) -> None:
        self._redis = redis
        self._layout = layout

    async def read(
        self, conversation_id: str, after: str | None = None, limit: int = 500
    ) -> Sequence[Utterance]:
        """See the port."""
        key = self._layout.chat(conversation_id)
        if after is not None and not _CURSOR.fullmatch(after):
            raise InvalidMessage("bad_cursor", "The cursor is not one that this server gave out.")
        try:
            with storage_errors():
                if after is None:
                    lines = (await self._redis.xrevrange(key, count=limit))[::-1]
                else:
                    lines = await self._redis.xrange(key, min=f"({after}", count=limit)
        except exceptions.ResponseError as error:
            # Two numbers with a dash, but larger than any that Redis gives out.
            raise InvalidMessage("bad_cursor", f"The cursor is out of range: {error}") from error
        return [_utterance(cursor, fields) for cursor, fields in lines]

    async def announce_writing(self, conversation_id: str) -> None:
        """See the port."""
        with storage_errors():
            await self._redis.publish(NOTICES, notice_to_json("writing", conversation_id, ""))

    async def is_answered(self, message: Inbound) -> bool:
        """See the port."""
        with storage_errors():
            seen = await self._redis.get(self._layout.seen(message))
        return seen is not None and seen.endswith(b" 1")

    async def notices(self) -> AsyncIterator[Notice | None]:
        """See the port."""
        while True:
            pubsub = self._redis.pubsub()
            try:
                async for attempt in AsyncRetrying(
                    retry=retry_if_exception_type(StorageUnavailable),
                    wait=wait_random_exponential(multiplier=0.1, max=3.0),
                ):
                    with attempt, storage_errors():
                        await pubsub.subscribe(NOTICES)
                yield None
                while True:
                    with storage_errors():
                        message = await pubsub.get_message(
                            ignore_subscribe_messages=True, timeout=_QUIET_SECONDS
                        )
                        if message is None:
                            await pubsub.ping()
                            continue
                    if message["type"] == "message":
                        kind, conversation_id, turn = json.loads(message["data"])
                        yield Notice(kind, conversation_id, turn)
            except StorageUnavailable:
                continue
            finally:
                await pubsub.close()


def _utterance(cursor: bytes, fields: dict[bytes, bytes]) -> Utterance:
    try:
        data = json.loads(fields[b"u"])
        return Utterance(
            cursor=cursor.decode(),
            id=data["id"],
            author=Author(data["author"]),
            content=content_from_dict(data["content"]),
            channel=data["channel"],
            turn_id=fields[b"t"].decode(),
            at=int(cursor.split(b"-")[0]) / 1000,
            name=data.get("name"),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise UnreadableEntry(f"transcript line {cursor.decode()}: {error}") from error
