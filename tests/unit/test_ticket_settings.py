"""The ticket system's settings: all of them, or none."""

from __future__ import annotations

import itertools

import pytest

from actions.tickets.provider import build_desk
from actions.tickets.sql_desk import SqlTicketDesk
from actions.tickets.zammad import ZammadDesk
from actions.tickets.zendesk import ZendeskDesk
from bot.errors import SettingsError
from bot.settings import load_settings

WHOLE = {
    "tickets_system": "zammad",
    "tickets_api_url": "https://zammad.example",
    "tickets_api_token": "secret-value",
}
HALVES = [
    dict(half) for count in (1, 2) for half in itertools.combinations(sorted(WHOLE.items()), count)
]


def test_nothing_set_keeps_tickets_in_the_database() -> None:
    desk = build_desk(load_settings())
    assert isinstance(desk, SqlTicketDesk)
    desk.close()


@pytest.mark.parametrize(("system", "kind"), [("zammad", ZammadDesk), ("zendesk", ZendeskDesk)])
def test_the_system_is_chosen_by_name(system: str, kind: type) -> None:
    desk = build_desk(load_settings(**WHOLE | {"tickets_system": system}))
    assert type(desk) is kind
    desk.close()


@pytest.mark.parametrize("half", HALVES, ids="+".join)
def test_half_of_them_are_refused_by_the_name_of_what_is_missing(half: dict[str, str]) -> None:
    with pytest.raises(SettingsError) as refused:
        load_settings(**half)
    (problem,) = refused.value.problems
    named = problem.partition(": ")[0]
    for name in WHOLE:
        assert (name.upper() in named) == (name not in half)
    assert "secret-value" not in problem


def test_a_group_without_a_system_is_refused() -> None:
    with pytest.raises(SettingsError, match="TICKETS_SYSTEM, TICKETS_API_URL, TICKETS_API_TOKEN"):
        load_settings(tickets_group="Users")


def test_a_system_that_is_not_known_is_refused() -> None:
    with pytest.raises(SettingsError, match="TICKETS_SYSTEM"):
        load_settings(**WHOLE | {"tickets_system": "jira"})


def test_an_address_without_a_scheme_is_refused() -> None:
    with pytest.raises(SettingsError, match="TICKETS_API_URL: must begin with http"):
        load_settings(**WHOLE | {"tickets_api_url": "zammad.example"})


@pytest.mark.parametrize("system", ["zammad", "zendesk"])
@pytest.mark.parametrize("url", ["http://[", "http://\x00", "https://", "https://a b"])
def test_an_address_that_can_be_none_is_refused(system: str, url: str) -> None:
    settings = load_settings(**WHOLE | {"tickets_system": system, "tickets_api_url": url})
    with pytest.raises(SettingsError, match="TICKETS_API_URL"):
        build_desk(settings)


@pytest.mark.parametrize("token", ["nøkkel", "two\nlines"])
def test_a_token_that_can_be_none_is_refused(token: str) -> None:
    with pytest.raises(SettingsError, match="TICKETS_API_TOKEN") as refused:
        build_desk(load_settings(**WHOLE | {"tickets_api_token": token}))
    assert token not in str(refused.value)


def test_zendesk_wants_a_group_s_number() -> None:
    zendesk = WHOLE | {"tickets_system": "zendesk"}
    with pytest.raises(SettingsError, match="TICKETS_GROUP: 'Users' is no number"):
        load_settings(**zendesk, tickets_group="Users")
    build_desk(load_settings(**zendesk, tickets_group="360001")).close()


def test_the_token_does_not_print() -> None:
    settings = load_settings(**WHOLE)
    assert "secret-value" not in repr(settings)
    assert "secret-value" in settings.secret_values
