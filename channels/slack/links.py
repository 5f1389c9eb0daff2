"""Slack as a place where a conversation begun elsewhere goes on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from bot.errors import DeliveryDelayed, DeliveryError
from bot.model.people import LinkCode
from bot.ports import LinkOffer, LinkTarget
from channels.slack.address import CHANNEL
from channels.slack.client import Account, Client

# The characters of the codes that are typed by hand, and about as many: no word looks like one, and
# hardly a parcel's number.
_CODE = re.compile(r"[CDFHJ-NP-RTV-Y34679]{14,64}", re.ASCII)
_LINK = re.compile(r"(?:link|connect|koble til|koble)\s+(\S.*)", re.IGNORECASE)
_UNLINK = re.compile(r"(?:unlink|disconnect|koble fra)[.!]?", re.IGNORECASE)


@dataclass(frozen=True)
class LinkWish:
    """What somebody wants with links; `code` where they want in somewhere."""

    kind: Literal["link", "unlink"]
    code: str = ""


def code_alone(text: str) -> LinkWish | None:
    """A message that is a one-time code, or the word `link` and one."""
    named = _LINK.fullmatch(text.strip())
    words = named[1] if named is not None else text
    return LinkWish("link", words.strip()) if _is_code(words) else None


def command_wish(text: str) -> LinkWish | None:
    """As `code_alone` for a command's words, which may also be `unlink`, or `link` and anything."""
    if _UNLINK.fullmatch(text.strip()):
        return LinkWish("unlink")
    named = _LINK.fullmatch(text.strip())
    if named is not None and " " not in named[1].strip():
        return LinkWish("link", named[1].strip())
    return code_alone(text)


class SlackLinks(LinkTarget):
    """Opens the direct messages with the app; the code is sent there by hand."""

    name = CHANNEL
    title = "Slack"

    def __init__(self, client: Client) -> None:
        self._client = client

    async def offer(self, code: LinkCode) -> LinkOffer:
        try:
            account = await self._client.account()
        except DeliveryDelayed:
            raise
        except DeliveryError as error:
            raise DeliveryDelayed(str(error)) from error
        return LinkOffer(direct_messages(account), code.grouped)


def direct_messages(account: Account) -> str:
    """Where the direct messages with the app are:
    https://docs.slack.dev/interactivity/deep-linking/
    """
    if account.app_id is not None:
        return f"https://slack.com/app_redirect?app={account.app_id}&team={account.team_id}"
    return f"slack://user?team={account.team_id}&id={account.user_id}"


def _is_code(text: str) -> bool:
    found = re.sub(r"[\s\-–—]", "", text).upper()
    return bool(_CODE.fullmatch(found)) and not found.isdecimal()
