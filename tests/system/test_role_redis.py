"""Roles that are run apart find one Redis, whoever starts first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from bot.app.role_redis import role_redis
from bot.errors import StorageUnavailable
from bot.pipeline.embedded_server import EmbeddedServer, is_serving
from bot.pipeline.redis_streams.client import connect
from bot.settings import load_settings


async def test_the_first_role_starts_it_the_second_shares_it_and_the_owner_ends_it(
    tmp_path: Path, started: Callable[[], list[psutil.Process]]
) -> None:
    settings = load_settings(var_dir=tmp_path)
    async with role_redis(settings) as first:
        async with role_redis(settings) as second:
            assert first.redis_url == second.redis_url
            assert second.redis_url is not None
            client = connect(second.redis_url)
            await client.set("key", "value")
            await client.close(close_connection_pool=True)
        assert first.redis_url is not None
        assert await is_serving(first.redis_url), "who shares it does not end it"
    assert not await is_serving(first.redis_url)
    assert started() == []

    async with role_redis(settings) as again:
        assert again.redis_url is not None
        client = connect(again.redis_url)
        assert await client.get("key") == b"value"
        await client.close(close_connection_pool=True)


async def test_a_given_redis_is_used_and_none_is_started(tmp_path: Path, redis_url: str) -> None:
    settings = load_settings(var_dir=tmp_path, redis_url=redis_url)
    async with role_redis(settings) as with_redis:
        assert with_redis.redis_url == redis_url
    assert list(tmp_path.iterdir()) == []


async def test_an_owner_whose_server_does_not_answer_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.app.role_redis._OWNER_SECONDS", 0.3)
    owner = EmbeddedServer(tmp_path)
    owner.acquire()
    try:
        with pytest.raises(StorageUnavailable, match=r"process \d+ runs the embedded Redis"):
            async with role_redis(load_settings(var_dir=tmp_path)):
                raise AssertionError("there is nothing to use")
    finally:
        owner.release()
