"""Whether it is our own network that fails: many hosts in a row, and even those that answered before.

What no host answers says nothing of an address. Checks that failed for want of a connection are held back until some
host answers; then they stand as they are.
"""

from __future__ import annotations

from dataclasses import replace

from catalog.model import ResourceCheck

__all__ = ["HOSTS", "Outage", "has_answered"]

HOSTS = 10
"""In a row, without one that answers, after which it is asked whether a host that must be there answers still."""
_NO_CONNECTION = ("dns", "connect", "timeout")
_ANSWERED = ("tls", "cut_short")


def has_answered(seen: ResourceCheck) -> bool:
    """Whether a host was reached."""
    return seen.outcome == "ok" or seen.status is not None or seen.fault in _ANSWERED


class Outage:
    """The checks since a host answered last."""

    def __init__(self) -> None:
        self.held: dict[str, list[ResourceCheck]] = {}
        self.asked_at = HOSTS

    def take(self, host: str, seen: ResourceCheck) -> list[ResourceCheck]:
        """The checks that are settled by this one."""
        if has_answered(seen):
            return [*self.release(), seen]
        if seen.fault not in _NO_CONNECTION:
            # It was not asked at all.
            return [seen]
        self.held.setdefault(host, []).append(seen)
        return []

    @property
    def is_likely(self) -> bool:
        """Whether so many hosts have failed that it is to be found out."""
        return len(self.held) >= self.asked_at

    def release(self) -> list[ResourceCheck]:
        """The held checks as they are: the network is there."""
        held = [one for checks in self.held.values() for one in checks]
        self.held, self.asked_at = {}, HOSTS
        return held

    def lost(self) -> list[ResourceCheck]:
        """The held checks as ones that say nothing."""
        why = f"the network of this machine failed: {len(self.held)} hosts in a row did not answer, and no other"
        return [
            replace(one, outcome="unknown", fault="ours", detail=f"{why} ({one.fault}: {one.detail})"[:500])
            for one in self.release()
        ]
