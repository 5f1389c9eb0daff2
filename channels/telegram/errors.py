"""Telegram's errors as Flerkanal's: none passes this file."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from datetime import timedelta

import httpx
import structlog
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    EndPointNotFound,
    Forbidden,
    InvalidToken,
    NetworkError,
    PassportDecryptionError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from bot.errors import (
    DeliveryDelayed,
    DeliveryError,
    DeliveryRefused,
    DeliveryUnknown,
    RecipientGone,
)
from channels.telegram.client import ServerFailed

logger = structlog.get_logger(__name__)

# What the operator has to mend is tried again this slowly, in seconds.
_OPERATORS_SECONDS = 60.0
# Nothing of the request had left.
_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
)
# The answers of a server that did nothing; after any other, a gateway in between may have failed.
_DID_NOTHING = frozenset({500, 503})
_GONE = re.compile(
    r"chat not found|user not found|peer_id_invalid|group chat was (deactivated|deleted)"
    r"|message thread not found|topic_(deleted|closed)|user is deactivated"
    r"|(not enough|have no) rights to send|need administrator rights|chat_write_forbidden",
    re.IGNORECASE,
)


@contextlib.contextmanager
def platform_errors() -> Iterator[None]:
    """Turns every TelegramError of the block into a DeliveryError."""
    try:
        yield
    except TelegramError as error:
        raise delivery_error(error) from error


def delivery_error(error: TelegramError) -> DeliveryError:
    """What an error of the platform's library means for a message. Covers all its classes."""
    words = str(error)
    if isinstance(error, RetryAfter):
        return DeliveryDelayed(words, retry_after_seconds(error))
    if isinstance(error, Forbidden):
        return RecipientGone(words)
    if isinstance(error, (InvalidToken, EndPointNotFound, Conflict)):
        logger.error(
            "telegram_refuses_the_bot",
            error=words,
            remedy="check TELEGRAM_BOT_TOKEN and TELEGRAM_API_URL: flerkanal doctor",
        )
        return DeliveryDelayed(words, _OPERATORS_SECONDS)
    if isinstance(error, BadRequest):
        return RecipientGone(words) if _GONE.search(words) else DeliveryRefused(words)
    if isinstance(error, (NetworkError, TimedOut)):
        return _network(error)
    if isinstance(error, (ChatMigrated, PassportDecryptionError)):
        return DeliveryRefused(words)
    # The class itself is what an answer raises that is no JSON: the platform may have done it.
    return DeliveryUnknown(words)


def retry_after_seconds(error: RetryAfter) -> float:
    """The library gives a number or, when asked to by PTB_TIMEDELTA, a timedelta."""
    value = error.retry_after
    return value.total_seconds() if isinstance(value, timedelta) else float(value)


def _network(error: NetworkError) -> DeliveryError:
    words = str(error)
    if isinstance(error, ServerFailed):
        return (DeliveryDelayed if error.status in _DID_NOTHING else DeliveryUnknown)(words)
    cause = error.__cause__
    if cause is None and not isinstance(error, TimedOut):
        # An HTTP status below 500 that has no class of its own, such as 413.
        return DeliveryRefused(words)
    return (DeliveryDelayed if isinstance(cause, _NOT_SENT) else DeliveryUnknown)(words)
