"""What each error of the platform's library means for a message."""

from __future__ import annotations

import inspect

import httpx
import pytest
import telegram.error
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
from channels.telegram.errors import delivery_error, platform_errors


def because(error: TelegramError, cause: Exception) -> TelegramError:
    error.__cause__ = cause
    return error


CASES: list[tuple[TelegramError, type[DeliveryError]]] = [
    (RetryAfter(7), DeliveryDelayed),
    (Forbidden("Forbidden: bot was blocked by the user"), RecipientGone),
    (Forbidden("Forbidden: user is deactivated"), RecipientGone),
    (BadRequest("Chat not found"), RecipientGone),
    (BadRequest("Bad Request: message thread not found"), RecipientGone),
    (BadRequest("Not enough rights to send text messages to the chat"), RecipientGone),
    (BadRequest("Message is too long"), DeliveryRefused),
    (BadRequest("Button_data_invalid"), DeliveryRefused),
    (ChatMigrated(-1001), DeliveryRefused),
    (InvalidToken(), DeliveryDelayed),
    (EndPointNotFound("Not Found"), DeliveryDelayed),
    (Conflict("Conflict: terminated by other getUpdates request"), DeliveryDelayed),
    (PassportDecryptionError("no key"), DeliveryRefused),
    (TelegramError("Invalid server response"), DeliveryUnknown),
    (ServerFailed(500), DeliveryDelayed),
    (ServerFailed(503), DeliveryDelayed),
    (ServerFailed(502), DeliveryUnknown),
    (ServerFailed(504), DeliveryUnknown),
    (NetworkError("Request Entity Too Large (413)"), DeliveryRefused),
    (because(NetworkError("x"), httpx.ConnectError("refused")), DeliveryDelayed),
    (because(NetworkError("x"), httpx.ReadError("reset")), DeliveryUnknown),
    (because(NetworkError("x"), httpx.RemoteProtocolError("closed")), DeliveryUnknown),
    (because(NetworkError("x"), RuntimeError("anything")), DeliveryUnknown),
    (because(TimedOut(), httpx.ConnectTimeout("x")), DeliveryDelayed),
    (because(TimedOut(), httpx.PoolTimeout("x")), DeliveryDelayed),
    (because(TimedOut(), httpx.ReadTimeout("x")), DeliveryUnknown),
    (because(TimedOut(), httpx.WriteTimeout("x")), DeliveryUnknown),
]


@pytest.mark.parametrize(("error", "meaning"), CASES, ids=lambda value: repr(value)[:40])
def test_what_an_error_means(error: TelegramError, meaning: type[DeliveryError]) -> None:
    with pytest.raises(meaning) as raised, platform_errors():
        raise error
    assert type(raised.value) is meaning
    assert raised.value.__cause__ is error


def test_no_class_of_the_library_is_left_out() -> None:
    classes = {
        member
        for _, member in inspect.getmembers(telegram.error, inspect.isclass)
        if issubclass(member, TelegramError)
    }
    assert len(classes) >= 11
    assert classes <= {type(error) for error, _ in CASES}


def test_the_platforms_own_waiting_time_is_kept() -> None:
    error = delivery_error(RetryAfter(7))
    assert isinstance(error, DeliveryDelayed)
    assert error.retry_after == 7.0
