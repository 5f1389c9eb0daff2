"""Updates fetched by long polling."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from telegram import Update

from bot.errors import InvalidMessage, StorageUnavailable
from bot.model.content import Text
from bot.tasks import cancel
from channels.telegram import polling
from channels.telegram.client import Client
from channels.telegram.polling import Poller, TakesUpdates
from tests.gateway import running_gateway
from tests.recording.server import Fault, in_turn, serve
from tests.recording.telegram import RecordingTelegram
from tests.telegram_gateway import payload, telegram_gateway


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "_backoff", lambda _: 0.05)


async def until(holds: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came about"
        await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def polling_for(
    platform: RecordingTelegram, takes: TakesUpdates, wait_seconds: int = 10
) -> AsyncIterator[None]:
    client = Client(platform.token, platform.api_url)
    task = asyncio.create_task(Poller(client, takes, wait_seconds).run())
    try:
        yield
    finally:
        began = time.monotonic()
        await cancel([task])
        assert time.monotonic() - began < 5.0
        await client.close()


class Taking:
    """Notes what it takes; `troubles` are raised before, one after the other."""

    def __init__(self, *troubles: Exception | None) -> None:
        self.taken: list[int] = []
        self._troubles = list(troubles)

    async def take(self, update: Update) -> None:
        trouble = self._troubles.pop(0) if self._troubles else None
        if trouble is not None:
            raise trouble
        self.taken.append(update.update_id)


async def test_updates_are_taken_in_order_and_then_confirmed(
    redis_url: str, tmp_path: Path
) -> None:
    platform = RecordingTelegram(updates=[payload("text"), payload("help"), payload("photo")])
    async with (
        serve(platform),
        telegram_gateway(platform, redis_url, tmp_path) as gateway,
        polling_for(platform, gateway.channel),
    ):
        await until(lambda: not platform.updates)
        first, second = (await gateway.said())[:2]
        assert (first, second) == (Text("Hvor er pakken min? 📦"), Text("/help"))
        assert await gateway.waiting() == 3
        platform.updates.append({**payload("text"), "update_id": 873_000_100})
        await until(lambda: not platform.updates)
        assert await gateway.waiting() == 4


async def test_what_was_not_taken_is_not_confirmed() -> None:
    platform = RecordingTelegram(updates=[payload("text"), payload("help")])
    taking = Taking(None, StorageUnavailable("away"), StorageUnavailable("away"))
    async with serve(platform), polling_for(platform, taking):
        await until(lambda: not platform.updates)
    assert taking.taken == [873_000_001, 873_000_005]
    offsets = [call.arguments.get("offset") for call in platform.calls("getUpdates")]
    assert offsets[:3] == [None, 873_000_002, 873_000_002]


async def test_one_that_can_not_be_understood_holds_up_no_other() -> None:
    platform = RecordingTelegram(updates=[payload("text"), payload("help")])
    taking = Taking(InvalidMessage("not_an_update", "no"))
    async with serve(platform), polling_for(platform, taking):
        await until(lambda: not platform.updates)
    assert taking.taken == [873_000_005]


async def test_one_that_the_library_can_not_read_holds_up_no_other(
    redis_url: str, tmp_path: Path
) -> None:
    broken = {**payload("text"), "update_id": 873_000_001, "message": {"date": "tomorrow"}}
    platform = RecordingTelegram(updates=[broken, payload("help")])
    async with (
        serve(platform),
        telegram_gateway(platform, redis_url, tmp_path) as gateway,
        polling_for(platform, gateway.channel),
    ):
        await until(lambda: not platform.updates)
        assert await gateway.said() == [Text("/help")]


async def test_faults_of_the_platform_are_waited_out() -> None:
    platform = RecordingTelegram(updates=[payload("text")])
    platform.faults = in_turn(
        Fault("error"), Fault("cut"), Fault("refused"), Fault("busy", retry_after=1)
    )
    taking = Taking()
    async with serve(platform), polling_for(platform, taking):
        await until(lambda: not platform.updates)
    # The one that was cut off came again; the inbox would know it by its id.
    assert taking.taken == [873_000_001]
    busy, after = platform.received[3:5]
    assert after.at - busy.at >= 1.0


async def test_a_webhook_in_the_way_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    platform = RecordingTelegram(updates=[payload("text")])
    platform.webhook = {"url": "https://bot.nordlys.example/webhooks/telegram/webhook"}
    taking = Taking()
    async with serve(platform), polling_for(platform, taking):
        await until(lambda: len(platform.received) > 1)
        assert taking.taken == []
        platform.webhook = {}
        await until(lambda: not platform.updates)
    assert "flerkanal telegram delete-webhook" in capsys.readouterr().out


async def test_two_that_poll_are_told_of_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    platform = RecordingTelegram()
    async with serve(platform), polling_for(platform, Taking()), polling_for(platform, Taking()):
        await until(lambda: any(call.status == 409 for call in platform.received))
    assert "stop the other process" in capsys.readouterr().out


async def test_the_gateway_polls_where_it_is_told_to(redis_url: str, tmp_path: Path) -> None:
    platform = RecordingTelegram(updates=[payload("text"), payload("group_mention")])
    async with serve(platform):
        async with running_gateway(
            redis_url,
            tmp_path,
            telegram_bot_token=platform.token,
            telegram_secret_token="a-secret",
            telegram_api_url=platform.api_url,
            telegram_mode="polling",
        ) as gateway:
            await until(lambda: not platform.updates)
            assert await gateway.inbox_length() == 2
            began = time.monotonic()
            gateway.stop.set()
            await gateway.serving
        # A request that Telegram keeps open holds up no shutdown.
        assert time.monotonic() - began < 10.0
