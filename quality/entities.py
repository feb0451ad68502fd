"""Scores of portals, publishers and governments: means over their datasets, each family counted once.

Two intervals stand beside a mean. ``score_low`` to ``score_high`` are exact bounds: the means if everything unknown had
failed, and had passed. ``ci_low`` to ``ci_high`` say how much the mean depends on which datasets there are: the middle
95 % of the means of resampled families (percentile bootstrap), or of the normal distribution where there are many.
Below a minimum of datasets, or of what was measured of them, no score is shown.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np

from catalog.scores import LEVELS, dataset_figures, replace_rows, write_entity_scores
from catalog.store import Catalog
from quality.sheet import Matrix
from specs.metrics import entity_spec, grade, methodology_version, metrics
from specs.systems import systems

__all__ = ["Entity", "bootstrap", "entities_of", "score_entities"]

RESAMPLES = 1_000
MANY = 400
"""Families from which on the normal distribution gives the same interval."""
SYSTEMS = {"winnow": ("score", "score_low", "score_high")} | {
    name: (name, f"{name}_low", f"{name}_high") for name in systems()
}
"""Columns of dataset_quality: value, low, high."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """A portal, publisher or government with the figures of its datasets."""

    id: str
    figures: Matrix
    """One row a dataset, one column each of ``columns_of``; not a number where empty."""
    family: Sequence[int]
    """Number of each dataset's family, from 0 on."""
    measured: float
    applicable: float
    fixes: Sequence[Mapping[str, Sequence[float]]]
    """Of each dataset, by metric: the points that mending it everywhere in it brings, and in how many places."""

    @property
    def families(self) -> int:
        """How many families there are."""
        return self.family[-1] + 1

    @property
    def coverage_pct(self) -> float | None:
        """Measurements made of those that apply, 0 to 100."""
        return round(100 * self.measured / self.applicable, 2) if self.applicable else None


def _columns() -> list[str]:
    return [column for columns in SYSTEMS.values() for column in columns]


def entities_of(catalog: Catalog, level: str) -> Iterator[Entity]:
    """The entities of a level, one after the other."""
    rows = dataset_figures(catalog, level, [*_columns(), "fixes"])
    for entity_id, group in groupby(rows, key=itemgetter(0)):
        members = list(group)
        family: list[int] = []
        for number, (_, kin) in enumerate(groupby(members, key=itemgetter(1))):
            family += [number] * sum(1 for _ in kin)
        yield Entity(
            id=entity_id,
            figures=np.array([row[4:-1] for row in members], dtype=float),
            family=family,
            measured=float(sum(row[2] or 0 for row in members)),
            applicable=float(sum(row[3] or 0 for row in members)),
            fixes=[json.loads(row[-1]) if row[-1] else {} for row in members],
        )


def family_means(entity: Entity, values: Matrix) -> Matrix:
    """The mean of each family over its datasets that have a value; families without one are left out."""
    there = ~np.isnan(values)
    number = np.asarray(entity.family)
    sums = np.bincount(number[there], weights=values[there], minlength=entity.families)
    counts = np.bincount(number[there], minlength=entity.families)
    return np.asarray(sums[counts > 0] / counts[counts > 0])


def bootstrap(means: Matrix, seed: str) -> tuple[float, float]:
    """The 95 % interval of the mean of some values. The same values and seed give the same interval."""
    if len(means) >= MANY:
        half = 1.959964 * float(np.std(means, ddof=1)) / len(means) ** 0.5
        return float(np.mean(means)) - half, float(np.mean(means)) + half
    number = int.from_bytes(hashlib.blake2b(seed.encode("utf-8", "surrogatepass"), digest_size=8).digest())
    drawn = np.random.default_rng(number).integers(0, len(means), size=(RESAMPLES, len(means)))
    low, high = np.percentile(means[drawn].mean(axis=1), [2.5, 97.5])
    return float(low), float(high)


