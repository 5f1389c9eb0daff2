"""Taking the port, and what ends the serving."""

from __future__ import annotations

import asyncio
import contextlib
import socket

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from bot.app.gateway import Address, Gateway, bind, serve_gateway
from bot.errors import SettingsError, StorageUnavailable


def gateway(*background: object, resources: contextlib.AsyncExitStack | None = None) -> Gateway:
    app = Starlette(routes=[Route("/", lambda _: PlainTextResponse("hi"))])
    return Gateway(app, background, resources or contextlib.AsyncExitStack())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("address", "url"),
    [
        (Address("127.0.0.1", 8000), "http://127.0.0.1:8000"),
        (Address("0.0.0.0", 80), "http://127.0.0.1:80"),
        (Address("::", 80), "http://[::1]:80"),
        (Address("chat.example", 80), "http://chat.example:80"),
    ],
)
def test_where_to_look(address: Address, url: str) -> None:
    assert address.url == url


def test_a_port_that_is_taken() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(SettingsError, match=f"PORT: {port} .*taken"):
            bind("127.0.0.1", port)


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid", "a" * 300, "a..b"])
def test_a_host_that_is_not_this_machine(host: str) -> None:
    with pytest.raises(SettingsError, match="HOST"):
        bind(host, 0)


def test_all_addresses_of_a_name_share_one_port() -> None:
    sockets = bind("localhost", 0)
    try:
        assert len({listening.getsockname()[1] for listening in sockets}) == 1
        assert sockets[0].getsockname()[1] > 0
    finally:
        for listening in sockets:
            listening.close()


async def test_serving_until_told_to_stop() -> None:
    stop, ready = asyncio.Event(), asyncio.Queue[Address]()
    closed: list[str] = []
    resources = contextlib.AsyncExitStack()
    resources.callback(closed.append, "resources")
    serving = asyncio.create_task(
        serve_gateway(
            gateway(resources=resources), "127.0.0.1", 0, stop=stop, on_ready=ready.put_nowait
        )
    )
    address = await asyncio.wait_for(ready.get(), 10)
    async with httpx.AsyncClient(trust_env=False) as client:
        response = await client.get(address.url)
        assert response.text == "hi"
        assert "server" not in response.headers
    assert closed == []
    stop.set()
    await asyncio.wait_for(serving, 10)
    assert closed == ["resources"]
    # The port is free again.
    for listening in bind("127.0.0.1", address.port):
        listening.close()


async def test_a_background_task_that_fails_ends_it() -> None:
    async def fails() -> None:
        await asyncio.sleep(0.05)
        raise StorageUnavailable("for good")

    with pytest.raises(StorageUnavailable, match="for good"):
        await asyncio.wait_for(
            serve_gateway(gateway(fails), "127.0.0.1", 0, stop=asyncio.Event()), 10
        )


async def test_background_tasks_end_with_it() -> None:
    ended = asyncio.Event()

    async def runs() -> None:
        try:
            await asyncio.sleep(30)
        finally:
            ended.set()

    stop = asyncio.Event()
    await asyncio.wait_for(
        serve_gateway(gateway(runs), "127.0.0.1", 0, stop=stop, on_ready=lambda _: stop.set()),
        10,
    )
    assert ended.is_set()
