from __future__ import annotations

import json

import httpx
import pytest

from bot.errors import (
    DeliveryDelayed,
    DeliveryError,
    DeliveryRefused,
    DeliveryUnknown,
    RecipientGone,
    WindowClosed,
)
from channels.messenger.errors import MEANINGS, connection_error, delivery_error, read_fault

# The codes of "Common Error Codes", "Send API Error Codes", "Handle Errors" and "Rate Limits".
DOCUMENTED: dict[tuple[int, int | None], type[DeliveryError]] = {
    (1, None): DeliveryDelayed,
    (1, 99): DeliveryDelayed,
    (1, 1357046): DeliveryDelayed,
    (2, None): DeliveryDelayed,
    (2, 2018344): DeliveryDelayed,
    (3, None): DeliveryDelayed,
    (4, None): DeliveryDelayed,
    (4, 2018022): DeliveryDelayed,
    (4, 2018354): DeliveryDelayed,
    (9, 2018352): DeliveryRefused,
    (10, None): DeliveryDelayed,
    (10, 2018065): WindowClosed,
    (10, 2018108): WindowClosed,
    (10, 2018278): WindowClosed,
    (10, 2018300): DeliveryRefused,
    (17, None): DeliveryDelayed,
    (32, None): DeliveryDelayed,
    (100, None): DeliveryRefused,
    (100, 33): RecipientGone,
    (100, 2018001): RecipientGone,
    (100, 2018109): DeliveryRefused,
    (102, None): DeliveryDelayed,
    (190, None): DeliveryDelayed,
    (190, 463): DeliveryDelayed,
    (190, 467): DeliveryDelayed,
    (200, None): DeliveryDelayed,
    (200, 1545041): RecipientGone,
    (200, 2018027): DeliveryRefused,
    (200, 2018028): DeliveryRefused,
    (230, None): DeliveryDelayed,
    (341, None): DeliveryDelayed,
    (368, None): DeliveryDelayed,
    (551, None): RecipientGone,
    (551, 1545041): RecipientGone,
    (613, None): DeliveryDelayed,
    (1200, None): DeliveryDelayed,
    (2635, None): DeliveryDelayed,
    (10303, None): DeliveryRefused,
    (80006, None): DeliveryDelayed,
}


def answer(
    code: int,
    subcode: int | None = None,
    *,
    status: int = 400,
    message: str = "words",
    headers: dict[str, str] | None = None,
) -> httpx.Response:
    error: dict[str, object] = {"message": message, "type": "OAuthException", "code": code}
    if subcode is not None:
        error["error_subcode"] = subcode
    return httpx.Response(status, json={"error": {**error, "fbtrace_id": "A1b"}}, headers=headers)


def error_of(response: httpx.Response) -> DeliveryError:
    fault = read_fault(response)
    assert fault is not None
    return delivery_error(fault)


@pytest.mark.parametrize(("code", "subcode"), DOCUMENTED)
def test_each_documented_code_is_what_a_sender_understands(code: int, subcode: int | None) -> None:
    error = error_of(answer(code, subcode))
    assert type(error) is DOCUMENTED[code, subcode]
    assert f"({code}" in str(error)
    assert "fbtrace_id A1b" in str(error)


def test_each_line_of_the_table_is_a_documented_one_or_the_rest_of_its_code() -> None:
    assert {code for code, _ in MEANINGS} - {code for code, _ in DOCUMENTED} == {-1, 104}


@pytest.mark.parametrize("subcode", [None, 424242])
def test_a_subcode_that_nobody_has_heard_of_counts_as_its_code(subcode: int | None) -> None:
    assert isinstance(error_of(answer(613, subcode)), DeliveryDelayed)
    assert isinstance(error_of(answer(100, subcode)), DeliveryRefused)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, DeliveryRefused),
        (401, DeliveryDelayed),
        (404, DeliveryRefused),
        (429, DeliveryDelayed),
        (500, DeliveryDelayed),
        (503, DeliveryDelayed),
    ],
)
def test_an_unknown_code_counts_as_its_status(status: int, expected: type[DeliveryError]) -> None:
    assert type(error_of(answer(987654, status=status))) is expected


