"""The stage ``track``: read every commitment after a run, and store the readings beside those of earlier runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from catalog.db.store import Catalog
from catalog.repositories.commitment_rows import heads_of
from catalog.repositories.commitments import (
    drop_commitments,
    evidence_fault,
    past_readings,
    register_commitments,
    write_memory,
    write_readings,
)
from catalog.repositories.runs import last_run
from quality.commitments.external import series_value
from quality.commitments.measures import MeasureReading
from quality.commitments.observe import ScopeReading, Watch, definition, look
from quality.commitments.progress import COVERAGE, Better, CommitmentItem, Goal, elapsed, overall
from quality.commitments.readings import columns, point_of
from quality.commitments.timing import ItemObservation, ItemState, Status, step
from specs.commitments import Commitment, Indicator, Milestone
from specs.measures import measures
from specs.metrics import methodology_version

__all__ = ["OVERALL", "better_of", "peek", "track"]

OVERALL = "_overall"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tracked:
    """The state of one item of a commitment after a run."""

    item_id: str
    weight: float
    point: ItemState
    vanished: float
    row: Mapping[str, Any]


def track(catalog: Catalog, run_id: str, commitments: Sequence[Commitment], *, methodology: str | None = None) -> int:
    """Measure every commitment as of a run, store the readings, and return how many rows were stored.

    If the run has readings already, they are replaced. Draft commitments are skipped. For commitments that are no
    longer tracked, the stored list of datasets in their scope is deleted. ``methodology`` is the version to store with
    the readings; None means the current one. Raise SpecError if a file that a commitment refers to cannot be read.
    """
    tracked = [one for one in commitments if not one.draft]
    register_commitments(catalog, tracked)
    drop_commitments(catalog, [one.id for one in tracked])
    watch = Watch(catalog, run_id)
    version = methodology or methodology_version()
    return sum(_track_one(watch, one, version) for one in tracked)


def peek(catalog: Catalog, commitment: Commitment) -> list[dict[str, Any]]:
    """Measure one commitment against the present catalogue, without earlier readings; return one row for each
    indicator.

    Nothing is stored. Each row is a mapping with the indicator's id, kind, measure, unit and target, and the value,
    coverage and note of the reading. Values of shares and ``coverage`` are from 0 to 1. "in_scope" and "failing" are
    numbers of datasets, and "titles" names three of those in the scope; for a value that a file or a person states,
    they are None, None and empty. The list is empty if the catalogue has no run yet. Raise SpecError if a file that
    the commitment refers to cannot be read.
    """
    latest = last_run(catalog)
    if latest is None:
        return []
    watch = Watch(catalog, latest)
    over_datasets = [one for one in commitment.indicators if one.kind == "measured" or one.denominator is not None]
    found = look(watch, commitment, over_datasets, {})
    rows = []
    for one in commitment.indicators:
        looked = found.get(one.id)
        reading = looked.reading if looked else _told(commitment, one, watch.day)
        active = sorted(looked.members.active) if looked else []
        titles = [head.title or head.id for head in heads_of(catalog, active[:3]).values()]
        about = measures().get(one.measure or "")
        rows.append(
            {
                "id": one.id,
                "kind": one.kind,
                "measure": one.measure,
                "unit": about.unit if about else None,
                "in_scope": len(active) if looked else None,
                "titles": titles,
                "value": reading.value,
                "target": one.target,
                "coverage": reading.coverage,
                "failing": len(reading.failing) if looked else None,
                "note": reading.note,
            }
        )
    return rows


def better_of(indicator: Indicator) -> Better:
    """Return whether an increase or a decrease improves an indicator.

    If the indicator promises to maintain a value, its measure decides; without a measure, the result is "increase".
    """
    if indicator.direction != "maintain":
        return indicator.direction
    known = measures().get(indicator.measure or "")
    return known.better if known else "increase"


def _track_one(watch: Watch, commitment: Commitment, version: str) -> int:
    catalog = watch.catalog
    past: dict[str, list[dict[str, Any]]] = {}
    redefined: set[str] = set()
    for one in commitment.indicators:
        earlier = past_readings(catalog, watch.run_id, commitment.id, one.id)
        past[one.id] = _same_definition(earlier, definition(commitment, one))
        if earlier and not past[one.id]:
            redefined.add(one.id)
    over_datasets = [one for one in commitment.indicators if one.kind == "measured" or one.denominator is not None]
    since = {one.id: _last_observed(past[one.id]) for one in over_datasets}
    found = look(watch, commitment, over_datasets, since)
    done = []
    for one in commitment.indicators:
        looked = found.get(one.id)
        told = looked or _told(commitment, one, watch.day)
        done.append(_indicator(watch, commitment, one, told, past[one.id], version, one.id in redefined))
        if looked and looked.is_harvested:
            write_memory(catalog, commitment.id, one.id, looked.rows)
    done += [_milestone(watch, commitment, one) for one in commitment.milestones]
    before = past_readings(catalog, watch.run_id, commitment.id, OVERALL)
    rows: list[Mapping[str, Any]] = [*(one.row for one in done), _overall(commitment, done, before, watch.day, version)]
    write_readings(catalog, watch.run_id, commitment.id, rows)
    return len(rows)


def _same_definition(rows: Sequence[dict[str, Any]], wanted: str) -> list[dict[str, Any]]:
    """Return the readings since the item last changed its definition."""
    found: list[dict[str, Any]] = []
    for row in reversed(rows):
        if row["definition"] != wanted:
            break
        found.insert(0, row)
    return found


def _last_observed(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the id of the last run that harvested the scope, or ""."""
    return next((str(row["run_id"]) for row in reversed(rows) if "no_observation" not in row["flags"]), "")


