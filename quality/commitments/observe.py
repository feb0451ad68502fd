"""Read the indicators of a commitment over the catalogue: members of the scope, what was seen of them,
and the figures.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.db.store import Catalog, started
from catalog.repositories.census import unobserved_keys
from catalog.repositories.commitment_rows import findings_of, heads_of, members_of
from catalog.repositories.commitments import harvests_before, memory
from catalog.repositories.scopes import Scopes
from quality.commitments.external import of_list
from quality.commitments.measures import MEASURES, Context, MeasureReading, ScopeMeasure, ScopeMember
from quality.commitments.memory import Membership, membership
from quality.commitments.progress import COVERAGE
from specs.commitments import Commitment, Indicator

__all__ = ["ScopeReading", "Watch", "definition", "look"]

WATCHED = ("complete", "partial")
"""Verdicts of a harvest that count as an observation; what a partial harvest did not see stays as it was."""
CENSUS = ("census.key_count", "census.key_share")
"""Measures that are read from the census of key datasets."""


class Watch:
    """One run of Winnow, for which commitments are measured: its day, and the last harvest of each portal up to it."""

    def __init__(self, catalog: Catalog, run_id: str) -> None:
        self.catalog = catalog
        self.run_id = run_id
        self.day = started(run_id).date()
        self.scopes = Scopes(catalog)
        self.harvests = harvests_before(catalog, run_id)

    def is_fresh(self, portal_id: str, since: str) -> bool:
        """Return whether the last harvest of a portal up to this run came after the run ``since``, a run id, and read
        the portal at least in part.

        False if that harvest failed or has not ended, even if an earlier one after ``since`` succeeded.
        """
        run_id, verdict = self.harvests.get(portal_id, ("", None))
        return run_id > since and verdict in WATCHED


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeReading:
    """What one run found for an indicator that is measured over datasets.

    ``is_harvested`` is False if too little of the scope was harvested for this run. ``is_resolved`` is False if the
    scope has fewer datasets than the commitment demands.
    """

    reading: MeasureReading
    is_harvested: bool
    is_resolved: bool
    members: Membership
    rows: Sequence[Mapping[str, Any]]
    """Rows to store for the next run, for ``write_memory``."""


def definition(commitment: Commitment, indicator: Indicator) -> str:
    """Return a digest (16 hexadecimal digits) of what an indicator measures: its scope, measure, files and parameters.

    A different digest means that the indicator was redefined. Readings made under another digest are no longer used.
    """
    parts = [
        commitment.scope_of(indicator).model_dump(mode="json"),
        indicator.kind,
        indicator.measure,
        indicator.file,
        indicator.denominator,
        {key: list(value) if isinstance(value, tuple) else value for key, value in indicator.params.items()},
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def measure_of(commitment: Commitment, indicator: Indicator) -> ScopeMeasure:
    """Return the measure that an indicator of a commitment uses. Raise SpecError if its file with a list of datasets
    cannot be read.
    """
    if indicator.denominator is not None:
        return of_list(commitment.folder / indicator.denominator)
    return MEASURES[str(indicator.measure)]


def look(
    watch: Watch, commitment: Commitment, indicators: Sequence[Indicator], since: Mapping[str, str]
) -> dict[str, ScopeReading]:
    """Read the values of several indicators from the catalogue, and return them by indicator id.

    ``watch`` is the run for which they are read. ``indicators`` are those of ``commitment`` that are measured over
    datasets; if several share a scope, its datasets are read once. ``since`` maps the id of an indicator to the id of
    the last run that measured it by its present definition. For an indicator that is not in ``since``, or has "" there,
    the results of earlier runs are not used.
    """
    found: dict[str, ScopeReading] = {}
    by_scope: dict[str, list[Indicator]] = {}
    for one in indicators:
        by_scope.setdefault(commitment.scope_of(one).model_dump_json(), []).append(one)
    for group in by_scope.values():
        found |= _look_at_scope(watch, commitment, group, since)
    return found


def _look_at_scope(
    watch: Watch, commitment: Commitment, group: Sequence[Indicator], since: Mapping[str, str]
) -> dict[str, ScopeReading]:
    catalog, scope = watch.catalog, commitment.scope_of(group[0])
    now = watch.scopes.datasets(scope)
    remembered = {
        one.id: memory(catalog, watch.run_id, commitment.id, one.id) if since.get(one.id) else {} for one in group
    }
    everyone = sorted(set(now).union(*remembered.values()))
    heads = heads_of(catalog, everyone)
    who = {
        one.id: membership(now, remembered[one.id], heads, commitment, is_cohort=scope.mode == "cohort")
        for one in group
    }
    measures = {one.id: measure_of(commitment, one) for one in group}
    portals = watch.scopes.portals(scope) | {heads[name].portal_id for name in everyone if name in heads}
    unobserved = unobserved_keys(catalog, portals) if any(one.measure in CENSUS for one in group) else frozenset()
    contexts = {
        one.id: Context(day=watch.day, params=one.params, target=one.target, unobserved=unobserved) for one in group
    }
    seen: dict[str, dict[str, Any]] = {one.id: {} for one in group}
    for member in members_of(catalog, everyone):
        for one in group:
            seen[one.id][member.id] = measures[one.id].look(member, contexts[one.id])
    for one in group:
        if one.measure == "finding.response_days":
            seen[one.id] = _spans(watch, everyone, who[one.id])
    found = {}
    for one in group:
        kept = _kept(watch, who[one.id], seen[one.id], heads, remembered[one.id], since.get(one.id, ""))
        is_harvested = _is_harvested(watch, kept, portals, since.get(one.id, ""))
        is_resolved = bool(kept) and len(kept) >= scope.min_datasets
        # An empty scope has no figure, whatever the measure is.
        reading = (
            measures[one.id].add_up(kept, contexts[one.id])
            if is_resolved
            else MeasureReading(
                value=None, note=f"{len(kept)} datasets are in the scope, at least {scope.min_datasets} are needed"
            )
        )
        found[one.id] = ScopeReading(
            reading=reading,
            is_harvested=is_harvested,
            is_resolved=is_resolved,
            members=who[one.id],
            rows=_rows(watch.run_id, who[one.id], reading, remembered[one.id]),
        )
    return found


def _kept(
    watch: Watch,
    who: Membership,
    seen: Mapping[str, Any],
    heads: Mapping[str, Any],
    remembered: Mapping[str, Mapping[str, Any]],
    since: str,
) -> dict[str, ScopeMember]:
    first = min((str(row["first_seen_run"]) for row in remembered.values()), default=None)
    found = {}
    for name in sorted(who.active | who.gone):
        old = remembered.get(name)
        # A dataset that has come back is read anew: its last verdict says only that it was gone.
        passes = old["passes"] if old and (old["is_in_scope"] or name in who.gone) else None
        found[name] = ScopeMember(
            seen=seen.get(name),
            is_gone=name in who.gone,
            is_fresh=name in heads and watch.is_fresh(heads[name].portal_id, since),
            is_first=first is None or (old is not None and old["first_seen_run"] == first),
            remembered=None if passes is None else bool(passes),
        )
    return found


def _is_harvested(watch: Watch, kept: Mapping[str, ScopeMember], portals: set[str], since: str) -> bool:
    """Return whether this run read enough of the scope to say anything about it."""
    if not kept:
        return any(watch.is_fresh(one, since) for one in (portals or watch.harvests))
    return sum(one.is_fresh for one in kept.values()) >= COVERAGE * len(kept)


def _spans(watch: Watch, ids: Sequence[str], who: Membership) -> dict[str, list[tuple[float, bool]]]:
    """Return for each dataset how many days each finding was open, and whether it was fixed.

    Findings that were open when a dataset vanished count as never fixed.
    """
    found: dict[str, list[tuple[float, bool]]] = {name: [] for name in ids}
    for row in findings_of(watch.catalog, ids):
        begun = started(row["first_seen_run"]).date()
        if row["state"] == "fixed" and row["fixed_run"]:
            span = (float((started(row["fixed_run"]).date() - begun).days), True)
        else:
            is_gone = row["dataset_id"] in who.gone
            span = (float("inf") if is_gone else float((watch.day - begun).days), False)
        found[row["dataset_id"]].append(span)
    return found


def _rows(
    run_id: str, who: Membership, reading: MeasureReading, remembered: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    rows = []
    for name in sorted(who.active | who.gone | who.excused.keys()):
        old = remembered.get(name)
        passes = reading.verdicts.get(name)
        if passes is None and old is not None:
            passes = old["passes"]
        is_active = name in who.active
        rows.append(
            {
                "dataset_id": name,
                "first_seen_run": old["first_seen_run"] if old else run_id,
                "last_seen_run": run_id if is_active else old["last_seen_run"] if old else run_id,
                "is_in_scope": int(is_active),
                "passes": None if passes is None else int(passes),
                "waived": int(name in who.excused),
                "reason": who.excused.get(name) or ("vanished from the scope" if name in who.gone else None),
            }
        )
    return rows
