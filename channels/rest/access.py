"""Who may use the REST channel. Pure."""

from __future__ import annotations

import functools
import hmac
import ipaddress
from collections.abc import Mapping

from bot.errors import InvalidMessage

# Behind a proxy on the same machine everybody seems to come from the loopback address.
_PROXY_HEADERS = (
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
)


def check_token(authorization: str | None, token: str) -> None:
    """Raises InvalidMessage (401) unless the header is `Bearer <token>`; takes constant time."""
    scheme, _, given = (authorization or "").partition(" ")
    # latin-1 gives back the bytes that were sent, whatever they are.
    matches = hmac.compare_digest(given.strip().encode("latin-1"), token.encode("utf-8"))
    if scheme.lower() != "bearer" or not matches:
        raise InvalidMessage(
            "unauthorized", "Send the header Authorization: Bearer <REST_TOKEN>.", 401
        )


def check_local(peer: str, headers: Mapping[str, str]) -> None:
    """Raises InvalidMessage (403) unless a program on this machine asks, and asks directly.

    `peer` is the client's address, or `unix` for a unix socket. The Host header is checked too:
    a web page whose name was made to point at 127.0.0.1 can send requests, but not hide it.
    """
    direct = not any(name in headers for name in _PROXY_HEADERS)
    if not (
        direct
        and (peer == "unix" or _is_loopback(peer))
        and _names_this_machine(headers.get("host"))
    ):
        raise InvalidMessage(
            "forbidden",
            "Without REST_TOKEN only programs on this machine are answered, and only directly."
            " Set REST_TOKEN to let others in.",
            403,
        )


@functools.lru_cache(maxsize=1_024)
def _is_loopback(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def _names_this_machine(host_header: str | None) -> bool:
    if not host_header:
        return True
    name = host_header.lower()
    name = name[1:].partition("]")[0] if name.startswith("[") else name.partition(":")[0]
    return name == "localhost" or name.endswith(".localhost") or _is_loopback(name)
