"""To the customer: what a message looks like in SMS, and the calls that send it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

import httpx

from bot.errors import DeliveryDelayed, DeliveryRefused, DeliveryUnknown, RecipientGone
from bot.model.content import Text
from bot.model.messages import Outbound
from bot.ports import Call, PushChannel, Rate, delivery_key
from channels.rendering.abilities import Abilities
from channels.rendering.degrade import simplify
from channels.rendering.markup import plain
from channels.rendering.signing import signed
from docs.examples.sms.parse import CHANNEL

# Words and nothing else: choices become a numbered list, links are written out.
ABILITIES = Abilities(kinds=frozenset({"text"}), text=480)


class SmsDelivery(PushChannel):
    """The SMS gateway's API. `api_url` ends in a slash; `timeout` is in seconds."""

    name = CHANNEL

    def __init__(self, *, api_url: str, token: str, timeout: float = 10.0) -> None:
        self._client = httpx.AsyncClient(
            base_url=api_url, headers={"Authorization": f"Bearer {token}"}, timeout=timeout
        )

    def calls(self, message: Outbound) -> Sequence[Call]:
        """One call for each SMS. See the port."""
        return [
            Call("messages", {"to": message.recipient, "text": plain(content.text)})
            for content in simplify(signed(message), ABILITIES, message.language)
            if isinstance(content, Text)
        ]

    def rates(self, message: Outbound, call: Call) -> Sequence[Rate]:
        """One a second to a number, ten a second in all."""
        return [Rate(f"sms:{message.recipient}", 1, 1.0), Rate("sms", 10, 1.0)]

    async def make(self, message: Outbound, number: int, call: Call) -> str | None:
        """The gateway takes a reference once: a second call with the same one sends nothing."""
        body = {**call.arguments, "reference": delivery_key(message, number)}
        with _connection_errors():
            response = await self._client.post(call.method, json=body)
        if response.status_code != 409:
            _check(response)
        return str(response.json()["id"])

    async def was_made(self, message: Outbound, number: int, call: Call) -> bool | None:
        """Asks by the reference. See the port."""
        reference = delivery_key(message, number)
        with _connection_errors():
            response = await self._client.get(call.method, params={"reference": reference})
        _check(response)
        return bool(response.json()["messages"])

    async def close(self) -> None:
        """See the port."""
        await self._client.aclose()


@contextlib.contextmanager
def _connection_errors() -> Iterator[None]:
    """What httpx raises, in the port's words: did the request leave, or did it not?"""
    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        raise DeliveryDelayed(f"no connection: {type(error).__name__}") from error
    except httpx.TransportError as error:
        raise DeliveryUnknown(f"no answer: {type(error).__name__}") from error


def _check(response: httpx.Response) -> None:
    """What the gateway answers, in the port's words."""
    if response.is_success:
        return
    problem = f"the SMS gateway answers {response.status_code}"
    if response.status_code == 410:
        raise RecipientGone(f"{problem}: the number wants no messages")
    if response.status_code == 429:
        raise DeliveryDelayed(problem, float(response.headers.get("Retry-After", 1)))
    # A wrong token is the operator's mistake: the customer's answer waits until it is mended.
    if response.status_code in {401, 403} or response.is_server_error:
        raise DeliveryDelayed(problem)
    raise DeliveryRefused(problem)
