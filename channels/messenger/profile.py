"""How the page presents itself in Messenger, and which events it wants to hear. Pure.

Source: Meta, "Messenger Profile API" (greeting up to 160 characters; menu up to 20 items of up to
30 characters) and "Page Subscribed Apps".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from channels.messenger.parse import GET_STARTED
from channels.reception import UNLINKED

# What the webhook makes use of. Without the first two, customers get no answers; without the
# others, deep links, knowledge of what was delivered, or receipts are missing.
FIELDS = (
    "messages",
    "messaging_postbacks",
    "messaging_referrals",
    "messaging_optins",
    "message_echoes",
    "message_deliveries",
    "message_reads",
)
NEEDED_FIELDS = FIELDS[:2]
# What a profile is asked for.
PARTS = ("get_started", "greeting", "persistent_menu")

_GREETINGS = {
    "default": "Hello! Ask about an order, a delivery, a return or an invoice.",
    "nb_NO": "Hei! Spør om en bestilling, levering, retur eller faktura.",
}
_MENUS = {
    "default": (
        ("Where is my order?", "/order_status"),
        ("Talk to a person", "/talk_to_human"),
        ("Disconnect from other chats", UNLINKED),
    ),
    "nb_NO": (
        ("Hvor er pakken min?", "/order_status"),
        ("Snakk med et menneske", "/talk_to_human"),
        ("Koble fra andre samtaler", UNLINKED),
    ),
}


def profile() -> Mapping[str, Any]:
    """What `me/messenger_profile` is set to: English, and Norwegian for who has that."""
    return {
        "get_started": {"payload": GET_STARTED},
        "greeting": [{"locale": locale, "text": words} for locale, words in _GREETINGS.items()],
        "persistent_menu": [
            {
                "locale": locale,
                "composer_input_disabled": False,
                "call_to_actions": [
                    {"type": "postback", "title": title, "payload": payload}
                    for title, payload in items
                ],
            }
            for locale, items in _MENUS.items()
        ],
    }


def profile_gaps(answer: Mapping[str, Any]) -> Sequence[str]:
    """Which of PARTS the page has not set at all, by the Graph API's answer for them.

    A page may have words and a menu of its own.
    """
    data = answer.get("data")
    found = data[0] if isinstance(data, list) and data and isinstance(data[0], dict) else {}
    return [name for name in PARTS if not found.get(name)]


def missing_fields(answer: Mapping[str, Any]) -> Sequence[str]:
    """Which of FIELDS no app is subscribed to, by the answer of `me/subscribed_apps`."""
    apps = answer.get("data")
    subscribed: set[str] = set()
    for app in apps if isinstance(apps, list) else []:
        fields = app.get("subscribed_fields") if isinstance(app, dict) else None
        subscribed |= {str(name) for name in fields} if isinstance(fields, list) else set()
    return [name for name in FIELDS if name not in subscribed]