def _told(commitment: Commitment, one: Indicator, day: date) -> MeasureReading:
    """Return the value that a file or a person states for an indicator."""
    if one.file is not None:
        found = series_value(commitment.folder / one.file, day)
        if found is None:
            return MeasureReading(value=None, note=f"{one.file} has no value yet")
        return MeasureReading(value=found[0], coverage=1.0, note=f"{one.file}, value of {found[1]}")
    if one.value is None or one.date is None or one.date > day:
        return MeasureReading(value=None, note="no person has given a value yet")
    return MeasureReading(value=one.value, coverage=1.0, note=f"{one.assessor}, {one.date}: {one.evidence}")


def _indicator(
    watch: Watch,
    commitment: Commitment,
    one: Indicator,
    looked: ScopeReading | MeasureReading,
    past: Sequence[Mapping[str, Any]],
    version: str,
    is_redefined: bool,
) -> _Tracked:
    reading = looked.reading if isinstance(looked, ScopeReading) else looked
    goal = Goal(
        start=commitment.period.start,
        deadline=one.deadline or commitment.period.deadline,
        baseline=one.target if one.direction == "maintain" else one.baseline,
        baseline_date=one.baseline_date,
        target=one.target,
        better=better_of(one),
    )
    is_over_datasets = isinstance(looked, ScopeReading)
    vanished = looked.members.vanished if isinstance(looked, ScopeReading) else 0.0
    seen = ItemObservation(
        day=watch.day,
        value=reading.value,
        coverage=reading.coverage,
        is_harvested=looked.is_harvested if isinstance(looked, ScopeReading) else True,
        is_resolved=looked.is_resolved if isinstance(looked, ScopeReading) else True,
        vanished=vanished,
        methodology=version if one.kind == "measured" else "",
    )
    point = step(goal, seen, [point_of(row) for row in past])
    flags = {*point.flags, *([one.kind] if one.kind != "measured" else []), *(["redefined"] if is_redefined else [])}
    last = past[-1] if past and not seen.is_harvested else None
    where = urlencode({"commitment_id": commitment.id, "indicator_id": one.id, "passes": 0, "waived": 0})
    row = {
        "indicator_id": one.id,
        "kind": one.kind,
        "measure": one.measure,
        "direction": one.direction,
        "target": one.target,
        "numerator": last["numerator"] if last else reading.numerator,
        "denominator": last["denominator"] if last else reading.denominator,
        "failing_datasets": last["failing_datasets"] if last else len(reading.failing) if is_over_datasets else None,
        "evidence_query": f"/catalog/commitment_members?{where}" if is_over_datasets else one.evidence,
        "note": last["note"] if last else reading.note,
        "definition": definition(commitment, one),
        **columns(goal, point, flags),
    }
    return _Tracked(item_id=one.id, weight=one.weight, point=point, vanished=vanished, row=row)


