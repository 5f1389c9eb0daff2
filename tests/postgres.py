"""A real PostgreSQL server for tests: its own directory, a Unix socket, no network port.

    from tests.postgres import postgres_server  # in a conftest.py

Tests that ask for `postgres_server` are skipped where no server binaries are installed; Debian's
package is `postgresql`. As root the server runs as `postgres` or `nobody`, since it refuses root.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil
import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

SUPERUSER = "tester"
START_SECONDS = 30


class PostgresServer:
    """A running server. `binary_dir` holds `postgres` and `initdb`; `directory` is its own."""

    def __init__(self, binary_dir: Path, directory: Path) -> None:
        self._binary_dir = binary_dir
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None
        self._templates: dict[Callable[[str], None], str] = {}

    def initialize(self) -> None:
        """Create the cluster's files."""
        command = [
            str(self._binary_dir / "initdb"),
            f"--pgdata={self._data}",
            f"--username={SUPERUSER}",
        ]
        options = ["--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C"]
        subprocess.run([*command, *options], check=True, capture_output=True, **_as_user())

    def start(self) -> None:
        """Start the server and wait until it answers."""
        settings = [
            f"unix_socket_directories={self._directory}",
            "listen_addresses=",
            "fsync=off",
            "max_connections=100",
        ]
        options = [part for setting in settings for part in ("-c", setting)]
        with (self._directory / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._binary_dir / "postgres", "-D", self._data, *options],
                stdout=log,
                stderr=log,
                **_as_user(),
            )
        self._wait_until_it_answers()

    def stop(self) -> None:
        """Stop the server at once; clients lose their connections."""
        if self._process is not None:
            self.thaw()
            self._process.send_signal(signal.SIGINT)
            self._process.wait(timeout=START_SECONDS)
            self._process = None

    def freeze(self) -> None:
        """Stop all of the server's processes from running, with their connections open."""
        for process in self._processes():
            with suppress(psutil.NoSuchProcess):
                process.suspend()

    def thaw(self) -> None:
        """Let a frozen server go on."""
        for process in self._processes():
            # A connection that has just ended takes its process with it.
            with suppress(psutil.NoSuchProcess):
                process.resume()

    def url(self, database: str) -> str:
        """SQLAlchemy's address of a database of this server."""
        return f"postgresql://{SUPERUSER}@/{database}?host={self._directory}"

    @contextmanager
    def database(self, like: Callable[[str], None] | None = None) -> Iterator[str]:
        """The address of a new database, dropped afterwards.

        It is empty, or as `like` leaves the one whose address it is given: it is called once for
        the server, and what it made is copied.
        """
        name = f"test_{uuid4().hex}"
        template = "template1" if like is None else self._template(like)
        self._execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield self.url(name)
        finally:
            self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _template(self, like: Callable[[str], None]) -> str:
        if like not in self._templates:
            name = f"template_{uuid4().hex}"
            self._execute(f"CREATE DATABASE {name}")
            like(self.url(name))
            self._templates[like] = name
        return self._templates[like]

    @property
    def _data(self) -> Path:
        return self._directory / "data"

    def _processes(self) -> list[psutil.Process]:
        assert self._process is not None
        server = psutil.Process(self._process.pid)
        return [server, *server.children(recursive=True)]

    def _execute(self, statement: str) -> None:
        engine = create_engine(
            self.url("postgres"), isolation_level="AUTOCOMMIT", poolclass=NullPool, future=True
        )
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)

    @retry(
        retry=retry_if_exception_type(OperationalError),
        stop=stop_after_delay(START_SECONDS),
        wait=wait_fixed(0.05),
        reraise=True,
    )
    def _wait_until_it_answers(self) -> None:
        assert self._process is not None
        if self._process.poll() is not None:
            log = (self._directory / "server.log").read_text()
            raise RuntimeError(f"PostgreSQL did not start:\n{log}")
        self._execute("SELECT 1")


def _as_user() -> dict[str, Any]:
    """Arguments for subprocess that give up root."""
    if os.geteuid() != 0:
        return {}
    account = _unprivileged()
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _unprivileged() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def find_binary_dir() -> Path | None:
    """The directory of the newest installed server, on PATH or where Debian puts it."""
    on_path = shutil.which("postgres")
    if on_path and shutil.which("initdb"):
        return Path(on_path).resolve().parent
    versions = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    return max(versions, key=lambda path: float(path.parent.name), default=None)


@contextmanager
def running_postgres(binary_dir: Path) -> Iterator[PostgresServer]:
    """A new server for as long as the block lasts."""
    # Not pytest's own directory: another user can't enter it, and a socket's path has to be short.
    directory = Path(tempfile.mkdtemp(prefix="flerkanal-pg-"))
    try:
        if os.geteuid() == 0:
            account = _unprivileged()
            os.chown(directory, account.pw_uid, account.pw_gid)
        server = PostgresServer(binary_dir, directory)
        server.initialize()
        try:
            server.start()
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A server shared by all tests of the run; each takes a database of its own."""
    binary_dir = find_binary_dir()
    if binary_dir is None:
        pytest.skip("no PostgreSQL server is installed (Debian: apt-get install postgresql)")
    with running_postgres(binary_dir) as server:
        yield server
