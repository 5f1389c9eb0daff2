"""The machine: Python, packages, disk, memory, the port, the secrets' file."""

from __future__ import annotations

import platform
import shutil
import stat
import sys
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path

import httpx
import psutil
from packaging.requirements import InvalidRequirement, Requirement

from bot.app.checks.result import Finding, fault, ok, warning
from bot.app.everything import choose_address
from bot.app.gateway import Address
from bot.errors import SettingsError
from bot.settings import Settings

_GIB = 1024**3
# A worker with the model takes 0.8 GB; less leaves nothing for a turn.
_WORKER_BYTES = _GIB


def python() -> Sequence[Finding]:
    """Rasa 3.6 runs on 3.10 at most, and Flerkanal is written for 3.10."""
    version = platform.python_version()
    if version.startswith("3.10."):
        return [ok("Python", f"{version}, {sys.executable}")]
    return [
        fault("Python", f"{version}, {sys.executable}", "run `make setup`, which gets Python 3.10")
    ]


def packages(lock: Path = Path("requirements.lock")) -> Sequence[Finding]:
    """What is installed against the lock."""
    try:
        wanted = list(_pinned(lock.read_text()))
    except OSError:
        return [
            warning(
                "Packages",
                f"there is no {lock} here to compare with",
                "run in the project's folder",
            )
        ]
    missing, other = [], []
    for name, version in wanted:
        try:
            installed = metadata.version(name)
        except metadata.PackageNotFoundError:
            missing.append(name)
            continue
        if installed != version:
            other.append(f"{name} {installed} in place of {version}")
    if missing:
        return [fault("Packages", f"not installed: {_some(missing)}", "run `make setup`")]
    if other:
        return [
            warning("Packages", f"other than in {lock}: {_some(other)}", "run `make setup`"),
        ]
    return [ok("Packages", f"{len(wanted)} as in {lock}")]


def disk(settings: Settings) -> Sequence[Finding]:
    """Room for what is kept under `var`."""
    folder = settings.var_dir.absolute()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    detail = f"{free / _GIB:.1f} GB free for {settings.var_dir}"
    if free < 0.2 * _GIB:
        return [fault("Disk", detail, "make room: a full disk refuses customers' messages")]
    if free < 2 * _GIB:
        return [warning("Disk", detail, "make room before it is full")]
    return [ok("Disk", detail)]


async def memory(settings: Settings) -> Sequence[Finding]:
    """Room for the workers."""
    free = psutil.virtual_memory().available
    detail = f"{free / _GIB:.1f} GB available"
    if free < settings.workers * _WORKER_BYTES and not await _answers(_address(settings)):
        return [
            warning(
                "Memory",
                f"{detail}, {settings.workers} worker(s) want about "
                f"{settings.workers * _WORKER_BYTES / _GIB:.0f} GB",
                "end other programs or lower WORKERS",
            )
        ]
    return [ok("Memory", detail)]


async def port(settings: Settings) -> Sequence[Finding]:
    """Whether the gateway can listen, or does already."""
    try:
        address = choose_address(settings)
    except SettingsError as error:
        running = _address(settings)
        if await _answers(running):
            return [ok("Port", f"Flerkanal answers at {running.url}/")]
        return [
            fault(
                "Port",
                str(error),
                "stop the other program, or choose another port: PORT=8001 flerkanal up",
            )
        ]
    return [ok("Port", f"{address.port} on {address.host} is free")]


def secrets_file(path: Path = Path(".env")) -> Sequence[Finding]:
    """Whether others can read .env."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        return [ok(".env", "none: settings come from the environment alone")]
    if mode & 0o077:
        return [
            warning(".env", f"others on this machine may read it ({mode:o})", f"chmod 600 {path}")
        ]
    return [ok(".env", "read by its owner alone")]


def _pinned(lock: str) -> Iterator[tuple[str, str]]:
    for line in lock.splitlines():
        if not line or line[0] in "# -":
            continue
        try:
            requirement = Requirement(line.rstrip("\\ "))
        except InvalidRequirement:
            continue
        if requirement.marker is not None and not requirement.marker.evaluate():
            continue
        for pin in requirement.specifier:
            if pin.operator == "==":
                yield requirement.name, pin.version


def _some(names: Sequence[str], most: int = 4) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _address(settings: Settings) -> Address:
    return Address(settings.host, settings.port)


async def _answers(address: Address) -> bool:
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=2.0) as client:
            return (await client.get(f"{address.url}/healthz")).status_code == 200
    except httpx.HTTPError:
        return False
