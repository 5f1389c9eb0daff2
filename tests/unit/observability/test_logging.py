"""One log for structlog's loggers and the standard library's."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from bot.observability.logging import configure_logging


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    levels = {name: log.level for name, log in _loggers()}
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    logging.captureWarnings(False)
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, log in _loggers():
        log.setLevel(levels.get(name, logging.NOTSET))


def _loggers() -> list[tuple[str, logging.Logger]]:
    found = logging.Logger.manager.loggerDict.items()
    return [(name, log) for name, log in found if isinstance(log, logging.Logger)]


def lines(out: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_both_kinds_of_logger_write_the_same_json() -> None:
    out = io.StringIO()
    configure_logging("INFO", None, ["s3cret-token"], out)
    structlog.contextvars.bind_contextvars(request_id="r1")
    structlog.get_logger("bot.x").info("accepted", channel="rest", note="with s3cret-token")
    logging.getLogger("uvicorn.error").warning("from %s: %s", "a@b.example", "s3cret-token")
    first, second = lines(out)
    assert first.pop("timestamp")
    assert first == {
        "event": "accepted",
        "channel": "rest",
        "note": "with [secret]",
        "level": "info",
        "logger": "bot.x",
        "request_id": "r1",
    }
    assert second["event"] == "from [e-mail]: [secret]"
    assert (second["level"], second["logger"]) == ("warning", "uvicorn.error")


@pytest.mark.parametrize("json_lines", [True, False])
def test_errors_are_redacted_too(json_lines: bool) -> None:
    out = io.StringIO()
    configure_logging("INFO", json_lines, ["s3cret-token"], out)
    try:
        int("no kari@shop.example with s3cret-token, 912 34 567")
    except ValueError:
        structlog.get_logger("bot.x").exception("failed")
        logging.getLogger("other").exception("failed as well")
    text = out.getvalue()
    assert text.count("ValueError") >= 2
    assert "no [e-mail] with [secret], [number]" in text
    assert "kari" not in text
    assert "s3cret" not in text


def test_levels() -> None:
    out = io.StringIO()
    configure_logging("INFO", None, (), out)
    structlog.get_logger("bot.x").debug("no")
    logging.getLogger("bot.x").debug("no")
    structlog.get_logger("rasa.core.processor").info("no")
    logging.getLogger("rasa.core").info("no")
    structlog.get_logger("rasa.core.processor").warning("yes")
    logging.getLogger("bot.x").info("yes")
    assert [line["event"] for line in lines(out)] == ["yes", "yes"]


@pytest.mark.parametrize(
    "name", ["httpx", "rasa.core", "slack_bolt.App", "slack_sdk.web.async_client", "telegram.Bot"]
)
def test_what_libraries_tell_of_messages_is_not_even_logged_for_developers(name: str) -> None:
    out = io.StringIO()
    configure_logging("DEBUG", None, (), out)
    logging.getLogger(name).debug("sendMessage: Hvor er pakken min?")
    logging.getLogger(name).info("POST /bot1:x/sendMessage")
    logging.getLogger("bot.x").debug("yes")
    assert [line["event"] for line in lines(out)] == ["yes"]


def test_setting_up_again_replaces() -> None:
    first, second = io.StringIO(), io.StringIO()
    configure_logging("INFO", None, (), first)
    configure_logging("DEBUG", None, (), second)
    logging.getLogger("bot.x").debug("once")
    assert first.getvalue() == ""
    assert [line["event"] for line in lines(second)] == ["once"]


def test_lines_for_people() -> None:
    out = io.StringIO()
    configure_logging("INFO", False, (), out)
    structlog.get_logger("bot.x").info("gateway_ready", url="http://127.0.0.1:8000")
    assert "gateway_ready" in out.getvalue()
    assert "url=http://127.0.0.1:8000" in out.getvalue()
    assert "\x1b" not in out.getvalue()


def test_what_is_no_json_is_logged_all_the_same() -> None:
    out = io.StringIO()
    configure_logging("INFO", True, (), out)
    structlog.get_logger("bot.x").info("odd", value={1, 2}, other=object, text="\ud800")
    assert lines(out)[0]["value"] == [1, 2]
