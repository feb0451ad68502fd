"""The process that a user starts: it waits for a working child, and ends it whatever the child is doing.

Python handles a signal only between two of its own instructions. During a long call of a library, or when code
swallows the handler's exception, Ctrl-C would be lost, and a parser that never returns would block all portals of a
night. So a child does the work. This process only waits: for the child's end, for signals, and for a heartbeat.

- SIGINT and SIGTERM are passed on repeatedly; after GRACE_S seconds the child and all it started are killed. The exit
  code is 130, even if the child finished at the same moment.
- While portals are harvested, the child's event loop sends a heartbeat. If it is silent for longer than any document
  may take, or the current portal is past its deadline, the child is killed and started again without that portal: the
  same command continues where it stopped.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import signal
import struct
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from harvester.night.interrupts import INTERRUPTED_WORDS, end_within

__all__ = ["PULSE", "RUN", "STUCK", "Pulse", "supervised"]

GRACE_S = 2.5
"""Seconds from a signal to the kill."""
AGAIN_S = 1.0
"""Seconds between a signal and its repetition."""
SILENCE_S = 80.0
"""Seconds without a heartbeat. A child process has 60 seconds for a document, and the loop keeps turning meanwhile."""
LATE_S = 20.0
"""Seconds without a heartbeat once the current portal is past its deadline."""
HOLD_S = 1_800.0
"""Seconds without a heartbeat while the catalogue is written."""
MAX_RESTARTS = 32
NOTE_S = 1.0
"""Seconds for recording in the catalogue that a run was killed."""
MEMORY_SHARE = 0.75
"""Share of this machine's memory that a portal may use while it blocks the loop."""
_FROM_KERNEL = 0x80  # SI_KERNEL of sigaction(2)
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36  # prctl(2)
_FIELDS = struct.Struct("=ddI500s")

STUCK: dict[str, str] = {}
"""Portals that ended the last child, and how: the next child skips them."""


@dataclass(frozen=True, slots=True)
class _Seen:
    at: float
    until: float
    portal_id: str


class Pulse:
    """Memory shared by the supervising process and the working child. The child writes to it when its event loop last
    ran, which portal it is working on, and that portal's deadline; the supervisor reads it. All times are seconds of
    the monotonic clock."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _FIELDS.size)

    def beat(self) -> None:
        """Record that the event loop is running now."""
        struct.pack_into("=d", self._memory, 0, time.monotonic())

    def hold(self) -> None:
        """Allow HOLD_S seconds until the next call of :meth:`beat`, because the catalogue is being written. Do nothing
        while the supervisor expects no heartbeat."""
        if struct.unpack_from("=d", self._memory)[0]:
            struct.pack_into("=d", self._memory, 0, time.monotonic() + HOLD_S)

    def work_on(self, portal_id: str, until: float) -> None:
        """Record that the child works on the portal ``portal_id`` ("" for none), whose harvest must end at ``until``,
        in seconds of the monotonic clock."""
        name = portal_id.encode("utf-8", "replace")[:500]
        struct.pack_into("=dI500s", self._memory, 8, until, len(name), name)

    def stop(self) -> None:
        """Erase the record, so that the supervisor expects no heartbeat from now on."""
        self._memory[:] = bytes(_FIELDS.size)

    def seen(self) -> _Seen | None:
        """Return the last heartbeat of the child, with portal and deadline. None if no heartbeat is expected."""
        at, until, length, name = _FIELDS.unpack_from(self._memory)
        return _Seen(at, until, name[:length].decode("utf-8", "replace")) if at else None


class _Run:
    """Shared memory: the catalogue that a run is written to, and its id."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 8192)

    def begin(self, path: Path, run_id: str) -> None:
        """Record that a run has begun."""
        said = f"{run_id}\n{path.absolute()}".encode("utf-8", "surrogateescape")
        if len(said) < len(self._memory):
            self._memory[:] = said.ljust(len(self._memory), b"\0")

    def end(self) -> None:
        """Record that the run's outcome is written."""
        self._memory[:] = bytes(len(self._memory))

    def note_its_end(self) -> None:
        """Record in the catalogue that a killed run was interrupted; in a child process, since a disk may be slow."""
        run_id, _, path = self._memory[:].rstrip(b"\0").decode("utf-8", "surrogateescape").partition("\n")
        if not path:
            return
        child = os.fork()
        if child == 0:
            with suppress(BaseException):
                from catalog.repositories.lost_runs import end_lost_run

                end_lost_run(Path(path), run_id, NOTE_S)
            os._exit(0)
        until = time.monotonic() + NOTE_S
        while time.monotonic() < until:
            if os.waitpid(child, os.WNOHANG)[0]:
                return
            time.sleep(0.01)
        _kill(child)


PULSE = Pulse()
RUN = _Run()


