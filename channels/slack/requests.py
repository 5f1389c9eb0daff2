"""Slack's requests, as the library that dispatches them takes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncBoltRequest
from starlette.requests import Request

from bot.errors import InvalidMessage


def bolt_request_of(raw: bytes, body: dict[str, Any], request: Request) -> AsyncBoltRequest:
    """The request whose body `raw` was read as `body`. Raises InvalidMessage."""
    try:
        made = AsyncBoltRequest(
            body=raw.decode("utf-8"),
            query=str(request.url.query),
            headers={name: [value] for name, value in request.headers.items()},
        )
    except Exception as error:
        # The library reads fields out of whatever shape they have.
        raise InvalidMessage(
            "unreadable", "The request has not the form of one of Slack's."
        ) from error
    made.body = body
    return made


def check_shape(body: Mapping[str, Any]) -> None:
    """Raises InvalidMessage where a field that the library reads has another shape."""
    if body.get("type") == "event_callback":
        event = body.get("event")
        if not isinstance(event, dict) or not isinstance(event.get("type"), str):
            raise InvalidMessage("no_event", 'The field "event" must be an object with a "type".')
    elif body.get("type") == "block_actions":
        actions = body.get("actions")
        first = actions[0] if isinstance(actions, list) and actions else None
        if not isinstance(first, dict) or not isinstance(first.get("action_id"), str):
            raise InvalidMessage("no_action", 'The field "actions" must list what was pressed.')
