"""What staff keep about a conversation: tags on its handoffs, and files that they have sent."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, insert, select
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from bot.errors import HandoffRefused
from bot.handoff import store
from bot.handoff.store import utc_now
from bot.record.database import Database
from bot.record.tables import handoff_tags, uploads

LONGEST_TAG = 64


class Tags:
    """Short words on a handoff, in lower case, for searching and counting."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, handoff_id: str, tag: str) -> Sequence[str]:
        """All tags that it has then. Raises HandoffRefused: `unknown`, `empty`, `too_long`."""
        written = " ".join(store.storable(tag).lower().split())
        if not written:
            raise HandoffRefused("empty", "Write a tag first")
        if len(written) > LONGEST_TAG:
            raise HandoffRefused("too_long", f"A tag has at most {LONGEST_TAG} characters")

        def work(connection: Connection) -> Sequence[str]:
            store.find(connection, handoff_id)
            try:
                with connection.begin_nested():
                    row = {"handoff_id": handoff_id, "tag": written}
                    connection.execute(insert(handoff_tags), row)
            except IntegrityError:
                pass  # it has it already
            return _tags(connection, handoff_id)

        return await self._database.write(work)

    async def remove(self, handoff_id: str, tag: str) -> Sequence[str]:
        """All tags that it has then."""

        def work(connection: Connection) -> Sequence[str]:
            store.find(connection, handoff_id)
            connection.execute(
                delete(handoff_tags).where(
                    handoff_tags.c.handoff_id == handoff_id,
                    handoff_tags.c.tag == store.storable(tag),
                )
            )
            return _tags(connection, handoff_id)

        return await self._database.write(work)

    async def known(self, prefix: str = "", limit: int = 20) -> Sequence[str]:
        """Those in use that begin so, the most used ones first."""
        query = (
            select(handoff_tags.c.tag)
            .where(handoff_tags.c.tag.startswith(prefix.lower(), autoescape=True))
            .group_by(handoff_tags.c.tag)
            .order_by(func.count().desc(), handoff_tags.c.tag)
            .limit(limit)
        )
        return list(await self._database.read(lambda c: c.execute(query).scalars().all()))


@dataclass(frozen=True)
class Upload:
    """A file. `size` is in bytes."""

    name: str
    media_type: str
    content: bytes
    conversation_id: str

    @property
    def size(self) -> int:
        """In bytes."""
        return len(self.content)


class Uploads:
    """Files that staff have sent, each behind a token of 256 random bits, kept as its SHA-256.

    What may be uploaded is for the caller to check.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime] = utc_now) -> None:
        self._database = database
        self._clock = clock

    async def add(self, upload: Upload, staff_id: str) -> str:
        """Keep it; returns its token."""
        token = secrets.token_urlsafe(32)
        row = {
            "token_hash": _hash(token),
            "conversation_id": upload.conversation_id,
            "name": upload.name[:255],
            "media_type": upload.media_type[:127],
            "size": upload.size,
            "content": upload.content,
            "staff_id": staff_id,
            "uploaded_at": self._clock(),
        }
        await self._database.write(lambda connection: connection.execute(insert(uploads), row))
        return token

    async def find(self, token: str) -> Upload | None:
        """The file of a token, or None."""
        query = select(uploads).where(uploads.c.token_hash == _hash(token))
        row = await self._database.read(lambda connection: connection.execute(query).one_or_none())
        if row is None:
            return None
        return Upload(row.name, row.media_type, bytes(row.content), row.conversation_id)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _tags(connection: Connection, handoff_id: str) -> Sequence[str]:
    query = select(handoff_tags.c.tag).where(handoff_tags.c.handoff_id == handoff_id)
    return list(connection.execute(query.order_by(handoff_tags.c.tag)).scalars())
