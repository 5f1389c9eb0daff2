"""The Graph API, by httpx. Its errors stop here, as DeliveryErrors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from bot.errors import DeliveryDelayed, DeliveryUnknown
from channels.messenger.access import secret_proof
from channels.messenger.errors import connection_error, delivery_error, read_fault


class GraphApi:
    """Calls with one page's token.

    `api_url` such as `https://graph.facebook.com/v25.0`. The token travels in a header and never
    in an address, since addresses are logged. `timeout` in seconds, for each step of a call.
    """

    def __init__(
        self, *, api_url: str, page_token: str, app_secret: str, timeout: float = 10.0
    ) -> None:
        self._proof = secret_proof(page_token, app_secret)
        self._client = httpx.AsyncClient(
            base_url=f"{api_url.rstrip('/')}/",
            headers={"Authorization": f"Bearer {page_token}", "User-Agent": "flerkanal"},
            timeout=httpx.Timeout(timeout, connect=min(timeout, 5.0)),
            follow_redirects=False,
        )

    async def get(self, path: str, **fields: str) -> Mapping[str, Any]:
        """Read an object. Raises DeliveryError's subclasses."""
        return self._object(await self._call("GET", path, fields))

    async def get_if_allowed(self, path: str, **fields: str) -> Mapping[str, Any] | None:
        """As `get`; None where the token may not read it, whatever else it may."""
        response = await self._call("GET", path, fields)
        fault = read_fault(response)
        if fault is not None and fault.is_denied:
            return None
        return self._object(response)

    async def post(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Make something of an object. Raises DeliveryError's subclasses.

        DeliveryUnknown: the platform may have taken it.
        """
        return self._object(await self._call("POST", path, {}, body))

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _call(
        self,
        verb: str,
        path: str,
        fields: Mapping[str, str],
        body: Mapping[str, Any] | None = None,
    ) -> httpx.Response:
        proof = {"appsecret_proof": self._proof}
        try:
            if body is None:
                return await self._client.request(verb, path, params={**fields, **proof})
            return await self._client.request(verb, path, json={**body, **proof})
        except httpx.HTTPError as error:
            raise connection_error(error) from error
        except httpx.InvalidURL as error:
            raise DeliveryDelayed(f"MESSENGER_API_URL can't be called: {error}") from error

    def _object(self, response: httpx.Response) -> Mapping[str, Any]:
        fault = read_fault(response)
        if fault is not None:
            raise delivery_error(fault)
        try:
            data = response.json()
        except ValueError as error:
            raise DeliveryUnknown("the Graph API's answer is not JSON") from error
        if not isinstance(data, dict):
            raise DeliveryUnknown("the Graph API's answer is not a JSON object")
        return data
