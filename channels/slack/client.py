"""Slack's Web API client, and who the bot is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from urllib.request import proxy_bypass

import aiohttp
from slack_sdk.errors import SlackApiError, SlackRequestError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.errors import DeliveryError, DeliveryRefused
from channels.slack.errors import is_refusal, platform_errors

_TIMEOUT = aiohttp.ClientTimeout(total=20.0, connect=5.0, sock_read=15.0)
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True)
class Account:
    """The app in its workspace. `url` is the workspace's address, `app_id` is known only where the
    app may read users. `scopes` are what its token may do.
    """

    team_id: str
    team: str
    url: str
    user_id: str
    bot_id: str | None
    user: str
    scopes: frozenset[str]
    app_id: str | None = None


@dataclass(frozen=True)
class User:
    """Somebody in the workspace. `email` is known only where the app may read addresses."""

    id: str
    name: str | None
    email: str | None
    locale: str | None


class Client:
    """One app's way to Slack: connections are kept, nothing is tried twice by itself.

    `api_url` is the base that methods are appended to, such as `https://slack.com/api/`.
    Nothing is opened before the first call.
    """

    def __init__(self, token: str, api_url: str) -> None:
        self._token = token
        self._api_url = api_url
        self._web: AsyncWebClient | None = None
        self._session: aiohttp.ClientSession | None = None
        self._account: Account | None = None

    async def call(self, method: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """The answer's JSON. Raises what `platform_errors` turns into a DeliveryError."""
        return _data(await self._ask(method, json=dict(arguments)))

    async def query(self, method: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """As `call`, for the methods that read: they take no JSON."""
        return _data(await self._ask(method, http_verb="GET", params=dict(arguments)))

    async def account(self) -> Account:
        """Asked once, then remembered. Raises DeliveryError's subclasses."""
        if self._account is None:
            self._account = await self.ask_account()
        return self._account

    async def ask_account(self) -> Account:
        """Who the token belongs to, asked now. Raises DeliveryError's subclasses."""
        with platform_errors():
            response = await self._ask("auth.test")
        data = _data(response)
        headers = {name.lower(): value for name, value in response.headers.items()}
        scopes = frozenset(
            scope.strip() for scope in headers.get("x-oauth-scopes", "").split(",") if scope.strip()
        )
        account = Account(
            team_id=str(data.get("team_id") or data.get("enterprise_id") or ""),
            team=str(data.get("team", "")),
            url=str(data.get("url", "")),
            user_id=str(data.get("user_id", "")),
            bot_id=data.get("bot_id"),
            user=str(data.get("user", "")),
            scopes=scopes,
        )
        return Account(**{**account.__dict__, "app_id": await self._app_id(account)})

    async def locale(self, user: str) -> str | None:
        """The language that a user has set, such as `nb-NO`; None where the app may not know it.

        Raises DeliveryError's subclasses.
        """
        found = await self.user(user)
        return None if found is None else found.locale

    async def user(self, user: str) -> User | None:
        """Who that is; None where the app may not know it. Raises DeliveryError's subclasses."""
        data = await self._query_if_allowed("users.info", {"user": user, "include_locale": "true"})
        found = data.get("user")
        if not isinstance(found, dict):
            return None
        given = found.get("profile")
        profile: Mapping[str, Any] = given if isinstance(given, dict) else {}
        names = (
            profile.get("display_name"),
            profile.get("real_name"),
            found.get("real_name"),
            found.get("name"),
        )
        return User(
            id=user,
            name=next(filter(None, map(_words, names)), None),
            email=_words(profile.get("email")),
            locale=_words(found.get("locale")),
        )

    async def user_with_email(self, email: str) -> str | None:
        """The id of the user with that address; None where there is none, or the app may not know.

        Raises DeliveryError's subclasses.
        """
        data = await self._query_if_allowed("users.lookupByEmail", {"email": email})
        return _words(data.get("user", {}).get("id"))

    async def tell(self, channel: str, user: str, text: str, thread: str | None = None) -> None:
        """Tell one member of a channel something that nobody else sees, in a thread of it if given.

        It may be lost. Raises DeliveryError's subclasses.
        """
        arguments = {"channel": channel, "user": user, "text": text}
        with platform_errors():
            await self.call(
                "chat.postEphemeral",
                arguments if thread is None else {**arguments, "thread_ts": thread},
            )

    async def channel(self, channel: str) -> Mapping[str, Any]:
        """What Slack tells of a channel. Raises DeliveryError's subclasses."""
        with platform_errors():
            data = await self.query("conversations.info", {"channel": channel})
        found = data.get("channel")
        return found if isinstance(found, dict) else {}

    async def publish_home(self, user: str, view: Mapping[str, Any]) -> None:
        """Show somebody the App Home. Raises DeliveryError's subclasses."""
        with platform_errors():
            await self.call("views.publish", {"user_id": user, "view": dict(view)})

    async def respond(self, response_url: str, body: Mapping[str, Any]) -> None:
        """Answer a press at the address that came with it. Raises DeliveryError's subclasses.

        An address that is not Slack's is left alone.
        """
        if not self._is_slacks(response_url):
            return
        with platform_errors():
            self._client()
            webhook = AsyncWebhookClient(response_url, session=self._session, retry_handlers=[])
            if _is_direct(response_url):
                webhook.proxy = None
            answer = await webhook.send_dict(dict(body))
        if answer.status_code != 200:
            raise DeliveryRefused(
                f"Slack refuses a change: {answer.status_code} {answer.body[:200]}"
            )

    def _is_slacks(self, url: str) -> bool:
        there, own = urlsplit(url), urlsplit(self._api_url)
        if (there.scheme, there.netloc) == (own.scheme, own.netloc):
            return True
        host = there.hostname or ""
        return there.scheme == "https" and host.endswith((".slack.com", ".slack-gov.com"))

    async def close(self) -> None:
        """Close the connections. May be called twice."""
        if self._session is not None:
            await self._session.close()
        self._session = self._web = None

    async def _app_id(self, account: Account) -> str | None:
        # The deep link to the app names it, and only bots.info tells; a plain link does without.
        if account.bot_id is None or "users:read" not in account.scopes:
            return None
        data = await self._query_if_allowed("bots.info", {"bot": account.bot_id})
        found = data.get("bot", {}).get("app_id")
        return found if isinstance(found, str) else None

    async def _query_if_allowed(
        self, method: str, arguments: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """The answer's JSON, empty where Slack refuses. Raises DeliveryError's subclasses."""
        try:
            with platform_errors():
                return await self.query(method, arguments)
        except DeliveryError as error:
            cause = error.__cause__
            if isinstance(cause, SlackApiError) and is_refusal(cause):
                return {}
            raise

    async def _ask(self, method: str, **arguments: Any) -> AsyncSlackResponse:
        try:
            return await self._client().api_call(method, **arguments)
        except AttributeError as error:
            # What the library comes to where a 200 holds words in place of JSON.
            raise SlackRequestError(f"{method} was not answered with JSON") from error

    def _client(self) -> AsyncWebClient:
        # A session belongs to the event loop that it was made in.
        if self._web is None or self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(timeout=_TIMEOUT)
            self._web = AsyncWebClient(
                token=self._token, base_url=self._api_url, session=self._session, retry_handlers=[]
            )
            if _is_direct(self._api_url):
                self._web.proxy = None
        return self._web


def _words(value: Any) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def _data(response: AsyncSlackResponse) -> Mapping[str, Any]:
    return response.data if isinstance(response.data, dict) else {}


def _is_direct(url: str) -> bool:
    """The library takes HTTPS_PROXY for every address and knows no NO_PROXY."""
    host = urlsplit(url).hostname or ""
    return host in _LOOPBACK or bool(proxy_bypass(host))
