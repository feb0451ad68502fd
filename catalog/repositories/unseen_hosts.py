"""Find the hosts of which no address could be observed: nothing is known of them, and nothing is charged."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from catalog.db.store import Catalog
from catalog.repositories.cause_facts import host_of

__all__ = ["UnseenHost", "unseen_hosts"]

_OURS = ("ours", "private_address", "robots", "too_large", "budget")
"""Faults that are a decision or a fault of this side."""


@dataclass(frozen=True, slots=True)
class UnseenHost:
    """A host of which every checked address has the outcome "unknown".

    ``fault``: the most frequent reason, such as "timeout"; "" if none is stored. ``datasets`` and ``files``: numbers of
    datasets and distributions of the portal with checked addresses on this host.
    """

    host: str
    fault: str
    datasets: int
    files: int
    is_ours: bool
    """Whether ``fault`` is a reason that lies with us, such as a limit of ours, not with the server."""


@dataclass(slots=True)
class _Count:
    files: int = 0
    seen: int = 0
    datasets: set[str] = field(default_factory=set)
    faults: Counter[str] = field(default_factory=Counter)


def unseen_hosts(catalog: Catalog, portal_id: str, minimum: int) -> list[UnseenHost]:
    """Return the hosts on which every checked file (distribution) of a portal has the outcome "unknown", sorted by
    name.

    ``minimum``: a host with fewer checked files is left out. See :class:`catalog.model.ResourceCheck` for the outcomes.
    """
    found: dict[str, _Count] = {}
    for url, dataset, outcome, fault in catalog.db.conn.execute(
        """select r.url, x.dataset_id, r.outcome, coalesce(r.fault, '') from current_distributions x
           join resource_checks r on r.url = x.url where x.portal_id = ?""",
        [portal_id],
    ):
        one = found.setdefault(host_of(url), _Count())
        one.files += 1
        one.seen += outcome != "unknown"
        one.datasets.add(dataset)
        one.faults[fault] += 1
    return [
        UnseenHost(host, fault := one.faults.most_common(1)[0][0], len(one.datasets), one.files, fault in _OURS)
        for host, one in sorted(found.items())
        if host and one.files >= minimum and not one.seen
    ]
