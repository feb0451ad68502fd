"""Ctrl-C and SIGTERM within the process that works: never lost, and never in the way of cleaning up.

A handler can only raise, and what it raises may be swallowed by the code that it meets: a callback of Twisted, the end
of an object, a library that catches everything. So it is also remembered, and :mod:`.supervisor` asks again until this
process has ended.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

__all__ = [
    "INTERRUPTED_WORDS",
    "begin_ending",
    "check_interrupt",
    "end_within",
    "heed_signals",
    "is_interrupted",
    "run_loop",
]

SIGNALS = (signal.SIGINT, signal.SIGTERM)
INTERRUPTED_WORDS = "interrupted: what was seen is kept; the same command goes on where it stopped"
_T = TypeVar("_T")


class _State:
    is_asked = False
    is_ending = False
    alarm: int | None = None
    """Where the thread of :func:`end_within` listens."""


def heed_signals() -> None:
    """Let both signals interrupt this process, those that came while they were blocked among them.

    One that is ignored, as with nohup, stays ignored. Call it where KeyboardInterrupt is expected already.
    """
    for number in SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _interrupt)
    sys.unraisablehook = _unraisable
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


def _unraisable(told: sys.UnraisableHookArgs) -> None:
    """Say nothing of an interrupt that the end of an object has swallowed: it is remembered, and comes again."""
    if not issubclass(told.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(told)


def _interrupt(number: int, frame: object) -> None:
    if not _State.is_asked and _State.alarm is not None:
        os.write(_State.alarm, b"!")
    _State.is_asked = True
    if not _State.is_ending:
        raise KeyboardInterrupt


def check_interrupt() -> None:
    """Raise KeyboardInterrupt where one was asked for: called before what is done is said to be complete."""
    if _State.is_asked and not _State.is_ending:
        raise KeyboardInterrupt


def is_interrupted() -> bool:
    """Whether a signal has come, whatever became of the exception that it raised."""
    return _State.is_asked


def end_within(seconds: float) -> None:
    """End this process with 130 so long after a signal, whatever it does: for where no other process sees to that.

    The catalogue takes no harm: SQLite's WAL holds what was committed.
    """
    listening, _State.alarm = os.pipe()

    def wait() -> None:
        os.read(listening, 1)
        time.sleep(seconds)
        with suppress(OSError):
            os.write(2, f"{INTERRUPTED_WORDS}\n".encode())
        os._exit(130)

    threading.Thread(target=wait, name="end after a signal", daemon=True).start()


def begin_ending() -> None:
    """From now on nothing interrupts: what is left is to say that the work was interrupted."""
    _State.is_ending = True


def run_loop(work: Coroutine[Any, Any, _T], loop_factory: type[asyncio.AbstractEventLoop] | None = None) -> _T:
    """As asyncio.run. With :func:`heed_signals` an interrupt ends it at once, whatever the tasks make of it."""
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        found = runner.run(work)
    check_interrupt()
    return found
