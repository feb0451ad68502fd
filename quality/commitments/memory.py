"""Follow the datasets of an indicator from run to run: which are in the scope, vanished, were replaced or waived.

A dataset that was once in the scope stays in the denominator as failing when it vanishes or loses its tag. Otherwise a
government could keep its promise by removing what fails.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from catalog.repositories.commitment_rows import Head
from catalog.vocabulary.folding import name_key
from specs.commitments import Commitment

__all__ = ["Membership", "membership"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """The datasets over which an indicator is measured in one run: those in its scope, and those that have left it."""

    active: frozenset[str]
    """Ids of the datasets that are in the scope now. In a cohort, a scope that is fixed to the datasets of the first
    run, those that are new since then are left out."""
    gone: frozenset[str]
    """Ids of the datasets that were in the scope in an earlier run and no longer are. They count as failing."""
    excused: Mapping[str, str] = field(default_factory=dict)
    """Ids of the datasets that left the scope but do not count as failing, because they were replaced or waived. Each
    id is mapped to the reason."""

    @property
    def vanished(self) -> float:
        """Return which share of the counted datasets (``active`` and ``gone``) has left the scope, 0 to 1."""
        total = len(self.active) + len(self.gone)
        return len(self.gone) / total if total else 0.0


def membership(
    scope: Iterable[str],
    remembered: Mapping[str, Mapping[str, Any]],
    members: Mapping[str, Head],
    commitment: Commitment,
    *,
    is_cohort: bool,
) -> Membership:
    """Compare the scope of an indicator with its datasets in earlier runs, and sort all of them into a Membership.

    - ``scope``: ids of the datasets that are in the scope now.
    - ``remembered``: the datasets of earlier runs, as rows of ``commitment_members`` by dataset id.
    - ``members``: title, publisher and status by dataset id. Needed only if a dataset has left the scope; else it may
      be empty.
    - ``commitment``: names the datasets that are waived.
    - ``is_cohort``: if true, datasets that are new since the first run are left out, unless they replace one of the
      first run.
    """
    now = frozenset(scope)
    fresh = now - remembered.keys()
    lost = sorted(remembered.keys() - now)
    excused = _waived(lost, members, commitment)
    replaced = _replaced([name for name in lost if name not in excused], now, fresh, remembered, members)
    active = now if not is_cohort or not remembered else (now & remembered.keys()) | set(replaced.values())
    excused |= {name: f"replaced by {other}" for name, other in replaced.items()}
    return Membership(active=frozenset(active), gone=frozenset(lost) - excused.keys(), excused=excused)


def _waived(lost: Iterable[str], members: Mapping[str, Head], commitment: Commitment) -> dict[str, str]:
    reasons = {
        one.dataset: f"{one.reason}; replaced by {one.replaced_by}" if one.replaced_by else one.reason
        for one in commitment.waived
    }
    found = {}
    for name in lost:
        names = (name, members[name].identifier if name in members else None)
        reason = next((reasons[one] for one in names if one in reasons), None)
        if reason is not None:
            found[name] = f"waived: {reason}"
    return found


def _replaced(
    lost: Iterable[str],
    now: frozenset[str],
    fresh: frozenset[str],
    remembered: Mapping[str, Mapping[str, Any]],
    members: Mapping[str, Head],
) -> dict[str, str]:
    """Return the successor of each lost dataset: the original of a copy, or a later dataset with the same title,
    publisher and portal. A dataset replaces only one other.
    """
    lost = list(lost)
    if not lost:
        return {}
    offers: dict[tuple[str, str | None, str], list[str]] = defaultdict(list)
    for name in sorted(now):
        if name in members:
            offers[_name(members[name])].append(name)
    taken: set[str] = set()
    found: dict[str, str] = {}
    for name in lost:
        member = members.get(name)
        if member is None:
            continue
        if member.copy_of in now and member.status == "present":
            found[name] = str(member.copy_of)
            continue
        key = _name(member)
        last_seen = str(remembered[name]["last_seen_run"])
        for other in offers[key] if key[2] else ():
            is_later = other in fresh or str(remembered[other]["first_seen_run"]) > last_seen
            if is_later and other not in taken:
                taken.add(other)
                found[name] = other
                break
    return found


def _name(member: Head) -> tuple[str, str | None, str]:
    return member.portal_id, member.publisher_id, name_key(member.title or "")
