"""`flerkanal doctor` on real installations, whole and broken."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bot.app.checks import channels, machine, stores
from bot.app.checks.result import Check, Finding, State, run_checks
from bot.errors import StorageUnavailable
from bot.settings import load_settings
from tests.valkey import ValkeyServer

ROOT = Path(__file__).resolve().parents[2]


def doctor(tmp_path: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    own = {"VAR_DIR": str(tmp_path / "var"), "MODELS_DIR": str(tmp_path / "models"), "PORT": "0"}
    return subprocess.run(
        [sys.executable, "-m", "bot.cli", "doctor", *arguments],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "160", **own, **env},
        capture_output=True,
        text=True,
        check=False,
    )


def findings(result: subprocess.CompletedProcess[str]) -> dict[str, dict[str, Any]]:
    assert result.stdout, result.stderr
    return {finding["what"]: finding for finding in json.loads(result.stdout)}


def test_a_fresh_installation_works_and_says_that_it_has_no_model(tmp_path: Path) -> None:
    result = doctor(tmp_path, "--json")
    found = findings(result)
    assert result.returncode == 0, result.stdout
    for what in (
        "Python",
        "Disk",
        "Port",
        "Redis",
        "Redis keeps",
        "Database",
        "Orders",
        "Tickets",
        "REST",
    ):
        assert found[what]["state"] == "ok", found[what]
    assert found["Redis keeps"]["detail"] == "everything, on disk (appendfsync always)"
    assert found["Model"]["state"] == "warning"
    assert "flerkanal train" in found["Model"]["remedy"]
    assert found["Running"]["state"] == "off"


def test_every_fault_is_shown_with_its_remedy_and_ends_with_1(tmp_path: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        socket.create_server(("127.0.0.1", 0)) as closed,
    ):
        closed_port = closed.getsockname()[1]
        closed.close()
        result = doctor(
            tmp_path,
            PORT=str(taken.getsockname()[1]),
            REDIS_URL=f"redis://:hemmelig@127.0.0.1:{closed_port}/0",
            DATABASE_URL=f"postgresql://app:hemmelig@127.0.0.1:{closed_port}/flerkanal",
            ORDERS_DATABASE_URL=f"postgresql://app:hemmelig@127.0.0.1:{closed_port}/orders",
            ACTION_ENDPOINT=f"http://127.0.0.1:{closed_port}/webhook",
        )
    assert result.returncode == 1
    shown = " ".join(result.stdout.split())
    for words in (
        "is taken by another program",
        "choose another port: PORT=8001",
        "Redis does not answer",
        "mend REDIS_URL",
        "mend DATABASE_URL",
        "mend ORDERS_DATABASE_URL",
        "mend ACTION_ENDPOINT",
        "5 faults stop operation",
    ):
        assert words in shown
    assert "hemmelig" not in result.stdout + result.stderr
    assert "Traceback" not in result.stderr


def test_settings_that_can_not_be_read_are_faults(tmp_path: Path) -> None:
    result = doctor(tmp_path, "--json", TELEGRAM_BOT_TOKEN="123:abc")
    found = findings(result)
    assert result.returncode == 1
    assert "TELEGRAM_SECRET_TOKEN is missing" in found["Settings"]["detail"]
    assert found["Python"]["state"] == "ok", "what needs no settings is looked at all the same"


async def test_a_redis_that_would_lose_messages_is_told_so(
    own_valkey: ValkeyServer, tmp_path: Path
) -> None:
    settings = load_settings(redis_url=own_valkey.url, var_dir=tmp_path)

    async def keeps(**values: str) -> Finding:
        from bot.pipeline.redis_streams.client import connect

        client = connect(own_valkey.url)
        for name, value in values.items():
            await client.config_set(name.replace("_", "-"), value)
        await client.close(close_connection_pool=True)
        return next(
            finding for finding in await stores.redis(settings) if finding.what == "Redis keeps"
        )

    found = await keeps(maxmemory_policy="allkeys-lru")
    assert found.state is State.FAULT
    assert "noeviction" in found.remedy
    found = await keeps(maxmemory_policy="noeviction", appendonly="no")
    assert found.state is State.WARNING
    assert "appendonly yes" in found.remedy
    found = await keeps(appendonly="yes", appendfsync="no")
    assert found.state is State.WARNING
    found = await keeps(appendfsync="everysec")
    assert found.state is State.OK
    # While it writes its new file it does not end on a mere request.
    own_valkey.kill()


async def test_another_number_of_partitions_is_told_so(redis_url: str, tmp_path: Path) -> None:
    await stores.redis(load_settings(redis_url=redis_url, partitions=4, var_dir=tmp_path))
    changed = load_settings(redis_url=redis_url, partitions=8, var_dir=tmp_path)
    (found,) = await run_checks([Check("Redis", lambda: stores.redis(changed))])
    assert found.state is State.FAULT
    assert "set PARTITIONS=4" in found.detail


async def test_one_broken_check_hides_no_other() -> None:
    async def breaks() -> list[Finding]:
        raise ZeroDivisionError("by zero")

    async def refuses() -> list[Finding]:
        raise StorageUnavailable("gone")

    async def works() -> list[Finding]:
        return list(machine.python())

    first, second, third = await run_checks(
        [Check("A", breaks, "mend A"), Check("B", refuses, "mend B"), Check("C", works)]
    )
    assert first == Finding("A", State.FAULT, "ZeroDivisionError: by zero", "mend A")
    assert second == Finding("B", State.FAULT, "gone", "mend B")
    assert third.state is State.OK


def test_packages_are_compared_with_the_lock(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text(
        "# a comment\n"
        "typer==0.0.1 \\\n    --hash=sha256:00\n"
        "no-such-package==1.0 ; python_full_version < '3.0' \\\n    --hash=sha256:00\n"
    )
    (found,) = machine.packages(lock)
    assert found.state is State.WARNING
    assert "typer" in found.detail
    assert "in place of 0.0.1" in found.detail
    lock.write_text("no-such-package==1.0 \\\n    --hash=sha256:00\n")
    (found,) = machine.packages(lock)
    assert found.state is State.FAULT
    assert "no-such-package" in found.detail
    (found,) = machine.packages(tmp_path / "absent.lock")
    assert found.state is State.WARNING


def test_a_secrets_file_that_others_may_read_is_told_so(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    assert machine.secrets_file(path)[0].state is State.OK
    path.touch(mode=0o644)
    path.chmod(0o644)
    (found,) = machine.secrets_file(path)
    assert found.state is State.WARNING
    assert found.remedy == f"chmod 600 {path}"
    path.chmod(0o600)
    assert machine.secrets_file(path)[0].state is State.OK


@pytest.mark.parametrize(
    ("values", "what", "state"),
    [
        ({}, "Web chat", State.OK),
        ({"host": "0.0.0.0"}, "Web chat", State.WARNING),
        ({"host": "::1"}, "Web chat", State.OK),
        ({"host": "0.0.0.0", "web_allowed_origins": "https://a.example"}, "Web chat", State.OK),
        ({}, "REST", State.OK),
        ({"rest_token": "short"}, "REST", State.WARNING),
        ({"rest_token": "x" * 32}, "REST", State.OK),
        ({}, "Slack", State.OFF),
    ],
)
def test_channels_are_looked_at(values: dict[str, str], what: str, state: State) -> None:
    found = {finding.what: finding for finding in channels.channels(load_settings(**values))}
    assert found[what].state is state, found[what]
