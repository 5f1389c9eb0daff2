"""What stands before the console's pages, over real HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from bot.model.staff import Role
from bot.record.database import Database
from tests.staff import PASSWORD, Staff, database, migrated_dsn, staff_of
from tests.staff_console import StaffConsole, staff_console

__all__ = ["database", "migrated_dsn"]

pytestmark = pytest.mark.parametrize("migrated_dsn", ["sqlite"], indirect=True)
ORIGIN = "https://chat.shop.example"


@pytest.fixture
def staff(database: Database) -> Iterator[Staff]:
    with staff_of(database) as made:
        yield made


@pytest.fixture
async def console(staff: Staff) -> AsyncIterator[StaffConsole]:
    await staff.add("boss", Role.ADMINISTRATOR)
    await staff.add("kari")
    async with staff_console(staff) as served:
        yield served


def cookie_of(response: httpx.Response) -> tuple[str, set[str]]:
    (line,) = [line for line in response.headers.get_list("set-cookie") if "_staff=" in line]
    name, *attributes = line.split("; ")
    return name.partition("=")[0], {attribute.lower() for attribute in attributes}


async def test_every_answer_has_the_strict_headers(console: StaffConsole) -> None:
    async with console.browser() as browser:
        await browser.sign_in("kari")
        seen = set()
        for path in ["/console/sign-in", "/console/account", "/console/admin/accounts", "/console"]:
            response = await browser.get(path)
            seen.add(response.status_code)
            policy = response.headers["content-security-policy"]
            assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
            assert "unsafe" not in policy
            assert "frame-ancestors 'none'; base-uri 'none'" in policy
            assert response.headers["cross-origin-opener-policy"] == "same-origin"
            assert "camera=()" in response.headers["permissions-policy"]
            assert response.headers["referrer-policy"] == "same-origin"
            assert response.headers["x-content-type-options"] == "nosniff"
            assert response.headers["cache-control"] == "no-store"
            assert "<script>" not in response.text
            assert " style=" not in response.text
            assert " onclick=" not in response.text
        assert seen == {200, 303, 403}


async def test_who_is_signed_out_is_sent_to_sign_in_and_back(console: StaffConsole) -> None:
    async with console.browser() as browser:
        sent = await browser.get("/console/admin/audit?kind=team.&before=7")
        assert sent.status_code == 303
        to = sent.headers["location"]
        assert to == "/console/sign-in?next=%2Fconsole%2Fadmin%2Faudit%3Fkind%3Dteam.%26before%3D7"
        form = await browser.get(to)
        assert 'name="next" value="/console/admin/audit?kind=team.&amp;before=7"' in form.text
        entered = await browser.client.post(
            "/console/sign-in",
            data={
                "login": "boss",
                "password": PASSWORD,
                "next": "/console/admin/audit?kind=team.&before=7",
            },
        )
        assert entered.headers["location"] == "/console/admin/audit?kind=team.&before=7"
        assert (await browser.get(entered.headers["location"])).status_code == 200
        assert (await browser.get("/console/sign-in")).status_code == 303


async def test_nobody_is_sent_elsewhere(console: StaffConsole) -> None:
    elsewhere = [
        "https://evil.example/console",
        "//evil.example/console",
        "/\\evil.example",
        "/console\\..\\x",
        "\x09//evil.example",
        "/console/../webhooks",
        "javascript:alert(1)",
        "/consoleevil",
        "/console/sign-out",
        "console",
        "",
        "/console/" + "x" * 3_000,
    ]
    async with console.browser() as browser:
        for to in elsewhere:
            entered = await browser.client.post(
                "/console/sign-in", data={"login": "kari", "password": PASSWORD, "next": to}
            )
            assert (entered.status_code, entered.headers["location"]) == (303, "/console"), to


async def test_scripts_are_told_where_to_go(console: StaffConsole) -> None:
    async with console.browser() as browser:
        answer = await browser.get(
            "/console/account",
            hx_request="true",
            hx_current_url=f"{console.url}/console/admin/teams?x=1",
        )
        assert answer.status_code == 401
        assert answer.json()["error"]["code"] == "signed_out"
        assert answer.headers["hx-redirect"] == (
            "/console/sign-in?next=%2Fconsole%2Fadmin%2Fteams%3Fx%3D1"
        )
        stream = await browser.get("/console/account", accept="text/event-stream")
        assert stream.status_code == 401
        await browser.sign_in("kari")
        refused = await browser.get(
            "/console/admin/accounts", hx_request="true", accept_language="nb"
        )
        assert refused.status_code == 403
        assert "Your role" in refused.json()["error"]["message"], "in the account's own language"


async def test_home_is_the_first_page_that_is_somebodys(console: StaffConsole) -> None:
    for login, place in [("boss", "/console/admin/accounts"), ("kari", "/console/account")]:
        async with console.browser() as browser:
            await browser.sign_in(login)
            for path in ("/console", "/console/"):
                answer = await browser.get(path)
                assert (answer.status_code, answer.headers["location"]) == (303, place)


async def test_a_role_that_is_taken_away_is_gone_at_once(console: StaffConsole) -> None:
    staff = console.staff
    ola = await staff.add("ola", Role.ADMINISTRATOR)
    async with console.browser() as browser:
        await browser.sign_in("ola")
        assert (await browser.get("/console/admin/accounts")).status_code == 200
        await staff.accounts.change(ola.id, by=None, roles=[Role.AGENT])
        assert (await browser.get("/console/admin/accounts")).status_code == 403
        await staff.accounts.disable(ola.id, by=None)
        assert (await browser.get("/console/account")).status_code == 303


async def test_a_form_needs_its_token(console: StaffConsole) -> None:
    fields = {"name": "Mallory", "language": "en"}
    async with console.browser() as browser:
        await browser.sign_in("kari")
        token = browser.csrf
        for csrf in ("", "x", token[:-1], "ø", token + "\x00"):
            browser.csrf = csrf
            answer = await browser.post("/console/account", fields)
            assert answer.status_code == 403
            assert "nothing was changed" in answer.text
        none = await browser.client.post("/console/account", data=fields)
        assert none.status_code == 403
        query = await browser.client.post(f"/console/account?csrf_token={token}", data=fields)
        assert query.status_code == 403
        as_json = await browser.client.post(
            "/console/account", json={"csrf_token": token, **fields}
        )
        assert as_json.status_code == 403
        async with console.browser() as other:
            await other.sign_in("boss")
            browser.csrf = other.csrf
            assert (await browser.post("/console/account", fields)).status_code == 403
        browser.csrf = token
        by_header = await browser.client.post(
            "/console/account", data=fields, headers={"X-CSRF-Token": token}
        )
        assert by_header.status_code == 303
        files = {"csrf_token": (None, token), "name": (None, "Kari"), "language": (None, "en")}
        multipart = await browser.client.post("/console/account", files=files)
        assert multipart.status_code == 303
    found = await console.staff.accounts.find_login("kari")
    assert found is not None
    assert found.member.name == "Kari"


FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1.evil.example"},
    {"Origin": "http://127.0.0.1"},
    {"Origin": "http://[::1"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
]


async def test_what_another_site_sends_is_refused(console: StaffConsole) -> None:
    fields = {"name": "Mallory", "language": "en"}
    async with console.browser() as browser, console.browser() as outside:
        await browser.sign_in("kari")
        for headers in FOREIGN:
            entering = await outside.client.post(
                "/console/sign-in", data={"login": "kari", "password": PASSWORD}, headers=headers
            )
            assert entering.status_code == 403, headers
            assert "set-cookie" not in entering.headers
            assert (await browser.post("/console/account", fields, **headers)).status_code == 403
        own = {"Origin": console.url, "Sec-Fetch-Site": "same-origin"}
        assert (await browser.post("/console/account", fields, **own)).status_code == 303


async def test_a_body_that_is_no_form_is_a_clear_error(console: StaffConsole) -> None:
    async with console.browser() as browser:
        await browser.sign_in("kari")
        broken = await browser.client.post(
            "/console/account",
            content=b"--x\r\nnonsense",
            headers={"Content-Type": "multipart/form-data; boundary=y"},
        )
        assert broken.status_code in {400, 403}
        large = await browser.post("/console/account", {"name": "x" * 100_000})
        assert large.status_code == 413


async def test_signing_out_ends_the_session_itself(console: StaffConsole) -> None:
    async with console.browser() as browser:
        await browser.sign_in("kari")
        stolen = dict(browser.client.cookies)
        assert (await browser.get("/console/sign-out")).status_code == 405
        left = await browser.post("/console/sign-out")
        assert left.headers["location"] == "/console/sign-in"
        assert "flerkanal_staff" not in dict(browser.client.cookies)
        again = await browser.client.get("/console/account", cookies=stolen)
        assert again.status_code == 303


async def test_over_plain_http_the_cookie_is_the_consoles_alone(console: StaffConsole) -> None:
    async with console.browser() as browser:
        name, attributes = cookie_of(await browser.sign_in("kari"))
        assert name == "flerkanal_staff"
        assert {"httponly", "samesite=lax", "path=/console", "max-age=43200"} <= attributes
        assert "secure" not in attributes


@pytest.mark.parametrize("how", ["proxy", "public_url"])
async def test_over_https_the_cookie_is_bound_to_the_host(staff: Staff, how: str) -> None:
    await staff.add("kari")
    headers = {"Host": "chat.shop.example", "Origin": ORIGIN}
    if how == "proxy":
        headers["X-Forwarded-Proto"] = "https"
    public_url = None if how == "proxy" else ORIGIN
    async with staff_console(staff, public_url=public_url) as console:
        async with console.browser(**headers) as browser:
            form = {"login": "kari", "password": PASSWORD}
            entered = await browser.client.post("/console/sign-in", data=form)
            name, attributes = cookie_of(entered)
            assert name == "__Host-flerkanal_staff"
            assert {"secure", "httponly", "samesite=lax", "path=/"} <= attributes
            assert not any(attribute.startswith("domain") for attribute in attributes)
            token = entered.headers["set-cookie"].partition("=")[2].partition(";")[0]
            for cookie, status in [("__Host-flerkanal_staff", 200), ("flerkanal_staff", 303)]:
                answer = await browser.client.get(
                    "/console/account", headers={"Cookie": f"{cookie}={token}"}
                )
                assert answer.status_code == status, cookie
            plain = await browser.client.post(
                "/console/sign-in",
                data=form,
                headers={"Origin": ORIGIN.replace("https", "http")},
            )
            assert plain.status_code == 403


async def test_the_address_of_a_proxy_is_not_everybodys(console: StaffConsole) -> None:
    async with console.browser() as browser:
        for number in range(30):
            await browser.client.post(
                "/console/sign-in",
                data={"login": f"nobody{number}", "password": "x"},
                # What stands first is the browser's own invention.
                headers={"X-Forwarded-For": f"10.0.0.{number}, 192.0.2.1"},
            )
        form = {"login": "kari", "password": PASSWORD}
        locked = await browser.client.post(
            "/console/sign-in", data=form, headers={"X-Forwarded-For": "192.0.2.1"}
        )
        assert locked.status_code == 429
        assert locked.headers["retry-after"] == "30"
        assert "Try again in 30 seconds." in locked.text
        other = await browser.client.post(
            "/console/sign-in", data=form, headers={"X-Forwarded-For": "192.0.2.2"}
        )
        assert other.status_code == 303


async def test_sign_in_speaks_the_browsers_language_and_escapes(console: StaffConsole) -> None:
    async with console.browser(**{"Accept-Language": "nb-NO,nb;q=0.9"}) as browser:
        form = await browser.get("/console/sign-in")
        assert '<html lang="nb">' in form.text
        assert "Logg inn" in form.text
        wrong = await browser.client.post(
            "/console/sign-in",
            data={"login": '"><script>alert(1)</script>', "password": "x", "next": '"><b>'},
        )
        assert wrong.status_code == 401
        assert "Brukernavn eller passord er feil." in wrong.text
        assert "<script>alert" not in wrong.text
        assert "&lt;script&gt;alert(1)" in wrong.text
        files = [("login", ("a.txt", b"kari")), ("password", ("b.txt", PASSWORD.encode()))]
        odd = await browser.client.post("/console/sign-in", files=files)
        assert odd.status_code == 401
