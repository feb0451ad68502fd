"""Ctrl-C and SIGTERM within the process that works: never lost, and never in the way of cleaning up.

A handler can only raise, and what it raises may be swallowed by the code that it meets: a callback of Twisted, the end
of an object, a library that catches everything. So it is also remembered, and :mod:`.supervisor` asks again until this
process has ended.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Coroutine
from typing import Any, TypeVar

__all__ = ["begin_ending", "check_interrupt", "heed_signals", "run_loop"]

SIGNALS = (signal.SIGINT, signal.SIGTERM)
_T = TypeVar("_T")


class _State:
    is_asked = False
    is_ending = False


def heed_signals() -> None:
    """Let both signals interrupt this process. One that is ignored, as with nohup, stays ignored."""
    for number in SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _interrupt)
    sys.unraisablehook = _unraisable


def _unraisable(told: sys.UnraisableHookArgs) -> None:
    """Say nothing of an interrupt that the end of an object has swallowed: it is remembered, and comes again."""
    if not issubclass(told.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(told)


def _interrupt(number: int, frame: object) -> None:
    _State.is_asked = True
    if not _State.is_ending:
        raise KeyboardInterrupt


def check_interrupt() -> None:
    """Raise KeyboardInterrupt where one was asked for: called before what is done is said to be complete."""
    if _State.is_asked and not _State.is_ending:
        raise KeyboardInterrupt


def begin_ending() -> None:
    """From now on nothing interrupts: what is left is to say that the work was interrupted."""
    _State.is_ending = True


def run_loop(work: Coroutine[Any, Any, _T], loop_factory: type[asyncio.AbstractEventLoop] | None = None) -> _T:
    """As asyncio.run. With :func:`heed_signals` an interrupt ends it at once, whatever the tasks make of it."""
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        found = runner.run(work)
    check_interrupt()
    return found
