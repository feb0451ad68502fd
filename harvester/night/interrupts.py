"""Handle Ctrl-C and SIGTERM in the working process: never lose them, and never disturb the clean-up.

A signal handler can only raise, and the code it interrupts may swallow the exception: a callback of Twisted, a
finalizer, a library that catches everything. So the signal is also remembered, and :mod:`.supervisor` sends it again
until this process has ended.
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
    """The file descriptor on which the thread of :func:`end_within` listens."""


def heed_signals() -> None:
    """Let SIGINT and SIGTERM raise KeyboardInterrupt in this process, also if they arrived while they were blocked.

    A signal that is ignored, as with nohup, stays ignored. Call this only where KeyboardInterrupt is already expected.
    """
    for number in SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _interrupt)
    sys.unraisablehook = _unraisable
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


def _unraisable(told: sys.UnraisableHookArgs) -> None:
    """Print nothing for an interrupt that a finalizer swallowed: it is remembered, and is sent again."""
    if not issubclass(told.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(told)


def _interrupt(number: int, frame: object) -> None:
    if not _State.is_asked and _State.alarm is not None:
        os.write(_State.alarm, b"!")
    _State.is_asked = True
    if not _State.is_ending:
        raise KeyboardInterrupt


def check_interrupt() -> None:
    """Raise KeyboardInterrupt if SIGINT or SIGTERM has arrived and the program is not already ending. Call this before
    reporting that work is complete, because a library may have swallowed the first exception."""
    if _State.is_asked and not _State.is_ending:
        raise KeyboardInterrupt


def is_interrupted() -> bool:
    """Return whether SIGINT or SIGTERM has arrived, even if a library swallowed the KeyboardInterrupt."""
    return _State.is_asked


def end_within(seconds: float) -> None:
    """From now on, end this process with exit code 130 ``seconds`` after SIGINT or SIGTERM, whatever it is doing by
    then. For use where no supervising process does so.

    The catalogue stays intact, because SQLite's write-ahead log holds what was committed.
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
    """Let SIGINT and SIGTERM raise nothing from now on. Call this when an interruption is being handled, so that a
    second signal does not disturb the clean-up."""
    _State.is_ending = True


def run_loop(work: Coroutine[Any, Any, _T], loop_factory: type[asyncio.AbstractEventLoop] | None = None) -> _T:
    """Run the coroutine ``work`` in a new event loop, like asyncio.run, and return its result.

    ``loop_factory`` is the class of the loop; None means asyncio's default. Raise KeyboardInterrupt if a signal arrived
    meanwhile (see :func:`heed_signals`), even if ``work`` swallowed it.
    """
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        found = runner.run(work)
    check_interrupt()
    return found
