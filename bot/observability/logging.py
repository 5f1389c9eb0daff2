"""One log for everything: structlog's loggers and the standard library's, redacted alike."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from typing import Any, TextIO

import structlog

from bot.observability.redaction import Redactor

# They tell a lot at the levels below, some of it what customers wrote.
_QUIET = (
    "aiohttp",
    "rasa",
    "rasa_sdk",
    "uvicorn",
    "apscheduler",
    "absl",
    "asyncio",
    "filelock",
    "h5py",
    "hpack",
    "httpcore",
    "httpx",
    "matplotlib",
    "sanic",
    "sentence_transformers",
    "slack_bolt",
    "slack_sdk",
    "telegram",
    "tensorflow",
    "transformers",
    "urllib3",
    "alembic",
)


def configure_logging(
    level: str,
    json: bool | None = None,
    secrets: Sequence[str] = (),
    stream: TextIO | None = None,
) -> None:
    """Set up logging for the process; call it once, first, in every role.

    `level` is DEBUG, INFO, WARNING or ERROR. `json`: one JSON object a line, or lines for people;
    None chooses JSON where `stream` (standard error) is not a terminal. `secrets` are blotted out
    wherever they turn up. Calling it again replaces the set-up.
    """
    out = sys.stderr if stream is None else stream
    as_json = not out.isatty() if json is None else json
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        # Whoever watches a terminal knows the date and wants their own clock.
        structlog.processors.TimeStamper(fmt="iso", utc=True)
        if as_json
        else structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        structlog.processors.UnicodeDecoder(),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                Redactor(secrets),
                _renderer(as_json, out),
            ],
        )
    )
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    quiet = level if level == "ERROR" else "WARNING"
    for name in _QUIET:
        logging.getLogger(name).setLevel(quiet)
    logging.captureWarnings(True)


def _renderer(as_json: bool, out: TextIO) -> Any:
    if as_json:
        return structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
    return structlog.dev.ConsoleRenderer(
        pad_event=0, colors=out.isatty(), exception_formatter=structlog.dev.plain_traceback
    )
