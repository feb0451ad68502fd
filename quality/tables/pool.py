"""Inspect files in child processes that may crash or hang without harm to the nightly run.

The parent imports none of the heavy libraries. A child that dies or exceeds its time is replaced; the file that it was
inspecting is reported as "unknown", and the others go on.
"""

from __future__ import annotations

import os
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from catalog.model import TableContext, TableDefect, TableReport
from quality.tables.limits import MAX_MEMORY
from quality.tables.messages import FAULT, LOADED, LOADING, CatalogueFile, Task, dump_task, parse_report
from quality.tables.processes import resident_bytes, waited_s
from specs.table_rules import table_rules

__all__ = ["CatalogueFile", "InspectionPool", "Task"]

_READ_BYTES = 1024**2
_MAX_REPORT_BYTES = 64 * 1024**2
_ROOT = str(Path(__file__).parents[2])


@dataclass(eq=False)
class _Child:
    process: subprocess.Popen[bytes]
    deadline: float
    """Time on the monotonic clock by which the child must be ready, or have finished its task."""
    folder: Path
    """The folder in which it unpacks archives."""
    task: Task | None = None
    is_ready: bool = False
    received: bytearray = field(default_factory=bytearray)
    done: int = 0
    memory_bytes: int = 0
    paused_s: float | None = None
    """While it loads a library: the seconds that were left for its file."""
    has_loaded: bool = False
    waited_s: float = 0.0
    """Seconds that it has waited for a processor since its start, as far as they were added to its deadline."""


_MAX_RESIDENT = 0.6
"""Share of its memory that a child may keep between two files; a child that keeps more is replaced."""
_MAX_TASKS = 5_000 if sys.platform == "linux" else 200
"""Most files of a child: loading its libraries again costs as much as many files, so it stays while it is small."""
_MAX_KEPT_TASKS = 50
"""Most tasks of a child that is kept for other pools: memory that libraries never free is freed with the child."""
_TOO_LONG = "it took longer than"
_LEAST_WAIT_S = 0.1
"""Seconds of waiting for a processor from which a deadline is moved."""
_KEPT: list[_Child] | None = None


@contextmanager
def kept_children() -> Iterator[None]:
    """Inside this context, keep the idle child processes of a pool that is closed, and use them in the next pool.

    This is for processes that open many pools, because a child needs two seconds to load its libraries. Open all of the
    pools in a thread that lives long enough: a child ends with the thread that started it.
    """
    global _KEPT
    kept: list[_Child] = []
    before, _KEPT = _KEPT, kept
    try:
        yield
    finally:
        _KEPT = before
        for child in kept:
            _kill(child)


