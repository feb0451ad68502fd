"""What a process gives up before it reads hostile bytes: memory, the network, other programs, its standard streams."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys

__all__ = ["confine", "own_channel"]

_PR_SET_PDEATHSIG = 1  # prctl(2)
_PROGRAMS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.startfile", "os.fork")
_NETWORK = ("socket.connect", "socket.getaddrinfo", "socket.sendto", "socket.gethostbyname", "socket.bind")


def confine(memory_bytes: int, parent_id: int) -> bool:
    """Confine this process for good. False where its parent (``parent_id``) is dead already: it should end then.

    ``memory_bytes`` limits the address space. A parent that dies takes this process with it (on Linux). Ctrl-C is
    left to the parent.
    """
    if sys.platform == "linux":
        # A parent that is killed closes stdin too, but a child inside a long parse would not notice.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_id:
        return False  # it died before the line above
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group: the parent says what to do
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.addaudithook(_refuse_doors)
    return True


def own_channel() -> tuple[int, int]:
    """The pipes to the parent, out and in, out of reach of libraries: what they print goes to stderr, what they read
    is empty."""
    out = os.dup(1)
    os.dup2(2, 1)
    source = os.dup(0)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    return out, source


def _refuse_doors(event: str, arguments: tuple[object, ...]) -> None:
    if event in _PROGRAMS:
        raise PermissionError(f"{event} is not allowed here: nothing in a file is run")
    if event in _NETWORK:
        raise PermissionError(f"{event} is not allowed here: files are inspected without a network")
