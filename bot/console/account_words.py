"""What is said of accounts: roles, and why something can't be done."""

from __future__ import annotations

from collections.abc import Mapping

from bot.console.words import Words, mark
from bot.model.staff import Role
from bot.staff.passwords import LONGEST, SHORTEST
from bot.staff.records import MOST_CAPACITY

ROLES: Mapping[Role, str] = {
    Role.AGENT: mark("Agent"),
    Role.SUPERVISOR: mark("Supervisor"),
    Role.NLU_DEVELOPER: mark("NLU developer"),
    Role.ADMINISTRATOR: mark("Administrator"),
}
# What each role is for, beside its box.
DUTIES: Mapping[Role, str] = {
    Role.AGENT: mark("Talks to customers."),
    Role.SUPERVISOR: mark("Sees everybody's conversations, assigns them, and reads the figures."),
    Role.NLU_DEVELOPER: mark("Reviews what the bot misunderstood."),
    Role.ADMINISTRATOR: mark("Keeps accounts, teams and canned answers."),
}
LANGUAGES: Mapping[str, str] = {"en": "English", "nb": "Norsk bokmål"}

_FAULTS: Mapping[str, str] = {
    "unknown": mark("There is no such account."),
    "bad_login": mark(
        "The login must be an e-mail address or a short name of a–z, 0–9, dots and dashes."
    ),
    "login_taken": mark("There is an account with this login already."),
    "bad_name": mark("The name needs 1 to 255 readable characters."),
    "no_role": mark("Choose at least one role."),
    "bad_capacity": mark("Conversations at once must be a number from 1 to %(most)d."),
    "bad_language": mark("Choose one of the languages."),
    "last_administrator": mark(
        "This is the last administrator. Make somebody else one first: nobody could undo it."
    ),
    "wrong_password": mark("The old password is not right."),
    "different_passwords": mark("The two new passwords differ."),
    "short_password": mark("The password needs at least %(shortest)d characters."),
    "long_password": mark("The password may have %(longest)d characters at most."),
    "login_password": mark("The password must not be the login."),
    "known_password": mark(
        "This password is well known or easy to guess. Take some words that do not belong together."
    ),
    "busy": mark("The server is busy. Try again in a moment."),
    "too_many": mark("Too many tries. Wait a while, then try again."),
}


def account_fault(words: Words, reason: str) -> str:
    """The sentence for the reason of an AccountRefused."""
    numbers = {"most": MOST_CAPACITY, "shortest": SHORTEST, "longest": LONGEST}
    return words.gettext(_FAULTS[reason]) % numbers
