"""`flerkanal dead-letters` over a real Redis, as its own process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from bot.model.content import Text
from bot.model.messages import Outbound
from bot.pipeline.redis_streams.client import connect
from bot.pipeline.redis_streams.layout import Layout

LAYOUT = Layout(16)


def flerkanal(*arguments: str, url: str, expect: int = 0) -> str:
    result = subprocess.run(
        [sys.executable, "-m", "bot.cli", "dead-letters", *arguments],
        env={**os.environ, "REDIS_URL": url, "COLUMNS": "160"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == expect, result.stdout + result.stderr
    assert "Traceback" not in result.stderr
    return result.stdout + result.stderr


async def bury(url: str, partition: int, message: bytes, reason: str, queue: str = "inbox") -> str:
    redis = connect(url)
    fields: dict[str, str | bytes] = {"m": message, "from": queue, "why": reason}
    entry: bytes = await redis.xadd(LAYOUT.dead(partition), fields)
    await redis.close(close_connection_pool=True)
    return f"{partition}-{entry.decode()}"


async def inbox_length(url: str, partition: int) -> int:
    redis = connect(url)
    length = await redis.xlen(LAYOUT.queue(partition, "inbox"))
    await redis.close(close_connection_pool=True)
    return int(length)


async def test_they_are_listed_without_their_content_unless_asked(redis_url: str) -> None:
    letter = await bury(redis_url, 3, "Bestilling til Åse \x1b[2J".encode(), "not JSON: line 1")
    shown = flerkanal("list", url=redis_url)
    assert letter in shown
    assert "not JSON: line 1" in shown
    assert "Åse" not in shown
    with_content = flerkanal("list", "--content", url=redis_url)
    assert "Bestilling til Åse" in with_content
    assert "\x1b[2J" not in with_content
    (found,) = json.loads(flerkanal("list", "--json", url=redis_url))
    assert found["id"] == letter
    assert found["queue"] == "inbox"
    assert "raw" not in found


async def test_of_an_undelivered_answer_the_channel_and_the_masked_recipient_are_shown(
    redis_url: str,
) -> None:
    answer = Outbound(
        "telegram", "99887766", "telegram:99887766", "3-1-0", 0, Text("Pakken er sendt"), 0.0
    )
    raw = answer.to_json().encode()
    await bury(redis_url, 3, raw, "RecipientGone: bot was blocked by the user", "outbox")
    await bury(redis_url, 4, raw, "channel telegram is not set up on this sender", "outbox")
    await bury(redis_url, 5, b"{}", "outbound message: 'content'", "outbox")
    shown = flerkanal("list", url=redis_url)
    assert shown.count("telegram [number]") == 2
    assert "RecipientGone: bot was blocked by the user" in shown
    assert "99887766" not in shown
    assert "Pakken" not in shown
    gone, not_set_up, unreadable = json.loads(flerkanal("list", "--json", url=redis_url))
    assert (gone["channel"], gone["recipient"]) == ("telegram", "[number]")
    assert (gone["error"], not_set_up["error"]) == ("RecipientGone", "")
    assert "channel" not in unreadable


async def test_one_is_handed_in_again(redis_url: str) -> None:
    letter = await bury(redis_url, 3, b"one", "broken")
    other = await bury(redis_url, 5, b"two", "broken")
    assert "Handed in again: 1 of 1" in flerkanal("replay", letter, url=redis_url)
    assert await inbox_length(redis_url, 3) == 1
    left = flerkanal("list", url=redis_url)
    assert other in left
    assert letter not in left
    assert "Handed in again: 0 of 1" in flerkanal("replay", letter, url=redis_url, expect=1)


async def test_all_are_handed_in_again(redis_url: str) -> None:
    for partition in (1, 1, 7):
        await bury(redis_url, partition, b"again", "broken")
    assert "Handed in again: 3 of 3" in flerkanal("replay", "--all", url=redis_url)
    assert await inbox_length(redis_url, 1) == 2
    assert "no dead letters" in flerkanal("list", url=redis_url)
    assert "Handed in again: 0 of 0" in flerkanal("replay", "--all", url=redis_url)


def test_a_wrong_id_and_an_absent_redis_are_clear(redis_url: str, tmp_path: Path) -> None:
    assert "is not a dead letter's id" in flerkanal("replay", "nonsense", url=redis_url, expect=1)
    absent = f"unix://{tmp_path}/nobody.sock"
    assert "Redis does not answer" in flerkanal("list", url=absent, expect=1)
