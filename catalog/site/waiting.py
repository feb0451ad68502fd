"""Let visitors' own SQL run one after the other: one query of each address at a time, and two in all.

Without it a single visitor with twenty slow queries takes all threads that read the database, and every page waits.
"""

from __future__ import annotations

import asyncio
from collections import deque

__all__ = ["AT_ONCE", "WAITING", "SqlQueue"]

AT_ONCE = 2
"""Queries that run at the same time; the site has twice as many threads."""
WAITING = 4
"""Queries of one address that may wait for one that runs."""


class SqlQueue:
    """Queue of visitors' queries. Use it from one event loop."""

    def __init__(self) -> None:
        self._running: set[str] = set()
        self._waiting: deque[tuple[str, asyncio.Future[None]]] = deque()

    async def enter(self, address: str) -> bool:
        """Wait until a query of ``address``, an IP address, may run; call :meth:`leave` after it.

        Return False, at once, if too many of this address wait already.
        """
        if sum(one == address for one, _ in self._waiting) >= WAITING:
            return False
        if self._may_run(address):
            self._running.add(address)
            return True
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((address, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave(address)
            else:
                self._waiting.remove((address, turn))
            raise
        return True

    def leave(self, address: str) -> None:
        """Note that the query of ``address`` has ended, and let the next one run: the one that has waited longest
        among those whose address runs no query."""
        self._running.discard(address)
        for one in [*self._waiting]:
            if self._may_run(one[0]):
                self._waiting.remove(one)
                self._running.add(one[0])
                one[1].set_result(None)

    def _may_run(self, address: str) -> bool:
        return address not in self._running and len(self._running) < AT_ONCE
