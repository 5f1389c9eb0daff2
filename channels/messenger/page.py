"""Which page the token belongs to, and the way there."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import structlog
from tenacity import AsyncRetrying, retry_if_exception_type, wait_random_exponential

from bot.errors import DeliveryDelayed, DeliveryError
from bot.model.people import LinkCode
from bot.ports import LinkOffer, LinkTarget
from channels.messenger.graph import GraphApi
from channels.messenger.values import text_of

_TITLE = "Messenger"

logger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Page:
    """A page as the Graph API names it; `username` only where it has one."""

    id: str
    name: str
    username: str | None = None


class OwnPage:
    """The token's page, asked for once. `known` is None until then."""

    def __init__(self, api: GraphApi) -> None:
        self._api = api
        self._asking = asyncio.Lock()
        self.known: Page | None = None

    async def get(self) -> Page:
        """The page. Raises DeliveryError's subclasses."""
        async with self._asking:
            if self.known is None:
                self.known = _page(await self._api.get("me", fields="id,name,username"))
            return self.known

    async def find_out(self) -> None:
        """Ask until there is an answer; to be run in the background of whoever needs `known`."""
        async for attempt in AsyncRetrying(
            retry=retry_if_exception_type(DeliveryError),
            wait=wait_random_exponential(multiplier=1.0, max=60.0),
            before_sleep=lambda state: logger.warning(
                "messenger_page_unknown", error=str(state.outcome and state.outcome.exception())
            ),
        ):
            with attempt:
                page = await self.get()
                logger.info("messenger_page", page_id=page.id, page=page.name)


class MessengerLinks(LinkTarget):
    """Conversations can go on in Messenger: `https://m.me/<page>?ref=<code>`."""

    name = "messenger"
    title = _TITLE

    def __init__(self, page: OwnPage) -> None:
        self._page = page

    async def offer(self, code: LinkCode) -> LinkOffer:
        """See the port."""
        try:
            page = await self._page.get()
        except DeliveryDelayed:
            raise
        except DeliveryError as error:
            raise DeliveryDelayed(f"Messenger does not say which page it is: {error}") from error
        address = quote(page.username or page.id, safe="")
        return LinkOffer(f"https://m.me/{address}?ref={quote(code.code, safe='')}")


def _page(data: Any) -> Page:
    identifier = text_of(data.get("id"))
    if not identifier:
        raise DeliveryDelayed("the Graph API names no page: is MESSENGER_PAGE_TOKEN a page's?")
    username = text_of(data.get("username")) or None
    return Page(identifier, text_of(data.get("name")) or identifier, username)
