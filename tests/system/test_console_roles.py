"""Who may open what: every route of the console that the gateway serves, by every role."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import pytest_asyncio
from starlette.applications import Starlette
from starlette.routing import Route

from bot.app.bootstrap.gateway import build_gateway
from bot.model.staff import Role
from bot.settings import Settings
from tests.console import PASSWORD, RunningConsole, running_console
from tests.gateway import eventually
from tests.staff_console import StaffBrowser
from tests.valkey import ValkeyServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

AGENT, SUPERVISOR, NLU, ADMINISTRATOR = (
    Role.AGENT,
    Role.SUPERVISOR,
    Role.NLU_DEVELOPER,
    Role.ADMINISTRATOR,
)
# Signed in or not.
EVERYBODY = None
STAFF = frozenset(Role)
DESK = frozenset({AGENT, SUPERVISOR})
LEADS = frozenset({SUPERVISOR})
FIGURES = frozenset({SUPERVISOR, ADMINISTRATOR})
KEEPERS = frozenset({ADMINISTRATOR})

# What the guard says, which no page says itself.
REFUSED = frozenset({"signed_out", "role", "csrf", "foreign"})


@dataclass(frozen=True)
class Case:
    """Who may open a page, and how it is asked for: `path` is below `/console`, with ids of what there
    is not, so that trying it changes little.
    """

    roles: frozenset[Role] | None
    path: str
    method: str = "GET"
    fields: Mapping[str, str] = field(default_factory=dict)


CASES: Mapping[str, Case] = {
    "static": Case(EVERYBODY, "/static/x/css/base.css"),
    "sign_in": Case(EVERYBODY, "/sign-in"),
    "sign_in_post": Case(EVERYBODY, "/sign-in", "POST", {"login": "nobody", "password": "x"}),
    "oidc_start": Case(EVERYBODY, "/sign-in/oidc"),
    "oidc_callback": Case(EVERYBODY, "/sign-in/oidc/callback"),
    "console": Case(STAFF, ""),
    "console_slash": Case(STAFF, "/"),
    "sign_out": Case(STAFF, "/sign-out", "POST"),
    "stream": Case(STAFF, "/stream"),
    "presence": Case(STAFF, "/presence", "POST", {"presence": "available"}),
    "account": Case(STAFF, "/account"),
    "account_save": Case(STAFF, "/account", "POST", {"name": "Me", "language": "en"}),
    "account_password": Case(STAFF, "/account/password", "POST", {"old": "", "new": ""}),
    "account_sessions_end": Case(STAFF, "/account/sessions", "POST"),
    "account_session_end": Case(STAFF, "/account/sessions/none", "POST"),
    "queue": Case(DESK, "/queue"),
    "queue_rows": Case(DESK, "/queue/rows"),
    "claim_next": Case(DESK, "/queue/next", "POST"),
    "take_over": Case(DESK, "/take-over", "POST", {"conversation_id": "rest:nobody"}),
    "claim": Case(DESK, "/handoffs/none/claim", "POST"),
    "transfer": Case(DESK, "/handoffs/none/transfer", "POST", {"to": "team:default"}),
    "return_to_bot": Case(DESK, "/handoffs/none/return", "POST"),
    "close": Case(DESK, "/handoffs/none/close", "POST", {"resolved": "yes"}),
    "assign": Case(LEADS, "/handoffs/none/assign", "POST", {"to": "nobody"}),
    "say": Case(DESK, "/handoffs/none/say", "POST", {"text": "Hi", "message_id": "m1"}),
    "typing": Case(DESK, "/handoffs/none/typing", "POST"),
    "note": Case(DESK, "/handoffs/none/notes", "POST", {"text": "A note"}),
    "tag": Case(DESK, "/handoffs/none/tags", "POST", {"tag": "late"}),
    "untag": Case(DESK, "/handoffs/none/tags/remove", "POST", {"tag": "late"}),
    "canned": Case(DESK, "/handoffs/none/canned"),
    "upload": Case(DESK, "/uploads", "POST", {"handoff_id": "none"}),
    "conversations": Case(DESK, "/conversations"),
    "conversation_list": Case(DESK, "/conversations/mine"),
    "conversation_lines": Case(DESK, "/conversations/lines?c=rest:nobody"),
    "conversation_parts": Case(DESK, "/conversations/parts?c=rest:nobody"),
    "search": Case(DESK, "/search"),
    "board": Case(LEADS, "/board"),
    "board_rows": Case(LEADS, "/board/rows"),
    "figures": Case(FIGURES, "/figures"),
    "figures_times": Case(FIGURES, "/figures/times.csv"),
    "figures_parts": Case(FIGURES, "/figures/parts.csv"),
    "figures_handoffs": Case(FIGURES, "/figures/handoffs.csv"),
    "admin_accounts": Case(KEEPERS, "/admin/accounts"),
    "admin_account_add": Case(KEEPERS, "/admin/accounts", "POST"),
    "admin_account": Case(KEEPERS, "/admin/accounts/none"),
    "admin_account_save": Case(KEEPERS, "/admin/accounts/none", "POST"),
    "admin_account_password": Case(KEEPERS, "/admin/accounts/none/password", "POST"),
    "admin_account_disable": Case(KEEPERS, "/admin/accounts/none/disable", "POST"),
    "admin_account_enable": Case(KEEPERS, "/admin/accounts/none/enable", "POST"),
    "admin_account_sessions": Case(KEEPERS, "/admin/accounts/none/sessions", "POST"),
    "admin_account_unlink": Case(KEEPERS, "/admin/accounts/none/unlink", "POST"),
    "admin_teams": Case(KEEPERS, "/admin/teams"),
    "admin_team_add": Case(KEEPERS, "/admin/teams", "POST"),
    "admin_team_new": Case(KEEPERS, "/admin/teams/new"),
    "admin_team": Case(KEEPERS, "/admin/teams/none"),
    "admin_team_save": Case(KEEPERS, "/admin/teams/none", "POST"),
    "admin_team_archive": Case(KEEPERS, "/admin/teams/none/archive", "POST"),
    "admin_canned": Case(KEEPERS, "/admin/canned"),
    "admin_canned_add": Case(KEEPERS, "/admin/canned", "POST"),
    "admin_canned_new": Case(KEEPERS, "/admin/canned/new"),
    "admin_canned_answer": Case(KEEPERS, "/admin/canned/en/none"),
    "admin_canned_save": Case(KEEPERS, "/admin/canned/en/none", "POST"),
    "admin_canned_delete": Case(KEEPERS, "/admin/canned/en/none/delete", "POST"),
    "admin_audit": Case(KEEPERS, "/admin/audit"),
}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def console(
    valkey_server: ValkeyServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[RunningConsole]:
    """The whole console, with somebody of each role; sign-in elsewhere is on, so that all its pages
    are there, at a provider that never answers.
    """
    valkey_server.flush()
    async with running_console(
        valkey_server.url,
        tmp_path_factory.mktemp("roles"),
        oidc_issuer="http://127.0.0.1:9",
        oidc_client_id="flerkanal",
        oidc_client_secret="not asked for",
        public_url="http://chat.shop.example",
    ) as running:
        for role in Role:
            await running.add_staff(role.value, role)
        await running.add_staff("another", AGENT)
        yield running


@contextlib.asynccontextmanager
async def browser_of(console: RunningConsole, login: str | None) -> AsyncIterator[StaffBrowser]:
    """Somebody's; None is for nobody's."""
    headers = {"Accept": "application/json"}
    async with httpx.AsyncClient(
        base_url=console.url, trust_env=False, timeout=20, headers=headers
    ) as client:
        browser = StaffBrowser(client)
        if login is not None:
            entered = await browser.sign_in(login, PASSWORD)
            assert entered.status_code == 303
            assert browser.csrf
        yield browser


async def ask(
    browser: StaffBrowser, case: Case, *, csrf: str | None = None, **headers: str
) -> str | None:
    """The code with which the guard refuses it, None where the page itself answers."""
    fields: Mapping[str, Any] | None = None
    if case.method == "POST":
        fields = {**case.fields, "csrf_token": browser.csrf if csrf is None else csrf}
    request = browser.client.build_request(
        case.method, f"/console{case.path}", data=fields, headers=headers
    )
    # The event stream has no end: its beginning says enough.
    response = await browser.client.send(request, stream=True)
    try:
        assert response.status_code < 500 or case.path.startswith("/sign-in/oidc"), case
        if "json" not in response.headers.get("content-type", ""):
            return None
        await response.aread()
        code = response.json().get("error", {}).get("code")
    finally:
        await response.aclose()
    return code if code in REFUSED else None


async def test_the_table_names_every_route_there_is(console: RunningConsole) -> None:
    async with _routes(console.gateway.settings) as routes:
        served = {
            (route.name, method)
            for route in routes
            if isinstance(route, Route) and route.path.startswith("/console")
            for method in (route.methods or set()) - {"HEAD"}
        }
        unnamed = [
            route for route in routes if not isinstance(route, Route) and _serves_console(route)
        ]
    assert served == {(name, case.method) for name, case in CASES.items()}
    assert not unnamed


async def test_each_role_gets_its_own_pages_and_no_other(console: RunningConsole) -> None:
    wrong = []
    for role in Role:
        async with browser_of(console, role.value) as browser:
            # Signing out ends it.
            for name, case in sorted(CASES.items(), key=lambda item: item[0] == "sign_out"):
                code = await ask(browser, case)
                expected = None if case.roles is None or role in case.roles else "role"
                if code != expected:
                    wrong.append(f"{name} as {role.value}: {code}, not {expected}")
    assert not wrong


async def test_signed_out_nothing_is_shown_but_the_sign_in(console: RunningConsole) -> None:
    wrong = []
    async with browser_of(console, None) as browser:
        for name, case in CASES.items():
            expected = None if case.roles is None else "signed_out"
            if (code := await ask(browser, case)) != expected:
                wrong.append(f"{name}: {code}, not {expected}")
    assert not wrong


async def test_a_session_that_has_ended_opens_nothing(console: RunningConsole) -> None:
    async with browser_of(console, "agent") as browser:
        cookies = dict(browser.client.cookies)
        await browser.post("/console/sign-out")
        browser.client.cookies.update(cookies)
        codes = {await ask(browser, case) for case in CASES.values() if case.roles is not EVERYBODY}
    assert codes == {"signed_out"}


async def test_no_form_is_taken_without_its_token_or_from_another_site(
    console: RunningConsole,
) -> None:
    wrong = []
    for login in ("supervisor", "administrator"):
        async with browser_of(console, login) as browser:
            for name, case in CASES.items():
                may = case.roles is None or Role(login) in case.roles
                if case.method != "POST" or not may:
                    continue
                tried = {
                    "foreign": await ask(browser, case, Origin="https://evil.example"),
                    "foreign ": await ask(browser, case, **{"Sec-Fetch-Site": "cross-site"}),
                }
                if case.roles is not None:
                    tried["csrf"] = await ask(browser, case, csrf="")
                    tried["csrf "] = await ask(browser, case, csrf=browser.csrf[::-1])
                wrong += [
                    f"{name}: {code}, not {expected}"
                    for expected, code in tried.items()
                    if code != expected.strip()
                ]
    assert not wrong


async def test_nobody_speaks_in_another_ones_conversation(console: RunningConsole) -> None:
    handoff_id = await console.handoff("ownership")
    async with browser_of(console, "agent") as owner:
        claimed = await owner.post(f"/console/handoffs/{handoff_id}/claim")
        assert claimed.json()["owner"] == console.staff["agent"].id
    said = {"text": "Not mine to say", "message_id": "m1"}
    tries: Mapping[str, Mapping[str, str]] = {
        "say": said,
        "typing": {},
        "transfer": {"to": "team:default"},
        "return": {},
        "close": {"resolved": "yes"},
    }
    for login in ("another", "supervisor"):
        async with browser_of(console, login) as other:
            for step, fields in tries.items():
                answer = await other.post(f"/console/handoffs/{handoff_id}/{step}", fields)
                assert (answer.status_code, answer.json()["error"]["code"]) == (
                    409,
                    "not_yours",
                ), step
            claim = await other.post(f"/console/handoffs/{handoff_id}/claim")
            assert claim.json()["error"]["code"] == "taken"
            file = {"file": ("a.txt", b"Not mine to send", "text/plain")}
            upload = await other.client.post(
                "/console/uploads",
                data={"csrf_token": other.csrf, "handoff_id": handoff_id, "message_id": "m2"},
                files=file,
            )
            assert upload.json()["error"]["code"] == "not_yours"
    handoff = await console.desk.find(handoff_id)
    assert handoff.owner is not None
    assert handoff.owner.id == console.staff["agent"].id
    heard = await console.gateway.send("Is anybody there?", "ownership")
    assert "Not mine" not in heard.text
    async with browser_of(console, "agent") as owner:
        shown = await owner.get(f"/console/conversations/parts?c={handoff.conversation_id}")
        lines = await owner.get(f"/console/conversations/lines?c={handoff.conversation_id}")
        assert "Not mine" not in shown.text + lines.text
        own = await owner.post(
            f"/console/handoffs/{handoff_id}/say", {"text": "Mine to say", "message_id": "m3"}
        )
        assert own.status_code == 200

        async def is_shown() -> bool:
            lines = await owner.get(f"/console/conversations/lines?c={handoff.conversation_id}")
            return "Mine to say" in lines.text

        await eventually(is_shown)


@contextlib.asynccontextmanager
async def _routes(settings: Settings) -> AsyncIterator[list[Any]]:
    """Of a gateway that is built as the running one was."""
    gateway = build_gateway(settings)
    async with gateway.resources:
        assert isinstance(gateway.app, Starlette)
        yield list(gateway.app.routes)


def _serves_console(route: Any) -> bool:
    return str(getattr(route, "path", "")).startswith("/console")
