"""Conversations as customers have them: their words in, the texts of both languages out."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from rasa.core.agent import Agent
from rasa.core.channels.channel import CollectingOutputChannel, UserMessage

from actions.orders.provider import current_store
from actions.orders.sql_store import SqlOrderStore
from actions.tickets.provider import current_desk
from actions.tickets.sql_desk import SqlTicketDesk
from bot.model.content import content_to_dict
from bot.pipeline.rasa_actions import InProcessActions
from tests.trained import Conversation

if TYPE_CHECKING:
    from bot.pipeline.rasa_agent import RasaEngine

pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning:rasa.*"),
    pytest.mark.filterwarnings("ignore:Slot auto-fill has been removed"),
]

ROOT = Path(__file__).resolve().parents[2]
DIALOGUES = yaml.safe_load((Path(__file__).with_name("dialogues.yml")).read_text("utf-8"))
RESPONSES = yaml.safe_load((ROOT / "domain.yml").read_text("utf-8"))["responses"]


@pytest.fixture(scope="module")
def agent(trained_model: Path) -> Agent:
    """Rasa's own agent, its actions in this process."""
    return Agent.load(trained_model, action_endpoint=InProcessActions("actions", timeout=10))


@pytest.fixture
def orders(tmp_path: Path) -> Iterator[None]:
    """An order system of this conversation's own: tries are counted across conversations."""
    store = SqlOrderStore(f"sqlite:///{tmp_path / 'orders.sqlite3'}")
    current_store.put(store)
    yield
    current_store.close()


@pytest.fixture
def tickets(tmp_path: Path) -> Iterator[None]:
    """A ticket system of this conversation's own: its first case is number 100001."""
    current_desk.put(SqlTicketDesk(f"sqlite:///{tmp_path / 'tickets.sqlite3'}"))
    yield
    current_desk.close()


Say = Callable[[str], Awaitable[list[dict[str, Any]]]]


@pytest.fixture(params=["Rasa's agent", "Flerkanal's engine"])
def say(
    agent: Agent,
    engine: RasaEngine,
    orders: None,
    tickets: None,
    request: pytest.FixtureRequest,
) -> Say:
    """Send a message; returns what the customer gets, in the form of Rasa's own channels.

    The engine that the workers run must not be told from Rasa's agent by what it says.
    """
    customer = Conversation(engine, name=request.node.name)

    async def ask_agent(text: str) -> list[dict[str, Any]]:
        channel = CollectingOutputChannel()
        await agent.handle_message(UserMessage(text, channel, sender_id=request.node.name))
        return list(channel.messages)

    async def ask_engine(text: str) -> list[dict[str, Any]]:
        return [content_to_dict(content) for content in await customer.say(text)]

    return ask_agent if request.param == "Rasa's agent" else ask_engine


def variants(response: str, language: str) -> list[dict[str, Any]]:
    """The variants of a response in a language: those under its condition, or those under none."""
    norwegian = [{"type": "slot", "name": "language", "value": "nb"}]
    wanted = norwegian if language == "nb" else None
    return [variant for variant in RESPONSES[response] if variant.get("condition") == wanted]


def matches(text: str, response: str, language: str) -> bool:
    """Whether `text` is the response's, whatever its variables hold."""
    patterns = (
        re.sub(r"\\\{\w+\\\}", ".+", re.escape(variant["text"]))
        for variant in variants(response, language)
    )
    return any(re.fullmatch(pattern, text) for pattern in patterns)


@pytest.mark.parametrize("dialogue", DIALOGUES, ids=[dialogue["name"] for dialogue in DIALOGUES])
async def test_dialogue(dialogue: dict[str, Any], say: Say) -> None:
    for turn in dialogue["turns"]:
        language = turn.get("language", dialogue["language"])
        messages = await say(turn["user"])
        texts = [message["text"] for message in messages if "text" in message]
        assert len(texts) == len(turn["bot"]), f"{turn['user']}: {texts}"
        for text, response in zip(texts, turn["bot"], strict=True):
            assert matches(text, response, language), f"{turn['user']}: {text!r}, not {response}"
        for piece in turn.get("says", []):
            assert piece in str(messages)
        assert "{" not in "".join(texts), "a variable was not filled"


async def test_a_wrong_postcode_tells_nothing_about_the_order(say: Say) -> None:
    exists = await say("where is order 10042, postcode 9999")
    missing = await say("where is order 19999, postcode 9999")
    assert [message["text"] for message in exists] == [message["text"] for message in missing]
    assert "10042" not in str(exists)


async def test_buttons_lead_somewhere(agent: Agent) -> None:
    assert agent.domain is not None
    payloads = {
        button["payload"]
        for response in RESPONSES.values()
        for variant in response
        for button in variant.get("buttons", [])
    }
    assert len(payloads) > 10
    unknown = {payload for payload in payloads if payload[1:] not in agent.domain.intents}
    assert not unknown


@pytest.mark.parametrize("response", sorted(RESPONSES))
def test_every_response_is_in_both_languages(response: str) -> None:
    english, norwegian = variants(response, "en"), variants(response, "nb")
    assert len(english) == len(norwegian) > 0
    assert len(english) + len(norwegian) == len(RESPONSES[response])
    for one, other in zip(english, norwegian, strict=True):
        assert one["text"] != other["text"]
        assert _variables(one) == _variables(other)
        assert [button["payload"] for button in one.get("buttons", [])] == [
            button["payload"] for button in other.get("buttons", [])
        ]


def _variables(variant: dict[str, Any]) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", str({**variant, "condition": None})))