def _milestone(watch: Watch, commitment: Commitment, one: Milestone) -> _Tracked:
    """Return a milestone as done or not, as a person states it; before its due day it is scheduled, not late.

    If nobody has said that it was done, and nobody has looked after its due day, it is unknown, not missed. If its
    evidence no longer answers, the note says so; whether it was done stays what the person stated.
    """
    day = watch.day
    fault = evidence_fault(watch.catalog, one.evidence)
    goal = Goal(start=commitment.period.start, deadline=one.due, baseline=0.0, target=1.0, better="increase")
    is_done = one.done is not None and one.done <= day
    in_time = is_done and one.done is not None and one.done <= one.due
    # What somebody saw before the due day says nothing of the time after it.
    is_open = one.checked is not None and one.checked <= day and (day <= one.due or one.checked > one.due)
    is_known = is_done or is_open
    share = float(is_done) if is_known else None
    said = [
        f"{one.assessor}, {one.done if is_done else one.checked}" if is_known else "no person has given a value yet"
    ]
    said += [f"the evidence does not answer: {fault}"] if fault else []
    late: Status = "missed" if is_known else "unmeasurable"
    point = ItemState(
        day=day,
        value=share,
        coverage=float(is_known),
        baseline=0.0,
        baseline_date=None,
        value_at_deadline=None if day < one.due or not is_known else float(in_time),
        progress=share,
        expected=elapsed(goal.start, one.due, day),
        trend_per_month=None,
        forecast_date=None,
        status="met" if in_time else "met_late" if is_done else "scheduled" if day <= one.due else late,
        candidate=None,
        candidate_runs=0,
        completion="complete" if is_done else "not_started" if is_known else "no_evidence",
        flags=("manual",) if is_known else ("manual", "no_value"),
        is_observed=is_known,
    )
    row = {
        "indicator_id": one.id,
        "kind": "milestone",
        "measure": None,
        "direction": "increase",
        "target": 1.0,
        "numerator": None,
        "denominator": None,
        "failing_datasets": None,
        "evidence_query": one.evidence,
        "note": "; ".join(said),
        "definition": "milestone",
        **columns(goal, point, set(point.flags)),
    }
    return _Tracked(item_id=one.id, weight=one.weight, point=point, vanished=0.0, row=row)


def _overall(
    commitment: Commitment, done: Sequence[_Tracked], before: Sequence[dict[str, Any]], day: date, version: str
) -> dict[str, Any]:
    goal = Goal(
        start=commitment.period.start, deadline=commitment.period.deadline, baseline=0.0, target=1.0, better="increase"
    )
    weight = sum(one.weight for one in done)
    observed = sum(one.weight for one in done if one.point.is_observed) / weight
    blind = sum(one.weight for one in done if "no_observation" in one.point.flags) / weight
    share = overall([CommitmentItem(one.point.progress, one.weight) for one in done])
    seen = ItemObservation(
        day=day,
        value=share,
        coverage=observed,
        # If too little was observed only because harvests failed, the run says nothing.
        is_harvested=not (blind and observed < COVERAGE <= observed + blind) and blind < 1,
        is_whole=all(one.point.progress is not None for one in done),
        vanished=max((one.vanished for one in done), default=0.0),
        methodology=version,
    )
    wanted = "+".join(sorted(str(one.row["definition"]) for one in done))
    past = [point_of(row) for row in _same_definition(before, wanted)]
    point = step(goal, seen, past)
    unmeasured = [one.item_id for one in done if one.point.progress is None]
    flags = set(point.flags) | {flag for one in done for flag in one.point.flags if flag in ("manual", "external")}
    flags |= {"redefined"} if before and not past else set()
    flags |= {"partly_measured"} if unmeasured else set()
    where = urlencode({"commitment_id": commitment.id, "_sort_desc": "run_id"})
    return {
        "indicator_id": OVERALL,
        "kind": "overall",
        "measure": None,
        "direction": "increase",
        "target": 1.0,
        "numerator": None,
        "denominator": None,
        "failing_datasets": None,
        "evidence_query": f"/catalog/commitment_readings?{where}",
        "note": f"never measured: {', '.join(unmeasured)}" if unmeasured else None,
        "definition": wanted,
        **columns(goal, point, flags),
    }
