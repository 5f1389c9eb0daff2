"""The state machine: every pair of a state and a step, possible or not."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import HandoffRefused
from bot.model.handoff import OPEN, TRANSITIONS, State, Step, after

WAITING, WITH_PERSON = State.WAITING, State.WITH_PERSON
POSSIBLE = {
    State.BOT: {Step.REQUEST: WAITING, Step.TAKE_OVER: WITH_PERSON},
    WAITING: {
        Step.TAKE_OVER: WITH_PERSON,
        Step.CLAIM: WITH_PERSON,
        Step.ASSIGN: WITH_PERSON,
        Step.REQUEUE: WAITING,
        Step.ESCALATE: WAITING,
        Step.TURN_AWAY: State.BACK_TO_BOT,
        Step.LEAVE: State.BACK_TO_BOT,
    },
    WITH_PERSON: {
        Step.TRANSFER: WITH_PERSON,
        Step.ASSIGN: WITH_PERSON,
        Step.REQUEUE: WAITING,
        Step.AGENT_GONE: WAITING,
        Step.CLOSE: State.WRAPPED_UP,
        Step.RETURN: State.BACK_TO_BOT,
    },
    State.WRAPPED_UP: {Step.RESUMED: State.BACK_TO_BOT},
    State.BACK_TO_BOT: {},
}


@pytest.mark.parametrize(("state", "step"), itertools.product(State, Step))
def test_every_step_from_every_state(state: State, step: Step) -> None:
    leads_to = POSSIBLE[state].get(step)
    if leads_to is not None:
        assert after(state, step) is leads_to
        return
    with pytest.raises(HandoffRefused, match=f"{step.value} is not possible") as refused:
        after(state, step)
    assert refused.value.reason == "not_possible"


def test_nobody_is_ever_stuck() -> None:
    """From every state there is a way to the end, and only the end has no way on."""
    for state in State:
        reached = {state}
        for _ in State:
            reached |= {to for (before, _), to in TRANSITIONS.items() if before in reached}
        assert State.BACK_TO_BOT in reached
        assert (len(reached) > 1) == (state is not State.BACK_TO_BOT)


@given(st.lists(st.sampled_from(Step), max_size=30))
def test_whatever_is_tried_a_conversation_is_open_or_over(steps: list[Step]) -> None:
    state, ended = State.BOT, False
    for step in steps:
        try:
            state = after(state, step)
        except HandoffRefused:
            continue
        assert not (ended and state in OPEN), "what has ended begins no more"
        ended = ended or state in {State.WRAPPED_UP, State.BACK_TO_BOT}