@pytest.mark.parametrize("status", [302, 400, 401, 404, 413, 429, 500, 503])
def test_who_is_not_the_graph_api_refuses_nothing_for_good(status: int) -> None:
    assert type(error_of(httpx.Response(status, text="<html>"))) is DeliveryDelayed


@pytest.mark.parametrize("status", [502, 504])
def test_a_gateway_that_gave_up_leaves_it_open(status: int) -> None:
    assert isinstance(error_of(httpx.Response(status, text="<html>")), DeliveryUnknown)
    assert isinstance(error_of(answer(2, status=status)), DeliveryDelayed)


def test_a_secret_that_does_not_fit_is_the_operators_to_mend() -> None:
    words = "Invalid appsecret_proof provided in the API argument"
    error = error_of(answer(100, message=words))
    assert isinstance(error, DeliveryDelayed)
    assert error.retry_after == 60


@pytest.mark.parametrize(
    ("response", "told"),
    [
        (answer(190), "set MESSENGER_PAGE_TOKEN"),
        (answer(987654, status=401), "set MESSENGER_PAGE_TOKEN"),
        (answer(100, message="Invalid appsecret_proof provided"), "MESSENGER_APP_SECRET must be"),
        (answer(200), "lacks a permission"),
        (answer(10), "lacks a permission"),
        (answer(368), "status at Meta"),
    ],
)
def test_what_the_operator_has_to_mend_says_how(response: httpx.Response, told: str) -> None:
    assert told in str(error_of(response))


@pytest.mark.parametrize("code", [1, 4, 100, 551, 613])
def test_what_nobody_can_mend_says_nothing_of_it(code: int) -> None:
    assert str(error_of(answer(code))).endswith("[HTTP 400, fbtrace_id A1b]")


def test_what_stops_every_call_holds_all_of_them_and_what_does_not_holds_none() -> None:
    everything, one = error_of(answer(190)), error_of(answer(10))
    assert isinstance(everything, DeliveryDelayed)
    assert isinstance(one, DeliveryDelayed)
    assert (everything.retry_after, one.retry_after) == (60, None)


USAGE = json.dumps(
    {
        "108824017345866": [
            {"type": "messenger", "call_count": 100, "estimated_time_to_regain_access": 4},
            {"type": "pages", "call_count": 3, "estimated_time_to_regain_access": 0},
        ]
    }
)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "0"}, 0),
        ({"Retry-After": "7", "X-Business-Use-Case-Usage": USAGE}, 7),
        ({"X-Business-Use-Case-Usage": USAGE}, 240),
        ({"X-App-Usage": '{"call_count": 100, "total_time": 3, "total_cputime": 2}'}, 900),
        ({"X-App-Usage": '{"call_count": 28}'}, 30),
        ({"Retry-After": "999999999"}, 3_600),
        ({"Retry-After": "soon", "X-App-Usage": "[", "X-Business-Use-Case-Usage": "[1]"}, 30),
        ({}, 30),
    ],
)
def test_the_pause_is_the_platforms_where_it_names_one(
    headers: dict[str, str], seconds: float
) -> None:
    error = error_of(answer(613, headers=headers))
    assert isinstance(error, DeliveryDelayed)
    assert error.retry_after == seconds


def test_an_answer_that_is_one_is_no_fault() -> None:
    assert read_fault(httpx.Response(200, json={"message_id": "m"})) is None


def _errors_of_httpx() -> list[type[httpx.HTTPError]]:
    found: list[type[httpx.HTTPError]] = []
    open_classes = [httpx.HTTPError]
    while open_classes:
        cls = open_classes.pop()
        found.append(cls)
        open_classes += cls.__subclasses__()
    return found


def test_every_error_of_the_connection_is_one_that_a_sender_understands() -> None:
    never_sent = {"ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError"}
    for cls in _errors_of_httpx():
        error = connection_error(cls.__new__(cls))
        certain = cls.__name__ in never_sent or cls is httpx.UnsupportedProtocol
        assert type(error) is (DeliveryDelayed if certain else DeliveryUnknown), cls