def supervised(work: Callable[[], int]) -> int:
    """Run ``work`` in a child process, watch it, and exit with the exit code that it returns. A child that is blocked
    by one portal is killed and started again without that portal.

    In the child, SIGINT and SIGTERM are blocked until ``work`` calls :func:`.interrupts.heed_signals`. The function
    returns only in the child, and where no child is possible (on systems other than Linux, or if several threads run):
    there ``work`` runs in this process.
    """
    if sys.platform != "linux" or threading.active_count() > 1:
        end_within(GRACE_S)
        return work()
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)
    watched = {signal.SIGINT, signal.SIGTERM, signal.SIGCHLD}
    signal.pthread_sigmask(signal.SIG_BLOCK, watched)
    parent = os.getpid()
    while True:
        PULSE.stop()
        sys.stdout.flush()
        sys.stderr.flush()
        child = os.fork()
        if child == 0:
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:
                os._exit(1)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
            return work()
        code = _wait(child, watched)
        _end_all()
        if code is not None:
            RUN.note_its_end()
            sys.stdout.flush()
            sys.stderr.flush()
            # A signal that came too late for the child still counts, and almost no time is left for another.
            os._exit(130 if signal.sigpending() & {signal.SIGINT, signal.SIGTERM} else code)


def _wait(child: int, watched: set[signal.Signals]) -> int | None:
    """Return the child's exit code; None if it must be started again."""
    asked_at = told_at = 0.0
    at = awake_since = time.monotonic()
    while True:
        heard = signal.sigtimedwait(watched, 0.2 if asked_at else 1.0)
        now = time.monotonic()
        # If this process was paused (Ctrl-Z), so was the child.
        awake_since, at = now if now - at > 5 else awake_since, now
        if heard is not None and heard.si_signo in (signal.SIGINT, signal.SIGTERM) and not asked_at:
            asked_at = now
            # A signal from the terminal has already reached the child.
            told_at = now if heard.si_code == _FROM_KERNEL else 0.0
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            code = os.waitstatus_to_exitcode(status)
            if asked_at and code != 130:
                _say(INTERRUPTED_WORDS)
            return _code_of(code, is_asked=bool(asked_at))
        if asked_at and now - asked_at > GRACE_S:
            _kill(child)
            _say(INTERRUPTED_WORDS)
            return 130
        if asked_at and now - told_at > AGAIN_S:
            told_at = now
            os.kill(child, signal.SIGINT)
        if not asked_at and (why := _why_stuck(child, awake_since)):
            seen = PULSE.seen()
            _kill(child)
            if seen is None or not seen.portal_id or seen.portal_id in STUCK or len(STUCK) >= MAX_RESTARTS:
                _say(f"winnow: {why}; run the same command again: it goes on")
                return 1
            STUCK[seen.portal_id] = why
            return None


def _why_stuck(child: int, awake_since: float) -> str | None:
    """Return why the child must be killed, as a sentence; None if it is well."""
    seen = PULSE.seen()
    if seen is None:
        return None
    now = time.monotonic()
    silent = now - max(seen.at, awake_since)
    if silent > SILENCE_S:
        return f"the program was held up for {silent:.0f} seconds by one response"
    if silent > LATE_S and seen.portal_id and now > seen.until:
        return f"the deadline passed, and the program was held up for {silent:.0f} seconds by one response"
    if silent > 2 and seen.portal_id and _memory_of(child) > MEMORY_SHARE * _memory():
        return "one response took nearly all memory of this machine"
    return None


def _code_of(code: int, *, is_asked: bool) -> int | None:
    if is_asked:
        return 130
    if code >= 0:
        return code
    seen, name = PULSE.seen(), signal.Signals(-code).name
    why = f"the program died ({name}) at one response; where it is SIGKILL, perhaps for lack of memory"
    if seen is not None and seen.portal_id and seen.portal_id not in STUCK and len(STUCK) < MAX_RESTARTS:
        STUCK[seen.portal_id] = why
        return None
    _say(f"winnow: the program died ({name}); what was seen is kept; the same command goes on where it stopped")
    return 128 - code


def _say(text: str) -> None:
    with suppress(OSError):
        sys.stderr.write(text + "\n")
        sys.stderr.flush()


def _kill(child: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _end_all() -> None:
    """Kill the processes that the child left behind: this process adopts orphans."""
    until = time.monotonic() + 1.0
    while time.monotonic() < until:
        left = Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text("ascii").split()
        if not left:
            return
        for pid in left:
            with suppress(ProcessLookupError, ChildProcessError):
                os.kill(int(pid), signal.SIGKILL)
                os.waitpid(int(pid), 0)


def _memory_of(child: int) -> int:
    with suppress(OSError, ValueError, IndexError):
        return int(Path(f"/proc/{child}/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def _memory() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
