"""End the work of a portal that blocks the event loop: its harvest, or all of them, would otherwise never end.

All portals share one event loop. A parser stuck in one response blocks the loop, and then no deadline of asyncio
takes effect. A system timer interrupts it. A record that takes longer than MAX_SECONDS is lost like an unreadable
one; past the portal's deadline its harvest ends. Python cannot interrupt a long call of a library;
:mod:`.supervisor`, which watches the heartbeat of this module, ends that.
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
"""Seconds that one step of a portal may block the others."""
PATIENCE_S = 5.0
"""Seconds that a step may take past the portal's deadline."""
TICK_S = 1.0
_Ts = TypeVarTuple("_Ts")


class HeldUpError(Exception):
    """Raised if reading one response or one record takes longer than MAX_SECONDS."""


class OverdueError(BaseException):
    """Raised in the code of a portal's harvest if the portal's deadline passes while that code blocks the event loop.

    It derives from BaseException so that code that handles unreadable records does not catch it.
    """


@dataclass(frozen=True, slots=True)
class _Portal:
    id: str
    until: float


_AT_WORK: ContextVar[_Portal | None] = ContextVar("portal at work", default=None)


class _State:
    turned_at = 0.0
    """When the loop last turned, by the monotonic clock; 0 while nothing is watched."""
    last: _Portal | None = None
    ticked_at = 0.0


def work_on(portal_id: str, deadline_s: float) -> None:
    """Mark the calling task, and every task it starts, as work on the portal ``portal_id``, which must end within
    ``deadline_s`` seconds from now."""
    _AT_WORK.set(_Portal(portal_id, time.monotonic() + deadline_s))


def _step(callback: Callable[[*_Ts], object], *given: *_Ts) -> None:
    """Run one step of the loop, in the context of its task."""
    portal = _AT_WORK.get()
    if portal is not _State.last:
        _State.last = portal
        PULSE.work_on(portal.id if portal else "", portal.until if portal else 0.0)
    callback(*given)


class WatchedLoop(asyncio.SelectorEventLoop):
    """Event loop that records which portal each of its steps belongs to. This costs about 0.7 microseconds per step."""

    def call_soon(
        self, callback: Callable[[*_Ts], object], *args: *_Ts, context: Context | None = None
    ) -> asyncio.Handle:
        # A closure for each step would cost as much again.
        return super().call_soon(_step, callback, *args, context=context)


async def beat() -> None:
    """Record twice a second that the event loop is running, until cancelled. The watchdog and the supervising process
    rely on it."""
    while True:
        _State.turned_at = time.monotonic()
        PULSE.beat()
        await asyncio.sleep(TICK_S / 2)


@contextmanager
def watched() -> Iterator[None]:
    """Context manager that interrupts a step of the event loop that blocks it for too long, by raising HeldUpError or
    OverdueError in it. In the loop, :func:`beat` must run, and :func:`work_on` names the portal of each task.

    In another thread than the main one nothing is interrupted, because Python handles signals nowhere else.
    """
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
    """Allow no interruption inside this context: the catalogue is being written."""

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
        # The process was stopped for a while (Ctrl-Z), or a library kept Python from handling the signal. It continues
        # now.
        _State.turned_at = now
    silent = now - _State.turned_at
    if now > portal.until and silent > PATIENCE_S:
        raise OverdueError(f"{portal.id}: the deadline is over")
    if silent > MAX_SECONDS:
        _State.turned_at = now
        PULSE.beat()
        raise HeldUpError(f"it takes longer than {MAX_SECONDS:g} seconds to read")
