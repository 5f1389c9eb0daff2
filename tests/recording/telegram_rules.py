"""What the Bot API documents about a message's parts, and how it refuses what breaks that.

Each function returns the error's description, or None where all is well.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

MAX_TEXT = 4_096
MAX_CAPTION = 1_024
MAX_CALLBACK_BYTES = 64
MAX_BUTTONS = 100
# sendDocument by URL "will currently only work for .PDF and .ZIP files", and GIF.
DOCUMENT_ENDINGS = frozenset({".pdf", ".zip", ".gif"})

_ENTITIES = frozenset(
    "mention hashtag cashtag bot_command url email phone_number bold italic underline"
    " strikethrough spoiler blockquote expandable_blockquote code pre text_link text_mention"
    " custom_emoji date_time".split()
)
_ACTIONS = (
    "callback_data",
    "callback_game",
    "copy_text",
    "login_url",
    "pay",
    "switch_inline_query",
    "switch_inline_query_chosen_chat",
    "switch_inline_query_current_chat",
    "url",
    "web_app",
)
_HTTP = re.compile(r"https?://", re.IGNORECASE)
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}", re.ASCII)
_COMMAND = re.compile(r"[a-z0-9_]{1,32}", re.ASCII)

Rule = Callable[[Mapping[str, Any]], "str | None"]


def utf16(text: str) -> int:
    """In UTF-16 code units, as the platform counts."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def text(arguments: Mapping[str, Any]) -> str | None:
    """sendMessage's text."""
    words = arguments.get("text", "")
    if not isinstance(words, str) or not words.strip():
        return "message text is empty"
    if utf16(words) > MAX_TEXT:
        return "message is too long"
    return entities(words, arguments.get("entities")) or _no_parse_mode(words, arguments)


def caption(arguments: Mapping[str, Any]) -> str | None:
    """A photo's or a document's caption."""
    words = arguments.get("caption", "")
    if not isinstance(words, str) or utf16(words) > MAX_CAPTION:
        return "message caption is too long"
    return entities(words, arguments.get("caption_entities"))


def entities(words: str, given: Any) -> str | None:
    """A text's entities: of known types, within the text, not inside a character."""
    if given is None:
        return None
    if not isinstance(given, list):
        return "can't parse entities: expected an Array"
    for entity in given:
        problem = _entity(words, entity)
        if problem:
            return problem
    return None


def keyboard(arguments: Mapping[str, Any], is_private: bool) -> str | None:
    """reply_markup of whichever kind."""
    markup = arguments.get("reply_markup")
    if markup is None:
        return None
    if not isinstance(markup, dict):
        return "object expected as reply markup"
    if "inline_keyboard" in markup:
        return _inline_keyboard(markup["inline_keyboard"])
    if "keyboard" in markup:
        return _reply_keyboard(markup["keyboard"], is_private)
    if markup.get("remove_keyboard") is True or markup.get("force_reply") is True:
        return None
    return "can't parse reply keyboard markup JSON object"


def address(url: Any) -> str | None:
    """A file by its address on the web."""
    if not isinstance(url, str) or not url:
        return "there is no file in the request"
    try:
        parts = urlsplit(url)
    except ValueError:
        return "wrong file identifier/HTTP URL specified"
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return "wrong file identifier/HTTP URL specified"
    return None


def document(url: str) -> str | None:
    """What may be sent as a document by its address."""
    ending = PurePosixPath(urlsplit(url).path).suffix.lower()
    return None if ending in DOCUMENT_ENDINGS else "failed to get HTTP URL content"


def webhook(arguments: Mapping[str, Any]) -> str | None:
    """setWebhook's arguments."""
    url = arguments.get("url", "")
    if url == "":
        return None
    parts = urlsplit(url)
    if parts.scheme != "https":
        return "bad webhook: An HTTPS URL must be provided for webhook"
    if parts.port not in (None, 80, 88, 443, 8443):
        return "bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443"
    secret = arguments.get("secret_token", "")
    if secret and not _SECRET.fullmatch(secret):
        return "secret token contains unallowed characters"
    return None


