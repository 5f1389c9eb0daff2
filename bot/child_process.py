"""Child processes that do not outlive their parent.

Linux can signal a process when its parent dies, but only the process itself can ask for that.
So this file is also a program: it asks, then becomes the command it was given. It is run by its
path, apart from the package, and takes some 20 ms.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Sequence

_PR_SET_PDEATHSIG = 1  # prctl(2)


def tethered(
    command: Sequence[str], *, when_orphaned: signal.Signals = signal.SIGKILL
) -> list[str]:
    """`command` as an argument list that gets `when_orphaned` once the calling process is dead.

    On Linux; elsewhere the command is returned as it is. To be started by the calling process,
    from a thread that lives as long as the child should: the kernel watches the thread.
    """
    if not sys.platform.startswith("linux"):
        return list(command)
    own = [sys.executable, "-I", "-S", os.path.abspath(__file__)]  # noqa: PTH100 (no pathlib: 20 ms)
    return [*own, str(int(when_orphaned)), str(os.getpid()), *command]


def main(arguments: Sequence[str]) -> None:
    """`<signal> <parent's pid> <command> [arguments]`: becomes the command; returns never."""
    when_orphaned, parent, *command = arguments
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, int(when_orphaned), 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    if os.getppid() != int(parent):
        sys.exit(f"process {parent} ended before it could start {command[0]}")
    # Python ignores it, and what is ignored stays so in the command.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    os.execvp(command[0], command)  # noqa: S606 (no shell is the point)


if __name__ == "__main__":
    main(sys.argv[1:])
