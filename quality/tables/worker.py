"""The child of :mod:`.pool`: reads tasks from stdin, writes reports to stdout, ends when stdin ends.

Run as ``python -m quality.tables.worker <address space in bytes> <process id of the parent>``.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from datetime import date
from pathlib import Path

from catalog.model import TableReport
from quality.tables.wire import dump_report, parse_task

_PR_SET_PDEATHSIG = 1  # prctl(2)
_PROGRAMS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.startfile")
_NETWORK = ("socket.connect", "socket.getaddrinfo", "socket.sendto", "socket.gethostbyname", "socket.bind")


def main(memory_bytes: int, parent_id: int) -> None:
    out, tasks = _own_channel()
    if sys.platform == "linux":
        # A parent that is killed closes stdin too, but a child inside a long parse would not notice.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_id:
        return  # it died before the line above
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group: the parent says what to do
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.addaudithook(_refuse_doors)
    from quality.catalogue import judge_file as judge_catalogue
    from quality.tables.inspect import inspect
    from quality.tables.judge import Asked

    os.write(out, b'{"ready": true}\n')
    for line in tasks:
        task = parse_task(line)
        if task.is_catalogue:
            _send(out, judge_catalogue(task.path))
            continue
        report = inspect(
            task.path,
            declared_format=task.declared_format,
            declared_media_type=task.declared_media_type,
            declared_charset=task.declared_charset,
            is_truncated=task.is_truncated,
            max_rows=task.max_rows,
            asked=Asked(
                title=task.title,
                file_name=task.file_name,
                today=date.fromisoformat(task.today) if task.today else None,
                previous=task.previous,
                schema_path=task.schema_path,
                siblings={name: Path(path) for name, path in task.siblings.items()},
                is_sample=task.is_truncated,
                unpacked_bytes=task.unpacked_bytes,
            ),
        )
        _send(out, report)


def _send(out: int, report: TableReport) -> None:
    message = dump_report(report)
    while message:
        message = message[os.write(out, message) :]


def _own_channel() -> tuple[int, _Lines]:
    """The pipes to the parent, out of reach of libraries: what they print goes to stderr, what they read is empty."""
    out = os.dup(1)
    os.dup2(2, 1)
    source = os.dup(0)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    return out, _Lines(source)


class _Lines:
    def __init__(self, descriptor: int) -> None:
        self._stream = os.fdopen(descriptor, "rb")

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> bytes:
        line = self._stream.readline()
        if not line:
            raise StopIteration
        return line


def _refuse_doors(event: str, arguments: tuple[object, ...]) -> None:
    if event in _PROGRAMS:
        raise PermissionError(f"{event} is not allowed here: nothing in a file is run")
    if event in _NETWORK:
        raise PermissionError(f"{event} is not allowed here: files are inspected without a network")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
