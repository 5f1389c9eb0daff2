"""Calls of the Bot API read, and its answers written, as it documents them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

# Arguments whose value is JSON also in a form.
_STRUCTURED = frozenset(
    "allowed_updates caption_entities commands drop_pending_updates entities link_preview_options"
    " media reply_markup reply_parameters scope show_alert".split()
)
_WHOLE = frozenset(
    "chat_id limit max_connections message_id message_thread_id offset timeout".split()
)


async def arguments_of(request: Request) -> dict[str, Any]:
    """By name, whether they came as JSON, as a form or in the address."""
    if request.headers.get("content-type", "").startswith("application/json"):
        data: dict[str, Any] = await request.json()
        return data
    form = parse_qsl((await request.body()).decode(), keep_blank_values=True)
    given = {**request.query_params, **dict(form)}
    return {name: _value(name, value) for name, value in given.items()}


def _value(name: str, value: str) -> Any:
    if name in _STRUCTURED:
        return json.loads(value)
    if name in _WHOLE:
        return int(value)
    return value


def as_platform(message: Mapping[str, Any]) -> dict[str, Any]:
    """Files as the platform describes them, not by the address that they came from."""
    described = dict(message)
    if "photo" in described:
        described["photo"] = [
            {"file_id": "AgACAgQ", "file_unique_id": "AQAD", "width": 90, "height": 60}
        ]
    if "document" in described:
        described["document"] = {"file_id": "BQACAgQ", "file_unique_id": "AgAD"}
    return described


def done(result: Any, **more: Any) -> Response:
    """It was done."""
    return JSONResponse({"ok": True, "result": result, **more})


def refused(problem: str) -> Response:
    """A bad request, and why."""
    return failed(400, f"Bad Request: {problem}")


def failed(status: int, description: str, **more: Any) -> Response:
    """Any other error."""
    return JSONResponse(
        {"ok": False, "error_code": status, "description": description, **more},
        status_code=status,
    )
