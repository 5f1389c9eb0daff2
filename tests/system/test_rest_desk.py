"""What the desk says reaches a program: with the next answer, and by asking."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.pipeline.redis_streams.layout import Layout
from tests.desk_floor import DeskByHand
from tests.fakes import answering
from tests.gateway import RunningGateway, running_gateway

MESSAGES = "/webhooks/rest/messages"
CURSOR = "Flerkanal-Cursor"


def desk_of(gateway: RunningGateway, sender: str = "s1") -> DeskByHand:
    return DeskByHand(gateway.redis, Layout(gateway.settings.partitions), f"rest:{sender}")


async def poll(gateway: RunningGateway, after: str | None = None, sender: str = "s1") -> Any:
    parameters = {"sender": sender} | ({"after": after} if after else {})
    response = await gateway.client.get(MESSAGES, params=parameters)
    assert response.status_code == 200, response.text
    return response.json()


def texts(messages: list[dict[str, Any]]) -> list[str]:
    return [message["text"] for message in messages]


async def test_a_person_is_heard_with_the_next_message(redis_url: str, tmp_path: Path) -> None:
    async with running_gateway(redis_url, tmp_path) as gateway, answering(gateway.turns()):
        desk = desk_of(gateway)
        assert texts((await gateway.send("A person, please")).json()) == [
            "You said: A person, please"
        ]
        await desk.take()
        await desk.say("You are number 1 in the queue.")
        await desk.say("Hi, this is Kari.", "Kari Nordmann")

        answer = await gateway.send("At last", idempotency_key="k2")
        queue, kari = answer.json()
        assert queue.pop("metadata").items() >= {"author": "bot"}.items()
        assert queue == {"recipient_id": "s1", "text": "You are number 1 in the queue."}
        about = kari.pop("metadata")
        assert (about["author"], about["name"]) == ("staff", "Kari Nordmann")
        assert about["at"].endswith("Z")
        assert kari == {"recipient_id": "s1", "text": "Hi, this is Kari."}

        # While she has the floor a message is answered at once, by nothing where she said nothing.
        await desk.say("One moment.", "Kari Nordmann")
        third = await gateway.send("Hello?", idempotency_key="k3")
        assert texts(third.json()) == ["One moment."]
        assert (await gateway.send("And?")).json() == []

        again = await gateway.send("At last", idempotency_key="k2")
        assert again.content == answer.content
        assert again.headers[CURSOR] == answer.headers[CURSOR]
        assert (await gateway.send("Hello?", idempotency_key="k3")).content == third.content


async def test_what_came_since_can_be_asked_for(redis_url: str, tmp_path: Path) -> None:
    async with running_gateway(redis_url, tmp_path) as gateway, answering(gateway.turns()):
        desk = desk_of(gateway)
        assert await poll(gateway) == {"messages": [], "cursor": None}
        cursor = (await gateway.send("A person, please")).headers[CURSOR]
        assert await poll(gateway, cursor) == {"messages": [], "cursor": cursor}
        await desk.take()
        await desk.say("Hi, this is Kari.", "Kari Nordmann")
        news = await poll(gateway, cursor)
        assert texts(news["messages"]) == ["Hi, this is Kari."]
        assert news["messages"][0]["metadata"]["name"] == "Kari Nordmann"
        assert await poll(gateway, news["cursor"]) == {"messages": [], "cursor": news["cursor"]}
        everything = await poll(gateway)
        assert texts(everything["messages"]) == [
            "You said: A person, please",
            "Hi, this is Kari.",
        ]
        assert everything["cursor"] == news["cursor"]
        # Nothing of one sender's is another's.
        assert await poll(gateway, sender="s2") == {"messages": [], "cursor": None}


async def test_a_long_silence_is_told_whole(redis_url: str, tmp_path: Path) -> None:
    async with running_gateway(redis_url, tmp_path) as gateway, answering(gateway.turns()):
        desk = desk_of(gateway)
        await gateway.send("A person, please")
        await desk.take()
        said = [f"Line {number}" for number in range(150)]
        for line in said:
            await desk.say(line, "Kari")
        answer = await gateway.send("Thanks")
        assert texts(answer.json()) == said
        # In pages, where it is asked for.
        first = await poll(gateway, after="0-1")
        second = await poll(gateway, after=first["cursor"])
        assert texts(first["messages"] + second["messages"]) == [
            "You said: A person, please",
            *said,
        ]
        assert (await poll(gateway, after=second["cursor"]))["messages"] == []


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({}, "invalid_sender"),
        ({"sender": " "}, "invalid_sender"),
        ({"sender": "s" * 256}, "invalid_sender"),
        ({"sender": "s\n1"}, "control_character"),
        ({"sender": "s1", "after": "yesterday"}, "bad_cursor"),
        ({"sender": "s1", "after": "99999999999999999999-0"}, "bad_cursor"),
    ],
)
async def test_what_cannot_be_asked_is_refused(
    redis_url: str, tmp_path: Path, parameters: dict[str, str], code: str
) -> None:
    async with running_gateway(redis_url, tmp_path) as gateway:
        response = await gateway.client.get(MESSAGES, params=parameters)
        assert response.status_code == 400
        assert response.json()["error"]["code"] == code


async def test_only_who_may_send_may_ask(redis_url: str, tmp_path: Path) -> None:
    async with running_gateway(redis_url, tmp_path, rest_token="t0ken") as gateway:
        asked = {"sender": "s1"}
        assert (await gateway.client.get(MESSAGES, params=asked)).status_code == 401
        headers = {"Authorization": "Bearer t0ken"}
        allowed = await gateway.client.get(MESSAGES, params=asked, headers=headers)
        assert allowed.json() == {"messages": [], "cursor": None}
    async with running_gateway(redis_url, tmp_path) as gateway:
        proxied = {"X-Forwarded-For": "203.0.113.7"}
        refused = await gateway.client.get(MESSAGES, params=asked, headers=proxied)
        assert refused.status_code == 403
