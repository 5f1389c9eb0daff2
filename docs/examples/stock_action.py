"""Is it in stock? An action that asks a business system over HTTP."""

from __future__ import annotations

import asyncio
import logging
from typing import Any
from urllib.parse import quote

import httpx
from pydantic import BaseSettings
from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict

from bot.errors import BusinessSystemUnavailable

logger = logging.getLogger(__name__)

# Of more pieces than these our sales people speak with the customer themselves.
_MOST_PIECES = 20


class StockSettings(BaseSettings):
    """STOCK_API_URL and STOCK_TIMEOUT (seconds), from the environment or `.env`."""

    stock_api_url: str = "http://127.0.0.1:8080"
    stock_timeout: float = 2.0

    class Config:
        env_file = ".env"


class StockClient:
    """The stock system. Raises BusinessSystemUnavailable, within `limit` seconds."""

    def __init__(self, url: str, limit: float) -> None:
        self._url = url
        self._limit = limit

    async def pieces(self, product: str) -> int:
        """How many pieces of the product are left."""
        try:
            return await asyncio.wait_for(self._ask(product), self._limit)
        except (httpx.HTTPError, asyncio.TimeoutError, KeyError, ValueError) as error:
            raise BusinessSystemUnavailable("the stock system", type(error).__name__) from error

    async def _ask(self, product: str) -> int:
        async with httpx.AsyncClient(base_url=self._url) as client:
            reply = await client.get(f"/stock/{quote(product, safe='')}")
            reply.raise_for_status()
            return int(reply.json()["pieces"])


class ActionStock(Action):
    """Says whether the product in the slot `product` is in stock."""

    def name(self) -> str:
        return "action_stock"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        product: Any = tracker.get_slot("product")
        settings = StockSettings()
        try:
            pieces = await StockClient(settings.stock_api_url, settings.stock_timeout).pieces(
                product
            )
        except BusinessSystemUnavailable as error:
            logger.warning("action_stock could not answer: %s", error)
            dispatcher.utter_message(response="utter_stock_unavailable")
        else:
            response = "utter_stock_some" if pieces else "utter_stock_none"
            dispatcher.utter_message(response=response, product=product, pieces=pieces)
        return []


class ActionReserve(Action):
    """Tells how to order the `pieces` of the `product`; very many are a matter for a person."""

    def name(self) -> str:
        return "action_reserve"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        product, pieces = tracker.get_slot("product"), float(tracker.get_slot("pieces") or 1)
        if pieces <= _MOST_PIECES:
            dispatcher.utter_message(response="utter_reserve_online", product=product)
            return []
        dispatcher.utter_message(response="utter_reserve_person")
        handoff = {
            "reason": "action_asked",
            "topic": "company_sales",
            "note": f"{pieces:g} x {product}",
        }
        dispatcher.utter_message(json_message={"handoff": handoff})
        return []
