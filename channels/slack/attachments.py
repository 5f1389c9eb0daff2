"""Files that customers share in Slack. Pure."""

from __future__ import annotations

from typing import Any, Literal

from bot.model.content import Attachment

_MEDIA: dict[str, Literal["image", "audio", "video"]] = {
    "image": "image",
    "audio": "audio",
    "video": "video",
}


def attachments_of(files: Any) -> tuple[Attachment, ...]:
    """A message's `files` (https://docs.slack.dev/reference/objects/file-object/).

    Their addresses open for the app alone, so that `ref`, the file's id, is what names them.
    """
    if not isinstance(files, list):
        return ()
    found = (_attachment(item) for item in files if isinstance(item, dict))
    return tuple(item for item in found if item is not None)


def _attachment(item: dict[str, Any]) -> Attachment | None:
    ref = item.get("id")
    if not isinstance(ref, str) or not ref or item.get("mode") in ("tombstone", "hidden_by_limit"):
        return None
    media_type = _text(item, "mimetype")
    size = item.get("size")
    public = item.get("public_url_shared") is True
    return Attachment(
        kind=_MEDIA.get((media_type or "").split("/")[0], "file"),
        name=_text(item, "name") or _text(item, "title") or "",
        url=_text(item, "permalink_public") if public else None,
        ref=ref,
        media_type=media_type,
        size=size if isinstance(size, int) and not isinstance(size, bool) and size >= 0 else None,
    )


def _text(item: dict[str, Any], field: str) -> str | None:
    value = item.get(field)
    return value if isinstance(value, str) and value else None