def commands(arguments: Mapping[str, Any]) -> str | None:
    """setMyCommands' arguments."""
    given = arguments.get("commands")
    if not isinstance(given, list) or len(given) > 100:
        return "BOT_COMMANDS_TOO_MUCH"
    for command in given:
        if not _COMMAND.fullmatch(command.get("command", "")):
            return "BOT_COMMAND_INVALID"
        if not 1 <= len(command.get("description", "")) <= 256:
            return "BOT_COMMAND_DESCRIPTION_INVALID"
    return None


def _no_parse_mode(words: str, arguments: Mapping[str, Any]) -> str | None:
    mode = arguments.get("parse_mode")
    if mode is None:
        return None
    # The strictest of the modes: a mark without a partner is refused.
    marks = {"Markdown": "*_`", "MarkdownV2": "*_`~|"}.get(mode, "")
    if mode == "HTML" and words.count("<") != words.count(">"):
        return "can't parse entities: Unexpected end of text"
    if any(words.count(mark) % 2 for mark in marks):
        return "can't parse entities: Can't find end of the entity"
    return None


def _entity(words: str, entity: Any) -> str | None:
    if not isinstance(entity, dict) or entity.get("type") not in _ENTITIES:
        return "can't parse MessageEntity: Unsupported type specified"
    offset, length = entity.get("offset"), entity.get("length")
    if not isinstance(offset, int) or not isinstance(length, int) or offset < 0 or length <= 0:
        return "can't parse entities: Receive an entity with incorrect length"
    end = offset + length
    if end > utf16(words):
        return (
            f"entity beginning at UTF-16 offset {offset} ends after the end of the text at UTF-16"
            f" offset {end}"
        )
    encoded = words.encode("utf-16-le", "surrogatepass")
    for at in (offset, end):
        if at * 2 < len(encoded) and 0xDC <= encoded[at * 2 + 1] <= 0xDF:
            return f"entity begins in a middle of a UTF-16 symbol at byte offset {at * 2}"
    if entity["type"] == "text_link" and not _is_link(entity.get("url", "")):
        return f"entity URL '{entity.get('url', '')}' is invalid: Wrong HTTP URL"
    return None


def _inline_keyboard(rows: Any) -> str | None:
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        return "can't parse inline keyboard: expected an Array of Arrays"
    buttons = [button for row in rows for button in row]
    if len(buttons) > MAX_BUTTONS:
        return "reply markup is too long"
    for button in buttons:
        problem = _inline_button(button)
        if problem:
            return problem
    return None


def _inline_button(button: Any) -> str | None:
    if not isinstance(button, dict) or not str(button.get("text", "")).strip():
        return (
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"
        )
    if sum(action in button for action in _ACTIONS) != 1:
        return "Text buttons are unallowed in the inline keyboard"
    data = button.get("callback_data")
    if data is not None and not 1 <= len(data.encode()) <= MAX_CALLBACK_BYTES:
        return "BUTTON_DATA_INVALID"
    url = button.get("url")
    if url is not None and not _is_link(url):
        return f"inline keyboard button URL '{url}' is invalid: Wrong HTTP URL"
    return None


def _reply_keyboard(rows: Any, is_private: bool) -> str | None:
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        return "can't parse keyboard: expected an Array of Arrays"
    for button in (button for row in rows for button in row):
        given = {"text": button} if isinstance(button, str) else button
        if not str(given.get("text", "")).strip():
            return "can't parse keyboard button: button text must be non-empty"
        if given.get("request_contact") and not is_private:
            return "phone number can be requested in private chats only"
        if given.get("request_location") and not is_private:
            return "location can be requested in private chats only"
    return None


def _is_link(url: str) -> bool:
    """A host without a dot is none that the platform opens."""
    return bool(_HTTP.match(url)) and "." in (urlsplit(url).hostname or "")