class InspectionPool:
    """A pool of child processes that inspect files, used as a context manager.

    - ``workers``: the number of child processes.
    - ``timeout_s``: the longest time for one file, in seconds. On Linux, time in which the child waits for a processor
      does not count: that the machine is busy is not the file's fault.
    - ``memory_bytes``: the memory of one child, including its libraries, which take 50 MB, and 200 MB once a table
      fails an expectation. A child that keeps more than 60 % of it after a file is replaced.
    - ``tasks_per_child``: after so many files a child is replaced.
    - ``startup_timeout_s``: the longest time for the start of a child, in seconds.

    :meth:`map` may be called repeatedly, but not twice at the same time. Children end when the thread that opened the
    pool ends.
    """

    def __init__(
        self,
        workers: int = 2,
        timeout_s: float = 60.0,
        memory_bytes: int = MAX_MEMORY,
        *,
        tasks_per_child: int = _MAX_TASKS,
        startup_timeout_s: float = 120.0,
    ) -> None:
        self._workers, self._timeout_s, self._memory_bytes = workers, timeout_s, memory_bytes
        self._tasks_per_child, self._startup_timeout_s = tasks_per_child, startup_timeout_s
        self._children: list[_Child] = []
        self._selector = selectors.DefaultSelector()
        self._folder = tempfile.TemporaryDirectory(prefix="winnow-")
        self._looked_at = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for child in list(self._children):
            if not self._keep(child):
                self._end(child)
        self._selector.close()
        self._folder.cleanup()

    def _keep(self, child: _Child) -> bool:
        """Pass an idle child on to the next pool; return whether that was possible."""
        if _KEPT is None or child.task or not child.is_ready or child.received or child.done > _MAX_KEPT_TASKS:
            return False
        assert child.process.stdout is not None
        self._children.remove(child)
        self._selector.unregister(child.process.stdout)
        _KEPT.append(child)
        return True

    def _adopt(self) -> bool:
        """Take over a child that an earlier pool left; return whether there was one."""
        for child in _KEPT or ():
            if child.memory_bytes == self._memory_bytes and child.process.poll() is None:
                assert _KEPT is not None and child.process.stdout is not None
                _KEPT.remove(child)
                self._children.append(child)
                self._selector.register(child.process.stdout, selectors.EVENT_READ, child)
                return True
        return False

    @property
    def folder(self) -> str:
        """Return the path of the temporary folder in which the children unpack archives; it is deleted with the pool.

        Inside :func:`kept_children`, new children use other folders, which are deleted when they end."""
        return self._folder.name

    @property
    def process_ids(self) -> tuple[int, ...]:
        """Return the process ids of the child processes of the pool that have not ended, as far as the pool has
        noticed.
        """
        return tuple(child.process.pid for child in self._children)

    def map(self, tasks: Iterable[Task]) -> Iterator[tuple[str, TableReport]]:
        """Inspect the file of each task, and yield the key of the task and the report, in the order in which the tasks
        finish.

        A task is taken from ``tasks`` only when a child is free. If a child crashes, runs out of memory or takes too
        long, the report has the status "unknown". Earlier files may have left a child little memory, so what is too
        much for a used child is tried once more in a new one. Raise RuntimeError if children repeatedly fail to start.
        """
        waiting = iter(tasks)
        returned: deque[Task] = deque()  # tasks of children that died before they began them, or to be tried again
        again: set[str] = set()
        failed_starts = 0
        is_exhausted = False
        try:
            while True:
                while not is_exhausted and len(returned) < self._workers:
                    task = next(waiting, None)
                    is_exhausted = task is None
                    if task is not None:
                        returned.append(task)
                self._add_absence()
                self._hand_out(returned, again)
                if not returned and not any(child.task for child in self._children):
                    return
                for child, message in self._events():
                    if child.task is None:
                        # The child had no task: it was starting, or idle.
                        failed_starts = 0 if child.is_ready else failed_starts + 1
                        if failed_starts > 2 * self._workers:
                            raise RuntimeError(
                                f"children of the inspection pool do not start: {message}. Try "
                                "'python -m quality.tables.worker' by hand, or a larger memory_bytes."
                            )
                        continue
                    failed_starts = 0
                    task, child.task = child.task, None
                    if task.key not in again and _may_be_ours(child, message):
                        again.add(task.key)
                        returned.appendleft(task)
                        continue
                    yield task.key, message if isinstance(message, TableReport) else self._unknown(task, message)
        finally:
            # If the caller stops early, children are still working: their reports would be returned under
            # the wrong key.
            for child in [child for child in self._children if child.task]:
                self._end(child)

    def _unknown(self, task: Task, message: str) -> TableReport:
        why = f"the check was stopped: {message}"
        is_cut = isinstance(task, TableContext) and task.is_truncated
        told = table_rules()["not_looked_into"]
        defect = TableDefect(rule=told.id, count=1, message=f"{why}.", severity=told.severity, source="sniff")
        return TableReport(status="unknown", is_sample=is_cut, note=why, defects=(defect,))

    def _add_absence(self) -> None:
        """Add to all deadlines the time in which this process did something else, such as storing a report. Meanwhile a
        child that sends a long report waits, and that it loads a library is not heard."""
        absent_s = time.monotonic() - self._looked_at
        for child in self._children:
            child.deadline += absent_s

    def _hand_out(self, queue: deque[Task], again: Collection[str]) -> None:
        busy = sum(child.task is not None for child in self._children)
        while len(self._children) < min(self._workers, busy + len(queue)):
            self._start()
        for child in list(self._children):
            if not queue:
                return
            if child.is_ready and child.task is None:
                if queue[0].key in again and child.done:
                    # It wants a new child, which is started at the next call.
                    self._end(child)
                    continue
                task = queue.popleft()
                child.task, child.deadline = task, time.monotonic() + self._timeout_s
                child.paused_s, child.waited_s = None, waited_s(child.process.pid)
                assert child.process.stdin is not None
                try:
                    child.process.stdin.write(dump_task(task))
                    child.process.stdin.flush()
                except BrokenPipeError:
                    # The child died while it was idle, so the task is not the cause.
                    child.task = None
                    queue.appendleft(task)

    def _start(self) -> None:
        if self._adopt():
            return
        # A child that is kept outlives this pool and the pool's folder.
        folder = Path(tempfile.mkdtemp(prefix="winnow-", dir=self._folder.name if _KEPT is None else None))
        process = subprocess.Popen(
            [sys.executable, "-m", "quality.tables.worker", str(self._memory_bytes), str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            # No secrets are passed on to the child.
            env={
                "PATH": os.environ.get("PATH", os.defpath),
                "PYTHONPATH": os.pathsep.join(
                    [_ROOT, *(str(Path(path).absolute()) for path in filter(None, sys.path))]
                ),
                "PYTHONUTF8": "1",
                # Each arena of the C library takes up to 128 MiB of address space.
                "MALLOC_ARENA_MAX": "1",
                # Libraries look for their settings here and find none.
                "HOME": str(folder),
                # What a child unpacks is deleted with it, however it ends.
                "TMPDIR": str(folder),
                "GX_ANALYTICS_ENABLED": "false",
                # Numerical libraries would start a thread for each core, with 8 MiB of address space each.
                "OMP_NUM_THREADS": "1",
                "OPENBLAS_NUM_THREADS": "1",
                # Without memory, Rust hangs when it tries to print a backtrace.
                "RUST_BACKTRACE": "0",
            },
        )
        child = _Child(process, time.monotonic() + self._startup_timeout_s, folder, memory_bytes=self._memory_bytes)
        self._children.append(child)
        assert process.stdout is not None
        self._selector.register(process.stdout, selectors.EVENT_READ, child)

    def _events(self) -> list[tuple[_Child, TableReport | str]]:
        """Wait until something happens; return reports, and children that died or exceeded their time
        with the reason.
        """
        pending = [child for child in self._children if child.task or not child.is_ready]
        wait = max(0.0, min((child.deadline for child in pending), default=0.0) - time.monotonic())
        events: list[tuple[_Child, TableReport | str]] = []
        for key, _ in self._selector.select(wait):
            child: _Child = key.data
            block = os.read(key.fd, _READ_BYTES)
            if not block:
                events.append((child, self._end(child)))
                continue
            child.received += block
            *lines, rest = bytes(child.received).split(b"\n") if b"\n" in block else [bytes(child.received)]
            child.received = bytearray(rest)
            if len(child.received) > _MAX_REPORT_BYTES:
                events.append((child, "its report has no end"))
                self._end(child)
                continue
            for line in lines:
                if not child.is_ready:
                    child.is_ready = True
                    continue
                if self._is_about_loading(child, line + b"\n"):
                    continue
                try:
                    report = parse_report(line)
                except (ValueError, TypeError, KeyError, AttributeError):
                    # Code in C or Rust that a file has corrupted may write anything.
                    events.append((child, "the child process sent no report"))
                    self._end(child)
                    break
                events.append((child, report))
                child.done += 1
                # Memory that libraries never free is freed with the child, and so is what a failure left behind.
                is_full = resident_bytes(child.process.pid) > _MAX_RESIDENT * self._memory_bytes
                if is_full or child.done >= self._tasks_per_child or (report.note or "").startswith(FAULT):
                    self._end(child)
        now = time.monotonic()
        for child in list(self._children):
            if (child.task or not child.is_ready) and child.deadline <= now and all(c is not child for c, _ in events):
                waited = waited_s(child.process.pid)
                if waited > child.waited_s + _LEAST_WAIT_S:
                    child.deadline, child.waited_s = now + waited - child.waited_s, waited
                    continue
                self._end(child)
                is_loading = not child.is_ready or child.paused_s is not None
                spent = self._startup_timeout_s if is_loading else self._timeout_s
                events.append((child, f"{_TOO_LONG} {spent:g} seconds"))
        self._looked_at = time.monotonic()
        return events

    def _is_about_loading(self, child: _Child, line: bytes) -> bool:
        """Stop the clock of a child's file while the child loads a library; return whether ``line`` asks for that.

        A child may do so once, so that whatever a file makes of it cannot win time.
        """
        now = time.monotonic()
        if line == LOADING and child.task and not child.has_loaded:
            child.has_loaded, child.paused_s = True, child.deadline - now
            child.deadline = now + self._startup_timeout_s
            return True
        if line == LOADED and child.paused_s is not None:
            child.deadline, child.paused_s = now + child.paused_s, None
            return True
        return False

    def _end(self, child: _Child) -> str:
        """Kill ``child`` and return a clause that says how it ended."""
        self._children.remove(child)
        assert child.process.stdout is not None
        self._selector.unregister(child.process.stdout)
        was_running = child.process.poll() is None
        status = _kill(child)
        if status >= 0:
            return f"the child process ended with status {status}"
        name = signal.Signals(-status).name
        if was_running and name == "SIGKILL":
            return f"the child process was stopped ({name})"
        # Libraries in Rust and C end the process when memory runs out.
        return f"the child process died ({name}); at most {self._memory_bytes // 1024**2} MB are given to it"


def _may_be_ours(child: _Child, message: TableReport | str) -> bool:
    """Return whether a file may have failed because of what the files before it left in its child."""
    if isinstance(message, TableReport):
        return child.done > 1 and (message.note or "").startswith(FAULT)
    return child.done > 0 and not message.startswith(_TOO_LONG)


def _kill(child: _Child) -> int:
    """Kill a child with everything that it started, and return its exit status."""
    process = child.process
    assert process.stdin is not None and process.stdout is not None
    if process.poll() is None:
        # It leads a process group of its own, which is killed as a whole.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    status = process.wait()
    shutil.rmtree(child.folder, ignore_errors=True)
    process.stdout.close()
    with suppress(BrokenPipeError):  # a task may still be in the buffer
        process.stdin.close()
    return status
