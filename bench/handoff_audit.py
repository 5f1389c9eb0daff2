"""Looks at the handoffs after the fact: none lost, none with two owners, nothing said that was not."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from bench.audit import Fault
from bench.handoff_agents import NOTE, Agent, Office
from bench.handoff_customers import RATING, Customer
from bot.model.handoff import TRANSITIONS, State, Step
from bot.record.database import open_engine
from bot.record.tables import desk_effects, handoff_events, handoffs, utterances

# After these somebody else may have it, or nobody.
_CHANGES_OWNER = {Step.CLAIM, Step.ASSIGN, Step.TRANSFER, Step.TAKE_OVER}
_ENDED = {"close": "resolved", "return": "returned", "transfer": "resolved"}


async def audit(
    dsn: str, customers: Sequence[Customer], agents: Sequence[Agent], office: Office, *, whole: bool
) -> list[Fault]:
    """All that is wrong. `whole`: the gateway ran all the time, so that no event may be missing in a
    stream; where it was killed, what a stream missed has to be in the record alone.
    """
    rows = await asyncio.to_thread(_read, dsn)
    faults = [*_handoffs(rows, customers, office), *_owners(rows, agents, office)]
    numbers = {number: conversation for conversation, number in office.numbers.items()}
    for customer in customers:
        name = f"#{customer.number}"
        conversation = numbers.get(customer.number)
        if conversation is None or not customer.done.is_set():
            faults.append(Fault("lost", name, "was not served to the end"))
            continue
        kept = [row for row in rows["utterances"] if row.conversation_id == conversation]
        faults += _customer(name, customer, kept, office.spoken.get(conversation, []))
        if whole:
            faults += _streams(name, customer, agents)
    return faults


def _read(dsn: str) -> dict[str, Sequence[Any]]:
    engine = open_engine(dsn)
    try:
        with engine.connect() as connection:
            return {
                "handoffs": connection.execute(select(handoffs)).all(),
                "events": connection.execute(
                    select(handoff_events).order_by(
                        handoff_events.c.handoff_id, handoff_events.c.version
                    )
                ).all(),
                "effects": connection.execute(select(desk_effects)).all(),
                "utterances": connection.execute(select(utterances)).all(),
            }
    finally:
        engine.dispose()


def _handoffs(
    rows: dict[str, Sequence[Any]], customers: Sequence[Customer], office: Office
) -> list[Fault]:
    faults = []
    if len(rows["handoffs"]) != len(customers):
        what = f"{len(rows['handoffs'])} handoffs for {len(customers)} customers"
        faults.append(Fault("lost", "all", what))
    for row in rows["handoffs"]:
        number = office.numbers.get(row.conversation_id)
        plan = office.cases[number].plan if number is not None else "?"
        if (row.state, row.ended) != (State.BACK_TO_BOT.value, _ENDED.get(plan)):
            faults.append(Fault("state", row.id, f"{plan}: {row.state}, ended {row.ended}"))
        if plan != "return" and row.rating != RATING:
            faults.append(Fault("rating", row.id, f"{row.rating}"))
    faults += [
        Fault("effect", row.handoff_id, f"{row.kind}: {row.failed or 'still due'}")
        for row in rows["effects"]
    ]
    return faults


def _owners(rows: dict[str, Sequence[Any]], agents: Sequence[Agent], office: Office) -> list[Fault]:
    """Replays each handoff's steps, and holds them against what the agents were told."""
    faults = []
    names = {agent.staff_id: agent.name for agent in agents}
    steps: dict[str, list[Any]] = {}
    for row in rows["events"]:
        steps.setdefault(row.handoff_id, []).append(row)
    for handoff_id, taken in steps.items():
        state, owner, owners = State.BOT, None, []
        for number, row in enumerate(taken, start=1):
            step = Step(row.step)
            if row.version != number or TRANSITIONS.get((state, step)) != State(row.after):
                faults.append(Fault("steps", handoff_id, f"{row.version}: {state.value} {step}"))
            state = State(row.after)
            if state is State.WITH_PERSON and row.owner_id != owner:
                if step not in _CHANGES_OWNER:
                    faults.append(Fault("owner", handoff_id, f"{step.value} changed the owner"))
                owners.append(names.get(row.owner_id, row.owner_id))
            owner = row.owner_id if state is State.WITH_PERSON else None
        told = office.told.get(handoff_id, [])
        if told != owners:
            faults.append(Fault("owner", handoff_id, f"had {owners}, and told so were {told}"))
    won: dict[str, int] = {}
    for handoff_id, _, got_it in office.races:
        won[handoff_id] = won.get(handoff_id, 0) + got_it
    faults += [
        Fault("race", handoff_id, f"{count} got it")
        for handoff_id, count in won.items()
        if count != 1
    ]
    return faults


def _customer(
    name: str, customer: Customer, kept: Sequence[Any], spoken: Sequence[tuple[str, str]]
) -> list[Fault]:
    faults = [Fault("duplicate", name, f"line {line}") for line in customer.twice]
    faults += [
        Fault("lost", name, f"not accepted: {said.text}")
        for said in customer.said.values()
        if said.accepted_at is None
    ]
    said = Counter(each.text for each in customer.said.values())
    recorded = Counter(row.text for row in kept if row.author == "customer")
    if said != recorded:
        faults.append(Fault("lost", name, f"said {dict(said)}, in the record {dict(recorded)}"))
    heard = [(line.name, line.text) for line in customer.heard.values() if line.author == "staff"]
    if heard != list(spoken):
        faults.append(Fault("order", name, f"heard {heard}, said was {list(spoken)}"))
    if any(NOTE in line.text for line in customer.heard.values()):
        faults.append(Fault("note", name, "a private note was shown"))
    return faults


def _streams(name: str, customer: Customer, agents: Sequence[Agent]) -> list[Fault]:
    return [
        Fault("stream", name, f"no agent's stream told of: {said.text}")
        for said in customer.said.values()
        if said.to_person and not any(said.id in agent.rung for agent in agents)
    ]
