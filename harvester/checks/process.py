"""Settings of the process that checks addresses: how many files it may have open."""

from __future__ import annotations

import resource

__all__ = ["allow_connections"]


def allow_connections(hosts: int) -> None:
    """Let this process hold connections to ``hosts`` hosts at once, as far as the system allows.

    Many systems allow only 1,024 open files at first.
    """
    wanted = 4 * hosts
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        ceiling = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, ceiling), hard))
