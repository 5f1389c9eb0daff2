from __future__ import annotations

import asyncio

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError, SlackRequestError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.errors import (
    DeliveryDelayed,
    DeliveryError,
    DeliveryRefused,
    DeliveryUnknown,
    RecipientGone,
)
from channels.slack import errors
from channels.slack.errors import delivery_error, platform_errors
from tests.recording.slack_errors import DOCUMENTED

MAPPED = [
    errors.AGAIN,
    errors.BUSY,
    errors.CHANNELS,
    errors.GONE,
    errors.NEVER,
    errors.OPERATORS,
    errors.UNKNOWN,
]


def failed(data: object, status: int = 200, **headers: str) -> SlackApiError:
    response = AsyncSlackResponse(
        client=AsyncWebClient(),
        http_verb="POST",
        api_url="https://slack.com/api/chat.postMessage",
        req_args={},
        data=data,  # type: ignore[arg-type]
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        status_code=status,
    )
    return SlackApiError("failed", response)  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("method", sorted(DOCUMENTED))
def test_no_documented_error_is_left_unmapped(method: str) -> None:
    known = frozenset[str]().union(*MAPPED)
    assert sorted(DOCUMENTED[method] - known) == []


def test_each_error_means_one_thing() -> None:
    names = [name for group in MAPPED for name in group]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", sorted(frozenset[str]().union(*MAPPED)))
def test_what_each_error_means(name: str) -> None:
    error = delivery_error(failed({"ok": False, "error": name}))
    expected: type[DeliveryError] = DeliveryDelayed
    if name in errors.GONE:
        expected = RecipientGone
    elif name in errors.NEVER:
        expected = DeliveryRefused
    elif name in errors.UNKNOWN:
        expected = DeliveryUnknown
    assert type(error) is expected
    if isinstance(error, DeliveryDelayed):
        # What is wrong in one channel must not hold up the others.
        assert error.retry_after == (60 if name in errors.OPERATORS else None)


def test_an_error_that_is_not_known_yet_is_tried_again_and_holds_up_nobody() -> None:
    error = delivery_error(failed({"ok": False, "error": "new_in_2030"}))
    assert isinstance(error, DeliveryDelayed)
    assert error.retry_after is None


def test_details_are_told() -> None:
    data = {
        "ok": False,
        "error": "invalid_blocks",
        "response_metadata": {"messages": ["[ERROR] too long"]},
    }
    assert "invalid_blocks: [ERROR] too long" in str(delivery_error(failed(data)))
    scope = {"ok": False, "error": "missing_scope", "needed": "chat:write"}
    assert "needed: chat:write" in str(delivery_error(failed(scope)))


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (500, DeliveryDelayed),
        (503, DeliveryDelayed),
        (502, DeliveryUnknown),
        (504, DeliveryUnknown),
    ],
)
def test_pages_in_place_of_an_answer(status: int, expected: type[Exception]) -> None:
    assert type(delivery_error(failed("<html>", status))) is expected


@pytest.mark.parametrize(("header", "seconds"), [("12", 12.0), ("soon", None)])
def test_how_long_to_wait(header: str, seconds: float | None) -> None:
    error = delivery_error(failed({"ok": False, "error": "ratelimited"}, 429, Retry_After=header))
    assert isinstance(error, DeliveryDelayed)
    assert error.retry_after == seconds


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (aiohttp.ServerDisconnectedError(), DeliveryUnknown),
        (aiohttp.ClientOSError(104, "reset"), DeliveryUnknown),
        (aiohttp.ServerTimeoutError("read"), DeliveryUnknown),
        (aiohttp.ClientPayloadError("half"), DeliveryUnknown),
        (asyncio.TimeoutError(), DeliveryUnknown),
        (ConnectionResetError(), DeliveryUnknown),
        (SlackRequestError("no JSON"), DeliveryUnknown),
        (aiohttp.InvalidURL("x"), DeliveryDelayed),
        (failed({"ok": False, "error": "no_text"}), DeliveryRefused),
    ],
)
def test_what_the_library_raises(raised: Exception, expected: type[Exception]) -> None:
    with pytest.raises(expected), platform_errors():
        raise raised
