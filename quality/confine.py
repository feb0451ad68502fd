"""Give up what a process that reads hostile bytes does not need: memory, network, other programs, standard streams."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["bound_memory", "confine", "end_with_parent", "own_channel", "room_to_load"]

_PR_SET_PDEATHSIG = 1  # prctl(2)
_PROGRAMS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.startfile", "os.fork")
_NETWORK = ("socket.connect", "socket.getaddrinfo", "socket.sendto", "socket.gethostbyname", "socket.bind")


def confine(memory_bytes: int, parent_id: int) -> bool:
    """Take from this process, until it ends, what it does not need: memory, network, other programs, core dumps.

    ``memory_bytes`` limits its address space until :func:`bound_memory` sets another limit. ``parent_id`` is the id of
    the process that started it. Return False if that parent is dead; then this process should exit. On Linux this
    process is killed when the thread that started it ends. It ignores Ctrl-C, because the parent decides what to do.
    """
    # A parent that is killed also closes stdin, but a child in the middle of a long parse would not notice.
    if not end_with_parent(parent_id):
        return False
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole process group; the parent decides
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_least(memory_bytes, most), most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.addaudithook(_refuse_doors)
    return True


def end_with_parent(parent_id: int) -> bool:
    """Have the system kill this process when the thread that started it ends (Linux only).

    ``parent_id`` is the process id of the parent. Return False if the parent is dead already; then this process should
    exit.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # The parent may have died before the line above.
    return os.getppid() == parent_id


def bound_memory(memory_bytes: int, *, is_mapped_text_free: bool = False, later_bytes: int = 0) -> None:
    """Limit the address space of this process to ``memory_bytes`` for good. Call it once its libraries are loaded.

    - ``is_mapped_text_free``: if true, the limit is raised by the size of library files that are mapped but not in
      memory (Linux only). pandas and its dependencies map 160 MB and use 60 of them. Without this, a limit of 512 MB
      would leave 100 MB for a document instead of the intended 200 MB.
    - ``later_bytes``: how much :func:`room_to_load` may add later, for libraries that only few files need.

    The address space is limited, and not the memory in use, because the kernel checks the former at every allocation.
    Measuring the memory in use from time to time would notice too late.
    """
    free = _mapped_bytes() if is_mapped_text_free else 0
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    least = _least(memory_bytes + free, most)
    resource.setrlimit(resource.RLIMIT_AS, (least, _least(least + later_bytes, most)))


@contextmanager
def room_to_load() -> Iterator[None]:
    """Raise the limit on the address space of this process inside the block, so that a library can be imported.

    It is raised as far as ``later_bytes`` of :func:`bound_memory` allows. Afterwards the old limit holds again, plus
    the size of the library files that are mapped since then and not in memory. For memory that the library uses for
    its own data nothing is added.
    """
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
    """Return the address space that is neither data nor in memory, in bytes: usually the code of libraries."""
    if sys.platform != "linux":
        return 0
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text("ascii", "replace").splitlines())
    size, data, used = (int(fields[name].split()[0]) * 1024 for name in ("VmSize", "VmData", "RssFile"))
    return max(0, size - data - used)


def _least(wanted: int, most: int) -> int:
    return wanted if most == resource.RLIM_INFINITY else min(wanted, most)


def own_channel() -> tuple[int, int]:
    """Return two new file descriptors for the pipes to the parent process: (output, input).

    Afterwards libraries cannot write to or read from these pipes: what they print goes to stderr, and their stdin is
    empty.
    """
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
