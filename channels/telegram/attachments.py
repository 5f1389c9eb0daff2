"""What a customer sent along in Telegram. Pure; raises InvalidMessage where a value has no sense."""

from __future__ import annotations

import math
from typing import Any, Literal

from telegram import Message

from bot.errors import InvalidMessage
from bot.model.content import Attachment
from channels.telegram.values import number, optional_whole, present, words

_Kind = Literal["image", "audio", "video", "file", "sticker"]

# By the field's name in Telegram's Message. An animation comes as a document too: first it is.
_FILES: tuple[tuple[str, _Kind], ...] = (
    ("animation", "video"),
    ("document", "file"),
    ("voice", "audio"),
    ("audio", "audio"),
    ("video", "video"),
    ("video_note", "video"),
    ("sticker", "sticker"),
)
# What there is no better word for: the customer is told that it can't be read.
_OTHERS = ("game", "invoice", "live_photo", "paid_media", "passport_data", "story", "checklist")


def attachments_of(message: Message) -> tuple[Attachment, ...]:
    """What comes with the words; a message has at most one of these. Files only by their `ref`,
    Telegram's `file_id`: their addresses would hold the bot's token.
    """
    if message.venue is not None:
        return (_place(present(message.venue.location), words(message.venue.title)),)
    if message.location is not None:
        return (_place(message.location, ""),)
    if message.contact is not None:
        contact = message.contact
        names = (words(contact.first_name), words(contact.last_name))
        return (Attachment("contact", name=" ".join(filter(None, names))),)
    if message.photo:
        # The last one is the largest.
        return (_file(message.photo[-1], "image"),)
    for field, kind in _FILES:
        found = getattr(message, field)
        if found is not None:
            return (_file(found, kind),)
    for field in _OTHERS:
        if getattr(message, field, None) is not None:
            return (Attachment("file", name=field),)
    return ()


def words_of(message: Message) -> str:
    """What the customer wrote, or what stands for it: a contact's number, a poll's question."""
    if message.contact is not None:
        return words(message.contact.phone_number)
    if message.dice is not None:
        return words(message.dice.emoji)
    if message.poll is not None:
        return words(message.poll.question)
    return words(message.text) or words(message.caption)


def _file(found: Any, kind: _Kind) -> Attachment:
    ref = words(found.file_id)
    if not ref:
        raise InvalidMessage("bad_attachment", "An attachment has no file_id.")
    return Attachment(
        kind,
        name=words(getattr(found, "file_name", None)) or words(getattr(found, "emoji", None)),
        ref=ref,
        media_type=words(getattr(found, "mime_type", None)) or None,
        size=optional_whole(found.file_size),
    )


def _place(location: Any, name: str) -> Attachment:
    latitude, longitude = number(location.latitude), number(location.longitude)
    if not (math.fabs(latitude) <= 90 and math.fabs(longitude) <= 180):
        raise InvalidMessage("bad_attachment", "A location is not on the Earth.")
    return Attachment("location", name=name, latitude=latitude, longitude=longitude)
