"""What a step at the desk needs, checked within its transaction. All raise HandoffRefused."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.engine import Connection

from bot.errors import HandoffRefused
from bot.handoff import routing
from bot.handoff.routing import Account
from bot.handoff.store import Kept, storable
from bot.model.content import Content, Shared, Text, Typing
from bot.model.handoff import Agent, State
from bot.record.tables import turns

LONGEST_TEXT = 10_000


def is_mine(kept: Kept, by: Agent) -> bool:
    """Whether somebody has it right now."""
    handoff = kept.handoff
    with_person = handoff.state is State.WITH_PERSON
    return with_person and handoff.owner is not None and handoff.owner.id == by.id


def check_mine(kept: Kept, by: Agent) -> None:
    """Somebody has it: `not_yours` names another one, `not_possible` where it is nobody's."""
    if is_mine(kept, by):
        return
    handoff = kept.handoff
    if handoff.state is State.WITH_PERSON and handoff.owner is not None:
        raise HandoffRefused("not_yours", f"{handoff.owner.name} has this conversation")
    if handoff.state is State.WAITING:
        raise HandoffRefused("not_possible", "Take the conversation first: it is in the queue")
    raise HandoffRefused("not_possible", "The conversation has ended: the bot has it again")


def check_waiting(kept: Kept) -> None:
    """It is in the queue: `taken` names who was faster."""
    handoff = kept.handoff
    if handoff.state is State.WAITING:
        return
    if handoff.state is State.WITH_PERSON and handoff.owner is not None:
        raise HandoffRefused("taken", f"{handoff.owner.name} has taken this conversation already")
    raise HandoffRefused("not_possible", "The conversation is not in the queue any more")


def locked_account(connection: Connection, by: Agent) -> Account | None:
    """Theirs; nobody gives them another conversation until the transaction ends. None for who works
    at the Slack desk alone, without an account and without a limit.
    """
    found = routing.account(connection, by.id, lock=True)
    if found is not None:
        check_account(found)
    elif by.desk == "console":
        raise HandoffRefused("unknown", "There is no such account")
    return found


def check_room(found: Account | None) -> None:
    """`full` where they have as many conversations as they can."""
    if found is not None and not found.is_free:
        raise HandoffRefused("full", full(found))


def account(connection: Connection, staff_id: str) -> Account:
    """An account that can be given a conversation, locked as in `locked_account`."""
    found = routing.account(connection, staff_id, lock=True)
    if found is None:
        raise HandoffRefused("unknown", "There is no such account")
    check_account(found)
    return found


def check_account(found: Account) -> None:
    """It is in use."""
    if found.disabled:
        raise HandoffRefused("not_possible", f"The account of {found.name} is disabled")


def full(found: Account) -> str:
    """The sentence that says so."""
    return f"{found.name} has as many conversations as they can have ({found.busy})"


def check_content(content: Content) -> None:
    """Something to say that is not too long."""
    if isinstance(content, Text):
        checked_text(content.text)
    elif isinstance(content, Shared | Typing):
        raise HandoffRefused("not_possible", f"A {content.kind} is nothing that can be sent")


def checked_text(text: str) -> str:
    """Stripped. Raises `empty`, `too_long`."""
    written = storable(text).strip()
    if not written:
        raise HandoffRefused("empty", "Write something first")
    if len(written) > LONGEST_TEXT:
        raise HandoffRefused(
            "too_long",
            f"The text has {len(written)} characters, and {LONGEST_TEXT} is the most: shorten it",
        )
    return written


def language(connection: Connection, conversation_id: str) -> str:
    """The customer's, as the bot knew it last."""
    query = (
        select(turns.c.language)
        .where(turns.c.conversation_id == conversation_id, turns.c.language.is_not(None))
        .order_by(turns.c.at.desc())
        .limit(1)
    )
    return connection.execute(query).scalar() or "en"
