"""Split the addresses of a run into shards, so that each host is in one shard only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harvester.checks.check_task import CheckTask
from harvester.checks.due import queue_of

__all__ = ["JoinedNames", "host_groups", "split"]

REQUEST_S = 0.2
"""Seconds that a request takes beside the delay, roughly: only the balance of the shards depends on it."""


def host_groups(jobs: Iterable[CheckTask]) -> list[list[CheckTask]]:
    """Return the tasks ``jobs`` in groups, each of which must be done by a single machine, so that pauses between
    requests to a host are kept.

    A group holds the addresses of one host, and those of the hosts to which one of them was redirected at its last
    check, because the machine that meets a redirect follows it. An address without a host is a group of its own. The
    groups are in the order of their first addresses.
    """
    groups = JoinedNames()
    jobs = list(jobs)
    for job in jobs:
        previous = job.target.previous
        asked = [job.target.url]
        if previous is not None:
            asked += [*previous.redirect_chain, previous.final_url or ""]
        groups.join([host for url in asked if (host := queue_of(url))] or [job.target.url])
    found: dict[str, list[CheckTask]] = {}
    for job in jobs:
        found.setdefault(groups.name_of(queue_of(job.target.url) or job.target.url), []).append(job)
    return list(found.values())


def split(jobs: Sequence[CheckTask], shards: int) -> list[list[CheckTask]]:
    """Split ``jobs`` into ``shards`` lists of about equal duration, some of which may be empty. Each keeps the order of
    ``jobs``.

    The addresses of a group of :func:`host_groups` stay together. The groups that take longest are assigned first, each
    to the list with the shortest duration so far. The duration of a group is estimated from its number of addresses and
    the pauses between requests.
    """
    groups = sorted(host_groups(jobs), key=_seconds, reverse=True)
    spent = [0.0] * shards
    chosen: dict[str, int] = {}
    for group in groups:
        shard = min(range(shards), key=spent.__getitem__)
        # Hosts are asked side by side, so a list of many short groups is shorter than their sum; but every request
        # costs the machine something, and that adds up.
        spent[shard] += _seconds(group)
        chosen |= {job.target.url: shard for job in group}
    found: list[list[CheckTask]] = [[] for _ in range(shards)]
    for job in jobs:
        found[chosen[job.target.url]].append(job)
    return found


def _seconds(group: Sequence[CheckTask]) -> float:
    return sum(job.limits.delay_s + REQUEST_S for job in group)


class JoinedNames:
    """Names joined into groups: each group is known by one of its names."""

    def __init__(self) -> None:
        self._parents: dict[str, str] = {}

    def name_of(self, one: str) -> str:
        """Return the name by which the group of the name ``one`` is known; a new name is a group of its own."""
        while (parent := self._parents.setdefault(one, one)) != one:
            self._parents[one] = self._parents[parent]
            one = parent
        return one

    def join(self, names: Sequence[str]) -> None:
        """Put all of ``names``, at least one, into one group, with the groups that they are in already."""
        first = self.name_of(names[0])
        for name in names[1:]:
            self._parents[self.name_of(name)] = first
