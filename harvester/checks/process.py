"""Settings of the process that checks addresses: open files, and garbage collection."""

from __future__ import annotations

import gc
import resource
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["allow_connections", "rare_collections"]


def allow_connections(hosts: int) -> None:
    """Let this process hold connections to ``hosts`` hosts at once, as far as the system allows.

    Many systems allow only 1,024 open files at first.
    """
    wanted = 4 * hosts
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        ceiling = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, ceiling), hard))


@contextmanager
def rare_collections() -> Iterator[None]:
    """Run Python's garbage collector less often within a ``with`` block, and after it as often as before.

    While addresses are checked, so many objects are alive that collections would take a fifth of the processor time.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
