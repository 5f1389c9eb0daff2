"""Signs who is signed in on your site, with nothing but the standard library. On the server only."""

from __future__ import annotations

import hashlib
import hmac


def identity_token(secret: str, user_id: str) -> str:
    """A token for `data-identity`. `secret` is the gateway's IDENTITY_SECRET."""
    signed = f"flerkanal:{user_id}".encode()
    signature = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return f"{user_id}:{signature}"
