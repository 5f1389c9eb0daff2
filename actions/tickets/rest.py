"""Calls of a ticket system's REST API: time limits, what may be tried again, what errors become."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    stop_before_delay,
    wait_exponential,
    wait_random,
)

from actions.tickets.errors import TicketNotFound, TicketRefused, TicketsUnavailable
from bot.errors import SettingsError

T = TypeVar("T")

_FIRST_WAIT, _LONGEST_WAIT = 0.2, 2.0
_backoff = wait_exponential(multiplier=_FIRST_WAIT, max=_LONGEST_WAIT) + wait_random(0, 0.1)
# An address, or a whole sentence in quotes, is what was sent: it stays out of errors and logs.
_SENT = re.compile(r"\S*@\S*|'[^']{30,}'|\"[^\"]{30,}\"")
_LONGEST_REASON = 200


class NotTaken(Exception):
    """The call had no effect, or has none any more: it may be made again.

    `retry_after` are the seconds that the system asks to wait.
    """

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(reason)


class OutcomeUnknown(Exception):
    """The call went out and was not answered: it may have been taken, or still be under way."""


class Session:
    """The connection of one attempt, or of several."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def call(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """The answer's JSON.

        Raises NotTaken, OutcomeUnknown, TicketNotFound (404), TicketRefused (400, 422), and
        TicketsUnavailable where somebody has to mend something.
        """
        try:
            response = await self._client.request(
                method, path, json=json, params=params, headers=headers
            )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise NotTaken(f"no connection ({type(error).__name__})") from error
        except httpx.TransportError as error:
            if isinstance(error, (httpx.UnsupportedProtocol, httpx.ProxyError)):
                raise TicketsUnavailable(type(error).__name__, retryable=False) from error
            raise OutcomeUnknown(f"cut off ({type(error).__name__})") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise TicketsUnavailable(type(error).__name__, retryable=False) from error
        return _read(response)


class RestApi:
    """A REST API at `url`; `authorization` goes with each call. `limit` is for a whole `run`, in
    seconds. Raises SettingsError where the two can't be what they are to be.
    """

    def __init__(self, url: str, authorization: str, *, limit: float) -> None:
        if not _is_address(url):
            raise SettingsError(["TICKETS_API_URL: use an address such as https://desk.example"])
        if not authorization.isascii() or not authorization.isprintable():
            raise SettingsError(["TICKETS_API_TOKEN: holds characters that no token has"])
        self._url = url
        self._headers = {"Accept": "application/json", "Authorization": authorization}
        self._limit = limit
        self._context: ssl.SSLContext | None = None
        self._under_way: set[asyncio.Task[Any]] = set()
        self._closed = False

    async def run(self, attempt: Callable[[Session], Awaitable[T]], *, of_ticket: bool = True) -> T:
        """The result of `attempt`, which is made again after NotTaken and OutcomeUnknown.

        So it has to look first whether it has been done. Retry-After is obeyed where the limit
        leaves the time. Raises TicketsUnavailable, and what `attempt` raises otherwise. A 404 is
        TicketNotFound only where the attempt is about a ticket (`of_ticket`).
        """
        if self._closed:
            raise TicketsUnavailable("shutting down", retryable=True)
        task = asyncio.ensure_future(self._repeat(attempt))
        self._under_way.add(task)
        try:
            return await asyncio.wait_for(task, self._limit)
        except asyncio.TimeoutError as error:
            reason = f"no answer in {self._limit:g} s"
            raise TicketsUnavailable(reason, retryable=True) from error
        except (NotTaken, OutcomeUnknown) as error:
            raise TicketsUnavailable(str(error), retryable=True) from error
        except TicketNotFound as error:
            if of_ticket:
                raise
            reason = "it answers 404: is TICKETS_API_URL right?"
            raise TicketsUnavailable(reason, retryable=False) from error
        except asyncio.CancelledError as error:
            # Either the caller was cancelled, or the call was.
            if self._closed:
                raise TicketsUnavailable("shutting down", retryable=True) from error
            raise
        finally:
            self._under_way.discard(task)

    async def run_once(
        self,
        look: Callable[[Session], Awaitable[T | None]],
        do: Callable[[Session], Awaitable[T]],
        *,
        again: bool = False,
        of_ticket: bool = True,
    ) -> tuple[T, bool]:
        """What `look` finds, else what `do` does; and whether it is this call that has done it.

        After a request without an answer it is looked for only, unless the system itself knows a
        request that is made `again`: it may still be at the first one.
        """
        sent = unanswered = False

        async def attempt(session: Session) -> tuple[T, bool]:
            nonlocal sent, unanswered
            found = await look(session)
            if found is not None:
                return found, sent
            if unanswered and not again:
                raise OutcomeUnknown("it did not say whether it has done it")
            sent = True
            try:
                return await do(session), True
            except OutcomeUnknown:
                unanswered = True
                raise

        return await self.run(attempt, of_ticket=of_ticket)

    def close(self) -> None:
        """Cut off whatever is under way. From any thread."""
        self._closed = True
        for task in tuple(self._under_way):
            with suppress(RuntimeError):  # its event loop has ended
                task.get_loop().call_soon_threadsafe(task.cancel)

    async def _repeat(self, attempt: Callable[[Session], Awaitable[T]]) -> T:
        # A client for each run: one that is kept belongs to the event loop that it was made in.
        async with httpx.AsyncClient(
            base_url=self._url,
            headers=self._headers,
            timeout=self._limit,
            verify=self._tls(),
        ) as client:
            session = Session(client)

            async def once() -> T:
                return await attempt(session)

            retrying = AsyncRetrying(
                stop=stop_before_delay(self._limit),
                wait=_wait,
                retry=retry_if_exception_type((NotTaken, OutcomeUnknown)),
                reraise=True,
            )
            result: T = await retrying(once)
            return result

    def _tls(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = httpx.create_ssl_context()
        return self._context


def _is_address(url: str) -> bool:
    try:
        httpx.URL(url)
        host = urlsplit(url).hostname
    except (httpx.InvalidURL, ValueError):
        return False
    return bool(host) and not any(character.isspace() for character in url)


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome is not None else None
    asked = error.retry_after if isinstance(error, NotTaken) else None
    return max(_backoff(state), asked or 0.0)


def _read(response: httpx.Response) -> Any:
    status = response.status_code
    if response.is_success:
        try:
            return response.json()
        except ValueError as error:
            raise TicketsUnavailable(
                "its answer is no JSON: is TICKETS_API_URL right?", retryable=False
            ) from error
    if status in {401, 403}:
        raise TicketsUnavailable(
            f"it refuses TICKETS_API_TOKEN, or its user may not do that ({status})",
            retryable=False,
        )
    if status == 404:
        raise TicketNotFound
    if status in {409, 429, 500, 503}:
        raise NotTaken(f"it answers {status}", _retry_after(response))
    if status > 500:
        # A proxy's answers: what is behind it may still be at work.
        raise OutcomeUnknown(f"it answers {status}")
    if status in {400, 422}:
        raise TicketRefused(f"{_reason(response)} ({status})", about_email=_about_email(response))
    raise TicketsUnavailable(f"it answers {status}: is TICKETS_API_URL right?", retryable=False)


def _retry_after(response: httpx.Response) -> float | None:
    try:
        return max(0.0, float(response.headers["Retry-After"]))
    except (KeyError, ValueError):
        return None


def _reason(response: httpx.Response) -> str:
    """What the system minds, without what was sent."""
    try:
        answer = response.json()
    except ValueError:
        return "no reason given"
    if not isinstance(answer, dict):
        return "no reason given"
    words = [answer.get(name) for name in ("error", "description")]
    details = answer.get("details")
    if isinstance(details, dict):
        words.append(", ".join(map(str, details)))
    text = ": ".join(word for word in words if isinstance(word, str) and word)
    return _SENT.sub("'…'", text)[:_LONGEST_REASON] or "no reason given"


def _about_email(response: httpx.Response) -> bool:
    return "email" in response.text.lower()
