"""What ends a portal that holds up the loop: its harvest, or all of them, would never come to an end.

All portals share one event loop. A reader that is caught in one answer keeps the loop from turning, and no deadline of
asyncio is heeded. A timer of the system interrupts it: a record that takes longer than MAX_SECONDS is lost alone, as
one that cannot be read; past the portal's deadline its harvest ends. What Python cannot interrupt, a long call of a
library, is ended by :mod:`.supervisor`, which listens to the pulse given here.
"""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import Context, ContextVar
from dataclasses import dataclass
from types import TracebackType
from typing import TypeVarTuple

from harvester.cli.supervisor import PULSE

__all__ = ["HELD", "MAX_SECONDS", "HeldUpError", "OverdueError", "WatchedLoop", "beat", "watched", "work_on"]

MAX_SECONDS = 60.0
"""That one step of a portal may hold up the others."""
PATIENCE_S = 5.0
"""That a step may take past the portal's deadline."""
TICK_S = 1.0
_Ts = TypeVarTuple("_Ts")


class HeldUpError(Exception):
    """One answer, or one record, takes too long to read."""


class OverdueError(BaseException):
    """The portal's deadline is over in the midst of a step. No reader of records may catch it."""


@dataclass(frozen=True, slots=True)
class _Portal:
    id: str
    until: float


_AT_WORK: ContextVar[_Portal | None] = ContextVar("portal at work", default=None)


class _State:
    turned_at = 0.0
    """When the loop last turned, by the monotonic clock; 0 where nothing is watched."""
    last: _Portal | None = None
    ticked_at = 0.0


def work_on(portal_id: str, deadline_s: float) -> None:
    """The task that calls this, and all that it begins, works on a portal."""
    _AT_WORK.set(_Portal(portal_id, time.monotonic() + deadline_s))


def _step(callback: Callable[[*_Ts], object], *given: *_Ts) -> None:
    """One step of the loop, in the context of its task."""
    portal = _AT_WORK.get()
    if portal is not _State.last:
        _State.last = portal
        PULSE.work_on(portal.id if portal else "", portal.until if portal else 0.0)
    callback(*given)


class WatchedLoop(asyncio.SelectorEventLoop):
    """An event loop that says whose step it is about to take. That costs some 0.7 microseconds a step."""

    def call_soon(
        self, callback: Callable[[*_Ts], object], *args: *_Ts, context: Context | None = None
    ) -> asyncio.Handle:
        # Not a closure for each step: making one costs as much again.
        return super().call_soon(_step, callback, *args, context=context)


async def beat() -> None:
    """The pulse: a task that runs as long as portals are harvested."""
    while True:
        _State.turned_at = time.monotonic()
        PULSE.beat()
        await asyncio.sleep(TICK_S / 2)


@contextmanager
def watched() -> Iterator[None]:
    """Interrupt what holds up the loop. Only in the main thread, where alone Python hears signals."""
    is_main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGALRM, _tick) if is_main else None
    try:
        if is_main:
            signal.setitimer(signal.ITIMER_REAL, TICK_S, TICK_S)
        yield
    finally:
        if is_main:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        _State.turned_at, _State.last = 0.0, None
        PULSE.stop()


class _Held:
    """Within this, nothing is interrupted: the catalogue is being written."""

    depth = 0

    def __enter__(self) -> None:
        self.depth += 1
        PULSE.hold()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.depth -= 1
        if _State.turned_at:
            _State.turned_at = time.monotonic()
            PULSE.beat()


HELD = _Held()


def _tick(number: int, frame: object) -> None:
    portal, now = _AT_WORK.get(), time.monotonic()
    gap, _State.ticked_at = now - _State.ticked_at, now
    if not _State.turned_at or portal is None or HELD.depth:
        return
    if gap > PATIENCE_S:
        # This process was stopped for a while (Ctrl-Z), or a library has kept Python from hearing: it goes on now.
        _State.turned_at = now
    silent = now - _State.turned_at
    if now > portal.until and silent > PATIENCE_S:
        raise OverdueError(f"{portal.id}: the deadline is over")
    if silent > MAX_SECONDS:
        _State.turned_at = now
        PULSE.beat()
        raise HeldUpError(f"it takes longer than {MAX_SECONDS:g} seconds to read")
