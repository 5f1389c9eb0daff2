"""Signs who is signed in on your site, as a JWT. Runs on your site's server, never in a page."""

from __future__ import annotations

import time

import jwt  # PyJWT


def identity_token(secret: str, user_id: str, name: str, email: str) -> str:
    """A token for `data-identity`. `secret` is the gateway's IDENTITY_SECRET."""
    claims = {
        "sub": user_id,  # your own name for the user, which never changes and is never given anew
        "exp": int(time.time()) + 3600,
        "name": name,
        "email": email,
    }
    return jwt.encode(claims, secret, algorithm="HS256")
