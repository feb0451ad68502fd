"""Check a disputed finding again at once: ask its address, open its file, score its dataset.

Addresses, requests and minutes are limited; the rest waits for the next night. So does a finding that depends only
on the portal's record, which only a harvest reads. Of a disputed cause some findings are checked again, and the
outcome is theirs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from catalog.db.store import Catalog, now
from catalog.repositories.checks import checked_since, outcome_of
from catalog.repositories.disputes import check_soon, disputed, write_correction, write_outcome
from catalog.repositories.finding_states import is_unobserved, state_of
from harvester.cli.configuration import load as configuration
from harvester.night.context import CheckBudget, RunContext
from quality.tables.limits import TableBounds
from specs.metrics import metrics
from specs.portals import PortalSpec

__all__ = ["ADDRESSES_MAX", "is_checkable", "look_again"]

ADDRESSES_MAX = 200
"""Addresses checked again for one import of replies."""
_BUDGET = CheckBudget(requests=1_000, bytes=1_000_000_000, minutes=10)


def is_checkable(finding: Mapping[str, Any]) -> bool:
    """Return whether a new request to the address in a disputed finding can show if the finding is right.

    False for findings that depend on the portal's record only, and for those of a rule that is no metric, or no longer
    one. ``finding``: a row with the columns resource_url and rule_id.
    """
    metric = metrics().get(finding["rule_id"])
    return bool(finding["resource_url"]) and metric is not None and metric.observed


def look_again(
    catalog: Catalog, data: Path, portals: Sequence[PortalSpec], reply_ids: Sequence[str], contact: str
) -> dict[str, int]:
    """Check again the findings that publishers disputed in their replies, and store an outcome for each reply. Return
    the number of replies by outcome: "corrected", "upheld" or "not_checkable".

    The addresses of the findings are requested again, at most ADDRESSES_MAX (200), and their files measured anew, as
    part of the last run. If there was no run yet, nothing is done. Each finding that turns out to be wrong is stored as
    a correction.

    A reply about one finding is "upheld" if the finding still fails, "corrected" if it does not, and "not_checkable" if
    the new check says nothing about it.

    A reply can also dispute a cause, which has many findings. At most ``OF_CAUSE_MAX`` (50) of these are checked now;
    the next nights check the other addresses. The outcome is "upheld" if more than half of these findings still fail.
    It is "corrected" if they are all findings of the cause, each was checked with a clear result, and at most half of
    them still fail. Otherwise it is "not_checkable".

    ``reply_ids`` are the replies just imported into ``catalog``. ``portals`` are the portal files (findings of other
    portals are not checked), and ``data`` is the data folder. ``contact`` is sent with requests.
    """
    run_id = catalog.latest_run()
    found = disputed(catalog, reply_ids)
    known = {portal.id: portal for portal in portals}
    counts: dict[str, int] = {}
    if run_id is None:
        return counts
    run = RunContext(catalog=catalog, run_id=run_id, data=data, contact=contact, check_budget=_BUDGET)
    asked: set[str] = set()
    tried = 0
    seen = [one for one in found if is_checkable(one)]
    # Before the cause is found anew: it may end now.
    for reply_id in sorted({one["reply_id"] for one in seen if one["cause_id"]}):
        check_soon(catalog, reply_id)
    for portal_id in sorted({one["portal_id"] for one in seen} & set(known)):
        urls = {one["resource_url"] for one in seen if one["portal_id"] == portal_id}
        chosen = sorted(urls)[: max(ADDRESSES_MAX - tried, 0)]
        tried += len(chosen)
        begun = now()
        _again(run, known[portal_id], chosen)
        # The budget, or a fault of ours, may have left some out: of these the earlier check says nothing new.
        asked |= checked_since(catalog, chosen, begun)
    if tried:
        from quality.findings.cause_stage import find_causes
        from quality.systems.entities import score_entities

        score_entities(catalog, run_id)
        names = sorted({one["portal_id"] for one in seen} & set(known))
        find_causes(catalog, run_id, names, hold_days=configuration(data).hold_days)
    observed = {one["finding_id"] for one in seen if one["resource_url"] in asked}
    # A cause of which every finding has a reply of its own has no rows.
    settled = dict.fromkeys(reply_ids, "not_checkable")
    for reply_id, rows in groupby(found, key=itemgetter("reply_id")):
        outcomes: Counter[str | None] = Counter()
        about = [*rows]
        for one in about:
            is_seen = one["finding_id"] in observed
            outcome = _outcome(catalog, one["finding_id"], one["resource_url"]) if is_seen else None
            # A withdrawn finding already has its correction.
            if outcome == "corrected" and state_of(catalog, one["finding_id"]) != "withdrawn":
                write_correction(catalog, run_id, one)
            outcomes[outcome] += 1
        upheld, corrected = outcomes["upheld"], outcomes["corrected"]
        if upheld * 2 > len(about):
            settled[reply_id] = "upheld"
        elif upheld + corrected == about[0]["members"]:
            settled[reply_id] = "corrected"
    for reply_id, outcome in settled.items():
        write_outcome(catalog, reply_id, outcome)
        counts[outcome] = counts.get(outcome, 0) + 1
    return counts


def _again(run: RunContext, portal: PortalSpec, urls: Sequence[str]) -> None:
    from harvester.checks.links import check_again
    from quality.systems.stage import score_portal
    from quality.validate import validate

    check_again(run, portal, urls)
    validate(run.catalog, run.run_id, run.data, [portal.id], TableBounds(workers=1), run.on_progress)
    score_portal(run.catalog, run.run_id, portal.id, is_full=False)


def _outcome(catalog: Catalog, finding_id: str, url: str) -> str | None:
    """Return the outcome of one dispute; None if the new check says nothing (a bot wall, a fault of ours, a file that
    was not downloaded because the portal's limit was reached)."""
    if outcome_of(catalog, url) == "unknown" or is_unobserved(catalog, finding_id):
        return None
    state = state_of(catalog, finding_id)
    return "corrected" if state in ("fixed", "gone", "withdrawn") else "upheld"
