"""The REST channel over real HTTP, a real uvicorn and a real Valkey; only the dialogue is scripted."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence
from pathlib import Path

import httpx

from bot.model.content import Button, Buttons, Content, Text
from bot.model.messages import Inbound
from tests.fakes import answering
from tests.gateway import WEBHOOK, eventually, running_gateway
from tests.valkey import ValkeyServer


def script(message: Inbound) -> Sequence[Content]:
    """Says back what came in; nothing where asked to be silent."""
    if message.text == "silence":
        return []
    return [
        Text(f"You said: {message.for_bot}"),
        Buttons("And now?", (Button("Order", payload="/order_status"),)),
    ]


def given_key(response: httpx.Response) -> str:
    """The key that an error says to send the message again with."""
    message: str = response.json()["error"]["message"]
    return message.partition("Idempotency-Key: ")[2].split(" ")[0]


async def test_a_message_is_answered_as_rasa_does(redis_url: str, tmp_path: Path) -> None:
    async with running_gateway(redis_url, tmp_path) as gateway, answering(gateway.turns(), script):
        response = await gateway.send("Hvor er pakken min? 📦")
        assert response.status_code == 200
        assert response.headers["content-type"] == "application/json"
        assert response.json() == [
            {"recipient_id": "s1", "text": "You said: Hvor er pakken min? 📦"},
            {
                "recipient_id": "s1",
                "text": "And now?",
                "buttons": [{"title": "Order", "payload": "/order_status"}],
            },
        ]
        assert (await gateway.send("/order_status")).json()[0]["text"] == "You said: /order_status"
        assert (await gateway.send("silence")).json() == []
        assert await gateway.inbox_length() == 0


async def test_answers_go_to_the_request_they_belong_to(redis_url: str, tmp_path: Path) -> None:
    """Many conversations at once, and several messages of one conversation at once."""
    async with running_gateway(redis_url, tmp_path) as gateway, answering(gateway.turns(), script):
        asked = [(f"m{n}", f"s{n % 7}") for n in range(150)]
        responses = await asyncio.gather(*(gateway.send(text, who) for text, who in asked))
        for (text, sender), response in zip(asked, responses, strict=True):
            first, _ = response.json()
            assert first == {"recipient_id": sender, "text": f"You said: {text}"}


async def test_a_repeated_key_is_no_second_turn(redis_url: str, tmp_path: Path) -> None:
    async with running_gateway(redis_url, tmp_path) as gateway:
        async with answering(gateway.turns(), script, seconds=0.3):
            at_once = await asyncio.gather(
                *(gateway.send("hi", idempotency_key="k1") for _ in range(3))
            )
            later = await gateway.send("hi", idempotency_key="k1")
            in_metadata = await gateway.client.post(
                WEBHOOK,
                json={"sender": "s1", "message": "hi", "metadata": {"message_id": "k1"}},
            )
            answers = [response.json() for response in (*at_once, later, in_metadata)]
            assert answers == [answers[0]] * 5
            assert answers[0][0]["text"] == "You said: hi"
            other = await gateway.send("hi", sender="s2", idempotency_key="k1")
            assert other.json()[0]["recipient_id"] == "s2"
        metrics = (await gateway.client.get("/metrics")).text
        assert 'flerkanal_messages_accepted_total{channel="rest"} 2.0' in metrics
        assert 'flerkanal_messages_duplicate_total{channel="rest"} 4.0' in metrics
        assert 'flerkanal_answer_seconds_count{channel="rest"} 2.0' in metrics


async def test_an_answer_that_is_late_can_be_fetched(redis_url: str, tmp_path: Path) -> None:
    async with running_gateway(redis_url, tmp_path, rest_reply_timeout=0.3) as gateway:
        late = await gateway.send("hi")
        assert late.status_code == 504
        assert late.json()["error"]["code"] == "answer_pending"
        key = given_key(late)
        assert await gateway.inbox_length() == 1
        async with answering(gateway.turns(), script):
            await eventually(gateway.is_done)
            answer = await gateway.send("hi", idempotency_key=key)
        assert answer.json()[0]["text"] == "You said: hi"


async def test_a_client_that_leaves_ends_the_wait_and_not_the_turn(
    redis_url: str, tmp_path: Path
) -> None:
    async with running_gateway(redis_url, tmp_path) as gateway:
        with contextlib.suppress(httpx.ReadTimeout):
            await gateway.client.post(
                WEBHOOK,
                json={"sender": "s1", "message": "hi"},
                headers={"idempotency-key": "k"},
                timeout=0.3,
            )
        assert await gateway.inbox_length() == 1

        async def noticed() -> bool:
            return 'status="499"' in (await gateway.client.get("/metrics")).text

        await eventually(noticed)
        async with answering(gateway.turns(), script):
            answer = await gateway.send("hi", idempotency_key="k")
        assert answer.json()[0]["text"] == "You said: hi"


async def test_an_answer_whose_notice_was_lost_is_found(redis_url: str, tmp_path: Path) -> None:
    """Nobody listens to notices: the answer comes by looking for it."""
    async with running_gateway(redis_url, tmp_path, deaf=True) as gateway:
        async with answering(gateway.turns(), script):
            response = await gateway.send("hi")
        assert response.json()[0]["text"] == "You said: hi"


async def test_redis_goes_away_and_comes_back(own_valkey: ValkeyServer, tmp_path: Path) -> None:
    async with running_gateway(own_valkey.url, tmp_path) as gateway:
        async with answering(gateway.turns(), script):
            assert (await gateway.send("before")).status_code == 200
        own_valkey.kill()
        refused = await gateway.send("during")
        assert refused.status_code == 503
        assert refused.json()["error"]["code"] == "unavailable"
        key = given_key(refused)
        ready = await gateway.client.get("/readyz")
        assert ready.status_code == 503
        assert ready.json()["checks"]["redis"]["ok"] is False
        assert ready.json()["checks"]["database"]["ok"] is True
        assert (await gateway.client.get("/healthz")).status_code == 200
        metrics = (await gateway.client.get("/metrics")).text
        assert "flerkanal_dead_letters NaN" in metrics
        own_valkey.start()
        async with answering(gateway.turns(), script):
            answer = await gateway.send("during", idempotency_key=key)
            assert answer.json()[0]["text"] == "You said: during"


async def test_redis_goes_away_during_the_wait(own_valkey: ValkeyServer, tmp_path: Path) -> None:
    """The message is kept, so the request waits on and is answered once Redis is back."""
    async with running_gateway(own_valkey.url, tmp_path) as gateway:
        under_way = asyncio.create_task(gateway.send("hi"))
        await eventually(gateway.waits)
        own_valkey.kill()
        await asyncio.sleep(2.5)  # longer than the time between two looks for the answer
        assert not under_way.done()
        own_valkey.start()
        async with answering(gateway.turns(), script):
            response = await under_way
        assert response.json()[0]["text"] == "You said: hi"


async def test_stopping_lets_requests_finish(redis_url: str, tmp_path: Path) -> None:
    async with running_gateway(redis_url, tmp_path) as gateway:
        async with answering(gateway.turns(), script, seconds=0.5):
            under_way = asyncio.create_task(gateway.send("hi"))
            await eventually(gateway.waits)
            gateway.stop.set()
            assert (await under_way).json()[0]["text"] == "You said: hi"
            await asyncio.wait_for(gateway.serving, 5)


async def test_stopping_does_not_wait_for_ever(redis_url: str, tmp_path: Path) -> None:
    async with running_gateway(redis_url, tmp_path, graceful_seconds=1) as gateway:
        under_way = asyncio.create_task(gateway.send("hi"))
        await eventually(gateway.waits)
        began = time.monotonic()
        gateway.stop.set()
        response = await under_way
        await asyncio.wait_for(gateway.serving, 5)
        assert (response.status_code, response.json()["error"]["code"]) == (503, "stopping")
        assert time.monotonic() - began < 4
        assert await gateway.inbox_length() == 1
