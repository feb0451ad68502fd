"""How long a task may take on another machine before it counts as stuck."""

from __future__ import annotations

from collections.abc import Sequence

from harvester.errors import ShardError
from harvester.night.crawl import AT_ONCE
from specs.portals import PortalSpec

__all__ = ["check_limit_s", "harvest_limit_s"]

SLACK_S = 300.0
"""Seconds beyond the deadlines of the portals, after which a library has blocked the process."""
FILE_S = 5.0
"""Seconds for each address to inspect its file. Most files take a small part of a second."""


def harvest_limit_s(portals: Sequence[PortalSpec]) -> float:
    """Return the seconds that a harvest of ``portals`` by one machine may take, from the deadlines of their portal
    files. Raise ShardError if there are no portals.
    """
    if not portals:
        raise ShardError("the task has no portals")
    turns = -(-len(portals) // AT_ONCE)
    return turns * max(one.limits.deadline_s + one.limits.timeout_s for one in portals) + SLACK_S


def check_limit_s(portals: Sequence[PortalSpec], addresses: int) -> float:
    """Return the seconds that one machine may take to check and inspect ``addresses`` addresses of ``portals``, which
    must not be empty. The deadlines of the check in their portal files decide.

    Portals declared local are checked one after the other, all others together.
    """
    turns = 1 + sum(portal.local for portal in portals)
    longest = max(one.limits.check_deadline_s + one.limits.feed_timeout_s for one in portals)
    return turns * longest + addresses * FILE_S + SLACK_S