def withheld(entity: Entity) -> str | None:
    """Why no score of an entity is shown; None where it is."""
    spec = entity_spec()
    if entity.families < spec.minimum_datasets:
        return f"fewer than {spec.minimum_datasets} datasets, the parts of one counted once"
    if (entity.coverage_pct or 0.0) < spec.minimum_coverage_pct:
        return f"less than {spec.minimum_coverage_pct:g} % of what applies was measured"
    return None


def score_entities(catalog: Catalog, run_id: str) -> None:
    """Score every portal, publisher and government under every system, and rank what mending would bring them."""
    versions = {"winnow": methodology_version(), **{name: system.version for name, system in systems().items()}}
    for level in LEVELS:
        rows, fixes = [], []
        for entity in entities_of(catalog, level):
            reason = withheld(entity)
            # Of what is not shown one row is enough to say why.
            for number, system in enumerate(SYSTEMS if reason is None else ["winnow"]):
                rows.append(_row(entity, number, system, reason) | {"methodology_version": versions[system]})
            if reason is None:
                fixes += [{"run_id": run_id, "entity_level": level, **row} for row in top_fixes(level, entity)]
        write_entity_scores(catalog, run_id, level, rows)
        replace_rows(catalog, "top_fixes", fixes, "entity_level", level)


def _row(entity: Entity, number: int, system: str, reason: str | None) -> dict[str, Any]:
    row: dict[str, Any] = {
        "entity_id": entity.id,
        "system": system,
        **dict.fromkeys(("score", "score_low", "score_high", "ci_low", "ci_high", "grade", "band")),
        "datasets": len(entity.figures),
        "families": entity.families,
        "coverage_pct": entity.coverage_pct,
        "withheld": reason,
    }
    if reason is not None:
        return row
    value, low, high = (family_means(entity, entity.figures[:, 3 * number + at]) for at in range(3))
    if len(low):
        row["score_low"], row["score_high"] = _round(low.mean()), _round(high.mean())
    if len(value):
        row["score"] = _round(value.mean())
        row["ci_low"], row["ci_high"] = map(_round, bootstrap(value, f"{system} {entity.id}"))
        if system == "winnow":
            row["grade"] = grade(row["score"])
        else:
            row["band"] = systems()[system].band_of(row["score"])
    return row


def _round(value: float) -> float:
    return round(float(value), 4)


def top_fixes(level: str, entity: Entity) -> list[dict[str, Any]]:
    """What mending each rule everywhere brings an entity, the most points for the work first."""
    score = entity.figures[:, 0]
    # A dataset counts in the mean of its family with the others that have a score.
    scored = ~np.isnan(score)
    number = np.asarray(entity.family)
    sizes = np.bincount(number[scored], minlength=entity.families)
    families = int((sizes > 0).sum())
    found: dict[str, list[float]] = {}
    for at, fixes in enumerate(entity.fixes):
        if not scored[at]:
            continue
        share = 1 / (sizes[number[at]] * families)
        for rule, (gain, places) in fixes.items():
            total = found.setdefault(rule, [0.0, 0, 0])
            total[0] += gain * share
            total[1] += 1
            total[2] += places
    rows = []
    for rule, (gain, count, places) in found.items():
        metric = metrics()[rule]
        hours = metric.effort_minutes * places / 60
        rows.append(
            {
                "id": f"{level}/{entity.id}/{rule}",
                "entity_id": entity.id,
                "rule_id": rule,
                "how_to_fix": metric.fix,
                "datasets": int(count),
                "places": int(places),
                "gain_points": round(gain, 4),
                "effort_hours": round(hours, 2),
                "gain_per_hour": round(gain / hours, 4),
            }
        )
    rows.sort(key=lambda row: (-float(row["gain_per_hour"]), str(row["rule_id"])))  # type: ignore[arg-type]
    return [{**row, "rank": rank} for rank, row in enumerate(rows, 1)]
