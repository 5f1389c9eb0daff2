"""The load generator against real HTTP servers: one that is right, and ones that are not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from bench.answers import AnswerBook, Step, Verdict
from bench.client import PATH, rest_client
from bench.customers import hold_all
from bench.errors import BenchError
from bench.growth import grow
from bench.load import Conversation, LoadGenerator, LoadRun

BOOK = AnswerBook({"utter_greet": [{"text": "Hi!"}], "utter_bye": [{"text": "Bye!"}]})
SCRIPT = Conversation("short", "en", (Step("hi", ("utter_greet",)), Step("bye", ("utter_bye",))))
RIGHT = {"hi": "Hi!", "bye": "Bye!"}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post(PATH, handler)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


def answer(text: str) -> web.Response:
    return web.json_response([{"recipient_id": "s", "text": text}])


class Bot:
    """Answers rightly and notes who asked what."""

    def __init__(self, pause: float = 0.002) -> None:
        self.heard: dict[str, list[str]] = {}
        self.keys: list[str | None] = []
        self.at_once = self.most_at_once = 0
        self._pause = pause

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        data = await request.json()
        self.heard.setdefault(data["sender"], []).append(data["message"])
        self.keys.append(request.headers.get("Idempotency-Key"))
        await asyncio.sleep(self._pause)
        self.at_once -= 1
        return answer(RIGHT[data["message"]])


async def run(handler: Handler, clients: int, seconds: float, least: int = 0) -> LoadRun:
    async with serving(handler) as url, rest_client(url, timeout=5) as client:
        return await LoadGenerator(client, BOOK, [SCRIPT]).run(clients, seconds, least)


async def test_right_answers_are_counted_and_each_conversation_has_its_own_sender() -> None:
    bot = Bot()
    result = await run(bot, clients=4, seconds=0.3)
    assert (
        result.verdicts[Verdict.RIGHT] == len(result.replies) == sum(map(len, bot.heard.values()))
    )
    assert set(result.verdicts) == {Verdict.RIGHT}
    assert len(bot.heard) > 4
    assert all(texts in (["hi"], ["hi", "bye"]) for texts in bot.heard.values())
    assert bot.most_at_once == 4
    assert 0 < result.throughput <= len(result.replies) / result.seconds


async def test_a_slow_server_gets_time_for_the_least_number_of_messages() -> None:
    result = await run(Bot(pause=0.05), clients=1, seconds=0.2, least=8)
    assert len(result.replies) >= 8
    assert result.seconds > 0.2


async def test_wrong_answers_are_told_from_right_ones() -> None:
    async def always_hi(_: web.Request) -> web.StreamResponse:
        return answer("Hi!")

    result = await run(always_hi, clients=1, seconds=0.2)
    assert result.verdicts[Verdict.RIGHT] > 0
    assert result.verdicts[Verdict.WRONG] > 0
    assert "bye" in result.complaints[0]


@pytest.mark.parametrize(
    "response",
    [
        lambda: web.Response(status=500, text="oh no"),
        lambda: web.json_response({"error": "later"}, status=504),
        lambda: web.Response(text="no JSON"),
        lambda: web.json_response({"not": "a list"}),
    ],
)
async def test_what_is_no_answer_is_an_error(response: Callable[[], web.Response]) -> None:
    async def handler(_: web.Request) -> web.StreamResponse:
        return response()

    result = await run(handler, clients=1, seconds=0.15)
    assert set(result.verdicts) == {Verdict.ERROR}
    assert result.complaints


async def test_a_server_that_is_not_there_is_an_error() -> None:
    async with serving(Bot()) as url:
        pass
    async with rest_client(url, timeout=2) as client:
        result = await LoadGenerator(client, BOOK, [SCRIPT]).run(2, 0.15)
    assert set(result.verdicts) == {Verdict.ERROR}
    # a refused customer waits a moment before the next try
    assert len(result.replies) < 20


async def test_a_growing_conversation_has_one_sender() -> None:
    bot = Bot()
    seen: list[int] = []
    async with serving(bot) as url, rest_client(url, timeout=5) as client:
        growth = await grow(client, BOOK, SCRIPT.steps, 6, 60, seen.append)
    assert [len(texts) for texts in bot.heard.values()] == [6]
    assert len(growth.seconds) == 6
    assert growth.verdicts == {Verdict.RIGHT: 6}
    assert not growth.cut_short
    assert seen == [1, 2, 3, 4, 5, 6]


async def test_a_growing_conversation_stops_at_its_time_limit() -> None:
    async with serving(Bot(pause=0.05)) as url, rest_client(url, timeout=5) as client:
        growth = await grow(client, BOOK, SCRIPT.steps, 500, 0.2, lambda _: None)
    assert growth.cut_short
    assert 2 <= len(growth.seconds) < 500


async def test_a_growing_conversation_ends_with_the_servers_error() -> None:
    async def broken(_: web.Request) -> web.StreamResponse:
        return web.Response(status=500)

    async with serving(broken) as url, rest_client(url, timeout=5) as client:
        with pytest.raises(BenchError, match=r"turn 1 .*500"):
            await grow(client, BOOK, SCRIPT.steps, 4, 60, lambda _: None)


async def test_a_customer_asks_again_under_the_same_key() -> None:
    bot = Bot()
    failures = iter([503, 504])

    async def flaky(request: web.Request) -> web.StreamResponse:
        status = next(failures, 200)
        if status != 200:
            bot.keys.append(request.headers.get("Idempotency-Key"))
            return web.Response(status=status)
        return await bot(request)

    done: list[int] = []
    async with serving(flaky) as url, rest_client(url, timeout=5) as client:
        held = await hold_all(client, BOOK, [SCRIPT], 1, 1, lambda: done.append(1))
    asked = held[0].asked
    assert [one.tries for one in asked] == [3, 1]
    assert [one.verdict for one in asked] == [Verdict.RIGHT, Verdict.RIGHT]
    assert bot.keys == [asked[0].key] * 3 + [asked[1].key]
    assert len(done) == 2


async def test_a_customer_does_not_repeat_what_was_refused_for_good() -> None:
    async def refuses(_: web.Request) -> web.StreamResponse:
        return web.json_response({"error": {"code": "bad"}}, status=400)

    async with serving(refuses) as url, rest_client(url, timeout=5) as client:
        held = await hold_all(client, BOOK, [SCRIPT], 1, 1, lambda: None)
    assert [one.tries for one in held[0].asked] == [1]
    assert held[0].asked[0].verdict is Verdict.ERROR
