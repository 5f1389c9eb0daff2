"""Points for a talk with a person: what the action says, and tells Flerkanal."""

from __future__ import annotations

from typing import Any

import pytest
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.rating import ActionRate


async def rate(
    points: object, *, rated: str | None = None, form: str | None = None
) -> tuple[list[dict[str, Any]], list[Any]]:
    message = {
        "intent": {"name": "rate"},
        "entities": [] if points is None else [{"entity": "rating", "value": points}],
    }
    tracker = Tracker(
        "web:someone",
        {"last_handoff": "t1-1-0", "rated_handoff": rated},
        message,
        [],
        False,
        None,
        {"name": form} if form else {},
        "action_listen",
    )
    dispatcher = CollectingDispatcher()
    events = await ActionRate().run(dispatcher, tracker, {})
    return dispatcher.messages, events


def said(messages: list[dict[str, Any]]) -> list[str]:
    return [message["response"] for message in messages if message.get("response")]


def kept(messages: list[dict[str, Any]]) -> list[Any]:
    return [message["custom"] for message in messages if message.get("custom")]


@pytest.mark.parametrize("points", ["3", "4", "5", 5, " 4 "])
async def test_many_points(points: object) -> None:
    messages, events = await rate(points)
    assert said(messages) == ["utter_rated"]
    assert kept(messages) == [{"rated": {"score": int(str(points))}}]
    assert [event.get("name") for event in events] == ["rated_handoff"]


@pytest.mark.parametrize("points", ["1", "2"])
async def test_few_points(points: str) -> None:
    messages, events = await rate(points)
    assert kept(messages) == [{"rated": {"score": int(points)}}]
    assert [event["event"] for event in events] == ["slot", "followup"]
    assert events[1]["name"] == "utter_rated_low"


async def test_few_points_in_the_middle_of_a_form() -> None:
    messages, events = await rate("1", form="order_form")
    assert said(messages) == ["utter_rated_low"]
    assert [event["event"] for event in events] == ["slot"]


@pytest.mark.parametrize("points", ["0", "6", "-1", "4.5", "²", "five", "", None])
async def test_what_are_no_points(points: object) -> None:
    messages, events = await rate(points)
    assert (said(messages), kept(messages), events) == (["utter_rating_invalid"], [], [])


async def test_twice() -> None:
    messages, events = await rate("5", rated="t1-1-0")
    assert (said(messages), kept(messages), events) == (["utter_rating_again"], [], [])
    messages, _ = await rate("5", rated="t1-0-0")
    assert said(messages) == ["utter_rated"]
