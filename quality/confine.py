"""What a process gives up before it reads hostile bytes: memory, the network, other programs, its standard streams."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["bound_memory", "confine", "own_channel", "room_to_load"]

_PR_SET_PDEATHSIG = 1  # prctl(2)
_PROGRAMS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.startfile", "os.fork")
_NETWORK = ("socket.connect", "socket.getaddrinfo", "socket.sendto", "socket.gethostbyname", "socket.bind")


def confine(memory_bytes: int, parent_id: int) -> bool:
    """Confine this process for good. False where its parent (``parent_id``) is dead already: it should end then.

    ``memory_bytes`` limits the address space, until :func:`bound_memory` says otherwise. A parent that dies takes this
    process with it (on Linux). Ctrl-C is left to the parent.
    """
    if sys.platform == "linux":
        # A parent that is killed closes stdin too, but a child inside a long parse would not notice.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_id:
        return False  # it died before the line above
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group: the parent says what to do
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_least(memory_bytes, most), most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.addaudithook(_refuse_doors)
    return True


def bound_memory(memory_bytes: int, *, is_mapped_text_free: bool = False, later_bytes: int = 0) -> None:
    """Bound the address space of this process for good, once its libraries are loaded.

    ``later_bytes``: what :func:`room_to_load` may add for the text of libraries that few files need.

    ``is_mapped_text_free``: what is mapped of the libraries' files and not in memory does not count (on Linux). pandas
    and its like map 160 MB of which they use 60; a bound of 512 MB would leave 100 MB for a document, where 200 MB are
    meant. The limit stays one of address space, which the kernel checks at each allocation: a look at the memory in
    use, from time to time, comes too late.
    """
    free = _mapped_bytes() if is_mapped_text_free else 0
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    least = _least(memory_bytes + free, most)
    resource.setrlimit(resource.RLIMIT_AS, (least, _least(least + later_bytes, most)))


@contextmanager
def room_to_load() -> Iterator[None]:
    """Let a library be loaded. What it maps of its files and does not hold in memory does not count, as in
    :func:`bound_memory`; its data do."""
    bound, most = resource.getrlimit(resource.RLIMIT_AS)
    before = _mapped_bytes()
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    try:
        yield
    finally:
        if bound != resource.RLIM_INFINITY:
            wanted = _least(bound + max(0, _mapped_bytes() - before), most)
            resource.setrlimit(resource.RLIMIT_AS, (wanted, most))


def _mapped_bytes() -> int:
    """Address space that is neither data nor in memory: text of libraries, as a rule."""
    if sys.platform != "linux":
        return 0
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text("ascii", "replace").splitlines())
    size, data, used = (int(fields[name].split()[0]) * 1024 for name in ("VmSize", "VmData", "RssFile"))
    return max(0, size - data - used)


def _least(wanted: int, most: int) -> int:
    return wanted if most == resource.RLIM_INFINITY else min(wanted, most)


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
