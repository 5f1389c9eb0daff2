"""Passing a conversation on, to another person or to a team; within a Work."""

from __future__ import annotations

from bot.errors import HandoffRefused
from bot.handoff import checks, store
from bot.handoff.queue import Queue
from bot.handoff.store import Kept
from bot.handoff.work import Work
from bot.model.handoff import Agent, Handoff, State, Step


def pass_to_person(
    work: Work, queue: Queue, handoff_id: str, by: Agent, to: str, note: str | None
) -> Handoff:
    """To an account that is there and has room for one more."""
    account = checks.account(work.connection, to)
    kept = _passable(work, handoff_id, by)
    if checks.is_mine(kept, account.agent):
        raise HandoffRefused("not_possible", f"{account.name} has this conversation already")
    if all(there.id != to for there in queue.there(work, None)):
        raise HandoffRefused("not_possible", f"{account.name} is not there now")
    if not account.is_free:
        raise HandoffRefused("full", checks.full(account))
    step = Step.ASSIGN if kept.handoff.state is State.WAITING else Step.TRANSFER
    return queue.give(work, kept, account.agent, step, by=by, note=note).handoff


def pass_to_team(
    work: Work, queue: Queue, handoff_id: str, by: Agent, team_id: str, note: str | None
) -> Handoff:
    """Into the queue of a team that is open."""
    kept = _passable(work, handoff_id, by)
    team = next((item for item in queue.teams(work) if item.id == team_id), None)
    if team is None:
        raise HandoffRefused("unknown", "There is no such team")
    if not team.opening_hours.is_open(work.now):
        raise HandoffRefused("not_possible", f"{team.name} is closed now")
    if kept.handoff.state is State.WAITING and kept.handoff.team_id == team_id:
        raise HandoffRefused("not_possible", f"It waits for {team.name} already")
    moved = queue.requeue(
        work, kept, Step.REQUEUE, team=team, first="passed_to_team", by=by, note=note
    )
    return moved.handoff


def _passable(work: Work, handoff_id: str, by: Agent) -> Kept:
    kept = store.find(work.connection, handoff_id, lock=True)
    if kept.handoff.state is not State.WAITING:
        checks.check_mine(kept, by)
    return kept
