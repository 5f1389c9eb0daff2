"""Whether a request comes from the platform. Pure, and in constant time.

Source: Meta, "Messenger Platform: Webhooks" (verification requests, validating payloads).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping

from bot.errors import InvalidMessage

_SCHEME = "sha256="
_CHALLENGE = re.compile(r"[A-Za-z0-9_.~-]{1,256}")


def sign(body: bytes, app_secret: str) -> str:
    """The value of X-Hub-Signature-256 for a body."""
    digest = hmac.new(app_secret.encode("utf-8"), body, hashlib.sha256).hexdigest()
    return f"{_SCHEME}{digest}"


def check_signature(body: bytes, signature: str | None, app_secret: str) -> None:
    """Raises InvalidMessage (403) unless `signature` is X-Hub-Signature-256 of the raw body."""
    # latin-1 gives back the bytes that were sent, whatever they are.
    given = (signature or "").encode("latin-1", "replace")
    if not hmac.compare_digest(given, sign(body, app_secret).encode("ascii")):
        raise InvalidMessage(
            "bad_signature",
            "The header X-Hub-Signature-256 is missing or does not fit the body."
            " If this is your own app, MESSENGER_APP_SECRET is not its app secret.",
            403,
        )


def challenge(query: Mapping[str, str], verify_token: str) -> str:
    """What to answer the platform's handshake with. Raises InvalidMessage (403, 400)."""
    given = query.get("hub.verify_token", "").encode("utf-8", "surrogatepass")
    matches = hmac.compare_digest(given, verify_token.encode("utf-8"))
    if query.get("hub.mode") != "subscribe" or not matches:
        raise InvalidMessage(
            "bad_verify_token",
            "This address is for Messenger's webhook. hub.verify_token must be the value of"
            " MESSENGER_VERIFY_TOKEN, hub.mode must be subscribe.",
            403,
        )
    answer = query.get("hub.challenge", "")
    # It is sent back as it came: nothing that a browser could take for more than a word.
    if not _CHALLENGE.fullmatch(answer):
        raise InvalidMessage(
            "bad_challenge", "hub.challenge must be 1 to 256 letters, digits or . _ ~ -"
        )
    return answer


def secret_proof(token: str, app_secret: str) -> str:
    """`appsecret_proof`: shows the Graph API that a token's bearer knows the app's secret."""
    return hmac.new(app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()
