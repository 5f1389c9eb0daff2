"""The HTTP application: the channels' routes, the probes, and one form for every error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Protocol

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from bot.app.edge import EdgeLimits, EdgeMiddleware, error_response
from bot.errors import AcceptanceUnknown, AnswerPending, InvalidMessage, StorageUnavailable
from bot.observability.metrics import HttpMetrics

logger = structlog.get_logger(__name__)

_HTTP_ERRORS: Mapping[int, tuple[str, str]] = {
    400: ("bad_request", "The request can't be read."),
    401: ("unauthorized", "Sign in first."),
    403: ("forbidden", "You may not do this."),
    404: ("not_found", "Nothing is served at this path."),
    405: ("method_not_allowed", "This path does not answer to that method."),
    408: ("request_timeout", "The request took too long."),
    413: ("body_too_large", "The request's body is too large."),
    415: ("unsupported_media_type", "The body's type is not one that is understood here."),
}


class HttpChannel(Protocol):
    """What the gateway needs of a channel: where it takes messages in."""

    name: str

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """The channel's routes, under `/webhooks/<name>/` save for pages and scripts."""


def build_app(routes: Sequence[BaseRoute], metrics: HttpMetrics, limits: EdgeLimits) -> Starlette:
    """The ASGI application over `routes`. An InvalidMessage that a route raises is answered with
    its status, a StorageUnavailable with 503, an AnswerPending with 504, anything else with 500.
    """
    app = Starlette(
        routes=routes,
        middleware=[Middleware(EdgeMiddleware, metrics=metrics, limits=limits)],
        exception_handlers={
            HTTPException: _on_http,
            InvalidMessage: _on_invalid,
            AnswerPending: _on_pending,
            AcceptanceUnknown: _on_acceptance_unknown,
            StorageUnavailable: _on_unavailable,
        },
    )
    # An unknown path is an error, not a redirect that turns a POST into a GET.
    app.router.redirect_slashes = False
    return app


async def _on_http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code, message = _HTTP_ERRORS.get(
        error.status_code, ("error", HTTPStatus(error.status_code).phrase)
    )
    if error.detail != HTTPStatus(error.status_code).phrase:
        message = error.detail
    headers: dict[str, str] = dict(error.headers or {})
    if "Allow" in headers:
        message = f"{message} It answers to {headers['Allow']}."
    return error_response(error.status_code, code, message, headers)


async def _on_invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, InvalidMessage)
    headers: dict[str, str] = {"WWW-Authenticate": "Bearer"} if error.status == 401 else {}
    return error_response(error.status, error.code, str(error), headers)


async def _on_pending(_: Request, error: Exception) -> Response:
    assert isinstance(error, AnswerPending)
    return error_response(
        504,
        "answer_pending",
        "The message is kept and will be answered, but the answer is not there yet. Send the same"
        f" request with the header Idempotency-Key: {error.event_id} to get it.",
        {"Retry-After": "5"},
    )


async def _on_acceptance_unknown(_: Request, error: Exception) -> Response:
    assert isinstance(error, AcceptanceUnknown)
    logger.warning("acceptance_unknown", error=str(error))
    return error_response(
        503,
        "unavailable",
        "The message could not be stored for certain. Send the same request with the header"
        f" Idempotency-Key: {error.event_id} in a while; it will not count twice.",
        {"Retry-After": "5"},
    )


async def _on_unavailable(_: Request, error: Exception) -> Response:
    logger.warning("storage_unavailable", error=str(error))
    return error_response(
        503,
        "unavailable",
        "A store does not answer. Send the request again in a while.",
        {"Retry-After": "5"},
    )
