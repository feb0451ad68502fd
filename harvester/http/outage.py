"""Decide whether our own network is down: many hosts in a row fail, even some that responded before.

A failure during our own outage says nothing about an address. Checks that failed without a connection are held
back until a host responds; then they are written unchanged.
"""

from __future__ import annotations

from dataclasses import replace

from catalog.model import ResourceCheck

__all__ = ["HOSTS", "Outage", "has_responded"]

HOSTS = 10
"""Hosts that fail in a row before the network is tested by asking a host that must respond."""
_NO_CONNECTION = ("dns", "connect", "timeout")
_RESPONDED = ("tls", "cut_short")


def has_responded(seen: ResourceCheck) -> bool:
    """Return whether ``seen``, a check of a distribution's address, got any response from the host, even an error."""
    return seen.outcome == "ok" or seen.status is not None or seen.fault in _RESPONDED


class Outage:
    """Collects the checks of addresses that got no connection, until it is clear whether our own network is down.

    ``held``: the collected checks, as a mapping from host to list.
    """

    def __init__(self) -> None:
        self.held: dict[str, list[ResourceCheck]] = {}
        self.asked_at = HOSTS

    def take(self, host: str, seen: ResourceCheck) -> list[ResourceCheck]:
        """Add ``seen``, one check of a distribution's address, and return the checks whose results can now be stored.

        ``host``: the host of the address. If it responded, all collected checks and this one are returned. If the check
        failed without a connection, it is collected and the list is empty. Any other check is returned alone.
        """
        if has_responded(seen):
            return [*self.release(), seen]
        if seen.fault not in _NO_CONNECTION:
            # The address was not asked, so the check says nothing about the network.
            return [seen]
        self.held.setdefault(host, []).append(seen)
        return []

    @property
    def is_likely(self) -> bool:
        """Return whether HOSTS (10) hosts or more have failed without a connection since a host last responded.

        Our own network must then be tested. If it has been tested in the meantime, only later failures count.
        """
        return len(self.held) >= self.asked_at

    def release(self) -> list[ResourceCheck]:
        """Return the collected checks unchanged and forget them. Call this when our own network works."""
        held = [one for checks in self.held.values() for one in checks]
        self.held, self.asked_at = {}, HOSTS
        return held

    def lost(self) -> list[ResourceCheck]:
        """Return the collected checks with outcome "unknown" and fault "ours", and forget them. Call this when our own
        network is down."""
        why = f"the network of this machine failed: {len(self.held)} hosts in a row did not answer, and no other"
        return [
            replace(one, outcome="unknown", fault="ours", detail=f"{why} ({one.fault}: {one.detail})"[:500])
            for one in self.release()
        ]
