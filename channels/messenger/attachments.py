"""What a customer sent along. Pure; nothing raises."""

from __future__ import annotations

from typing import Any, Literal

from bot.model.content import Attachment
from channels.messenger.values import clean, number_of, text_of

Kind = Literal["image", "audio", "video", "file"]

_KINDS: dict[str, Kind] = {
    "image": "image",
    "audio": "audio",
    "video": "video",
    "reel": "video",
    "ig_reel": "video",
    "file": "file",
}
_MOST = 30


def parse_attachments(value: Any, text: str) -> tuple[str, tuple[Attachment, ...]]:
    """The words of a message with its attachments, and these.

    A shared link (`fallback`) is words: its address joins the text unless it is in there already.
    """
    found: list[Attachment] = []
    for item in value[:_MOST] if isinstance(value, list) else []:
        if not isinstance(item, dict):
            continue
        given = item.get("payload")
        payload: dict[str, Any] = given if isinstance(given, dict) else {}
        kind = item.get("type")
        link = _link(item, payload) if kind in ("fallback", "post", "ig_post", "template") else None
        if link is not None:
            text = text if link in text else f"{text}\n{link}".strip()
        else:
            found.append(_attachment(kind, item, payload))
    return text, _once(found)


def _attachment(kind: Any, item: dict[str, Any], payload: dict[str, Any]) -> Attachment:
    title = clean(item.get("title")) or clean(payload.get("title"))
    url = clean(payload.get("url")) or clean(item.get("url")) or None
    sticker = text_of(payload.get("sticker_id"))
    if kind == "location":
        place = payload.get("coordinates")
        place = place if isinstance(place, dict) else {}
        latitude, longitude = number_of(place.get("lat")), number_of(place.get("long"))
        if latitude is not None and longitude is not None and _on_earth(latitude, longitude):
            return Attachment("location", title, url, latitude=latitude, longitude=longitude)
    if kind == "sticker" or sticker:
        return Attachment("sticker", title, url, ref=sticker or None)
    return Attachment(_KINDS.get(kind, "file") if isinstance(kind, str) else "file", title, url)


def _link(item: dict[str, Any], payload: dict[str, Any]) -> str | None:
    return clean(payload.get("url")) or clean(item.get("url")) or None


def _on_earth(latitude: float, longitude: float) -> bool:
    return abs(latitude) <= 90 and abs(longitude) <= 180


def _once(found: list[Attachment]) -> tuple[Attachment, ...]:
    # For a time the platform named each sticker twice: as one, and as the picture that it is.
    seen: set[tuple[str, str | None]] = set()
    kept = []
    for attachment in found:
        sticker = (attachment.ref or "", attachment.url)
        if attachment.kind == "sticker" and sticker in seen:
            continue
        seen.add(sticker)
        kept.append(attachment)
    return tuple(kept)
