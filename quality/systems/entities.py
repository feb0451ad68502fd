"""Score portals, publishers and governments: means over their datasets, where each family counts once.

Two intervals belong to a mean. ``score_low`` to ``score_high`` are exact bounds: the means if everything unknown had
failed, or had passed. ``ci_low`` to ``ci_high`` say how much the mean depends on which datasets there are: the middle
95 % of the means of resampled families (percentile bootstrap), or the normal approximation if there are many. With too
few datasets, or too little of them measured, no score is shown.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalog.db.store import Catalog
from catalog.repositories.kept_scores import keep_entity_scores
from catalog.repositories.scores import LEVELS, Figures, dataset_figures, replace_rows, write_entity_scores
from quality.findings.gains import number_of
from quality.systems.matrix import Matrix
from quality.systems.winnow import weighted
from specs.metrics import entity_spec, grade, methodology_version
from specs.systems import systems

__all__ = ["SYSTEMS", "EntityMembers", "bootstrap", "entity_members", "score_entities"]

RESAMPLES = 1_000
MANY = 400
"""Number of families from which on the normal distribution gives the same interval."""
SYSTEMS = {"winnow": ("score", "score_low", "score_high")} | {
    name: (name, f"{name}_low", f"{name}_high") for name in systems()
}
"""Columns of ``dataset_quality`` for each system: value, low, high."""
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class EntityMembers:
    """The datasets that count towards the scores of one level (portals, publishers or governments), as arrays.

    An entity is one portal, publisher or government. A family is a group of datasets that count once, such as yearly
    editions.
    """

    entities: Sequence[str]
    """Ids of the entities, sorted."""
    entity: Numbers
    """Shape (datasets,): index of the entity of each dataset."""
    kin: Numbers
    """Shape (datasets,): index of the family of each dataset; a family belongs to one entity."""
    found: Figures
    """The scores of all datasets, also of those that do not count."""
    rows: Numbers
    """Shape (datasets,): row in ``found`` of each dataset."""
    gains: Matrix
    """Shape (texts in ``found.fixes``, metrics with a weight): points that fixing the metric brings; 0 if it does not
    fail."""
    places: Matrix
    """Shape (texts in ``found.fixes``, metrics with a weight): in how many places the metric fails."""
    measured: Matrix
    applicable: Matrix
    """Both of shape (datasets,): the number of measurements that were made, and of those that apply."""

    def figures(self, column: int) -> Matrix:
        """Return a column of ``found.values`` for the datasets that count, shape (datasets,).

        Their order is value, low and high of the first system, then of the next.
        """
        return np.asarray(self.found.values[self.rows, column])

    @cached_property
    def entity_of_kin(self) -> Numbers:
        """Return for each family the index of its portal, publisher or government, shape (families,)."""
        found = np.zeros(self.kin.max(initial=-1) + 1, dtype=np.int64)
        found[self.kin] = self.entity
        return found

    def per_entity(self, values: Matrix) -> Matrix:
        """Return the sums of ``values`` over the datasets of each portal, publisher or government.

        ``values`` has the shape (datasets,), the result (entities,).
        """
        return np.asarray(np.bincount(self.entity, weights=values, minlength=len(self.entities)))

    @cached_property
    def families(self) -> Numbers:
        """Return how many families (groups of datasets that count once) each entity has, shape (entities,)."""
        return np.bincount(self.entity_of_kin, minlength=len(self.entities))

    @cached_property
    def coverage_pct(self) -> Matrix:
        """Return for each entity which percentage of the applicable measurements could be made, shape (entities,).

        NaN if no metric applies to any of its datasets.
        """
        applicable = self.per_entity(self.applicable)
        made = 100 * self.per_entity(self.measured)
        return np.asarray(np.divide(made, applicable, out=np.full(len(applicable), np.nan), where=applicable > 0))

    def family_means(self, values: Matrix) -> Matrix:
        """Return the mean of ``values`` over the datasets of each family, leaving out NaN; NaN if a family has no
        value.

        ``values`` has the shape (datasets,), the result (families,).
        """
        there = ~np.isnan(values)
        size = len(self.entity_of_kin)
        sums = np.bincount(self.kin[there], weights=values[there], minlength=size)
        counts = np.bincount(self.kin[there], minlength=size)
        return np.asarray(np.divide(sums, counts, out=np.full(size, np.nan), where=counts > 0))

    def means(self, families: Matrix) -> Matrix:
        """Return the mean of each entity over the values of its families, leaving out NaN; NaN if an entity has no
        value.

        ``families`` has the shape (families,), as returned by ``family_means``; the result has the shape (entities,).
        """
        there = ~np.isnan(families)
        sums = np.bincount(self.entity_of_kin[there], weights=families[there], minlength=len(self.entities))
        counts = np.bincount(self.entity_of_kin[there], minlength=len(self.entities))
        return np.asarray(np.divide(sums, counts, out=np.full(len(counts), np.nan), where=counts > 0))


def _columns() -> list[str]:
    return [column for columns in SYSTEMS.values() for column in columns]


def _numbered(keys: Sequence[Any]) -> tuple[list[Any], Numbers]:
    """Return the different keys, sorted, and the index of each key in them."""
    order = sorted(set(keys))
    number = {key: at for at, key in enumerate(order)}
    return order, np.array([number[key] for key in keys], dtype=np.int64)


def gains_of_fixes(found: Figures) -> tuple[Matrix, Matrix]:
    """Return two matrices: the points that are gained if a metric is fixed, and in how many places the metric fails.

    ``found`` are the stored scores of the datasets. Both matrices have the shape (texts in ``found.fixes``, metrics
    with a weight), because datasets of one pattern have the same text. They are 0 where nothing fails.
    """
    width = len(weighted().metrics)
    gains, places = np.zeros((len(found.fixes), width)), np.zeros((len(found.fixes), width))
    for row, text in enumerate(found.fixes):
        for rule, (gain, where) in json.loads(text or "{}").items():
            if (number := number_of(rule)) is not None:
                gains[row, number], places[row, number] = gain, where
    return gains, places


def entity_members(found: Figures, level: str, gains: Matrix, places: Matrix) -> EntityMembers:
    """Select the datasets that count for one level, and number their entities and families.

    - ``found``: the scores of all datasets. It also says which datasets count; copies of other portals' datasets may
      not.
    - ``level``: "portal", "publisher" or "government". An entity is one portal, publisher or government.
    - ``gains``, ``places``: the matrices from :func:`gains_of_fixes`.

    Datasets of an entity form a family, and count once, if :func:`~quality.systems.families.family_of` gives them the
    same key, or if they have the same publisher and files with the same bytes.
    """
    entity_of, counts = found.entity_of(level)
    rows = [at for at, entity in enumerate(entity_of) if entity is not None and counts[at]]
    entities, entity = _numbered([entity_of[at] for at in rows])
    at = np.array(rows, dtype=np.int64)
    # A family of several entities is one of each.
    _, kin = np.unique(entity * (found.kin.max(initial=-1) + 1) + found.kin[at], return_inverse=True)
    return EntityMembers(entities, entity, kin, found, at, gains, places, found.measured[at], found.applicable[at])


def bootstrap(means: Matrix, seed: str) -> tuple[float, float]:
    """Return the limits (low, high) of the 95 % confidence interval of the mean of ``means``, shape (families,), at
    least one value.

    The interval is a percentile bootstrap; from 400 values on, the normal approximation. The same values and ``seed``
    always give the same interval.
    """
    if len(means) >= MANY:
        half = 1.959964 * float(np.std(means, ddof=1)) / len(means) ** 0.5
        return float(np.mean(means)) - half, float(np.mean(means)) + half
    number = int.from_bytes(hashlib.blake2b(seed.encode("utf-8", "surrogatepass"), digest_size=8).digest())
    drawn = np.random.default_rng(number).integers(0, len(means), size=(RESAMPLES, len(means)))
    low, high = np.percentile(means[drawn].mean(axis=1), [2.5, 97.5])
    return float(low), float(high)


def withheld(families: int, coverage_pct: float) -> str | None:
    """Return the reason why the score of a portal, publisher or government is not shown, or None if it is shown.

    ``families`` is the number of its datasets, where a family counts once. ``coverage_pct`` is the percentage of
    applicable measurements that were made.
    """
    spec = entity_spec()
    if families < spec.minimum_datasets:
        return f"fewer than {spec.minimum_datasets} datasets, the parts of one counted once"
    if not coverage_pct >= spec.minimum_coverage_pct:
        return f"less than {spec.minimum_coverage_pct:g} % of what applies was measured"
    return None


def score_entities(catalog: Catalog, run_id: str) -> None:
    """Score every portal, publisher and government in every scoring system, and store the scores.

    If nothing has changed since the previous run, its scores are taken over, see
    :func:`catalog.repositories.kept_scores.keep_entity_scores`. For each portal, publisher and government whose score
    is shown, also rank the metrics by the points that fixing them would bring for an hour of work, and store that as
    ``top_fixes``.
    """
    if keep_entity_scores(catalog, run_id, _versions()):
        return
    found = dataset_figures(catalog, _columns())
    gains, places = gains_of_fixes(found)
    for level in LEVELS:
        counted = entity_members(found, level, gains, places)
        reasons = [
            withheld(int(families), float(coverage))
            for families, coverage in zip(counted.families, counted.coverage_pct, strict=True)
        ]
        write_entity_scores(catalog, run_id, level, list(_rows(counted, reasons)))
        fixes = [
            {"id": f"{level}/{row['entity_id']}/{row['rule_id']}", "run_id": run_id, "entity_level": level, **row}
            for row in top_fixes(counted, reasons)
        ]
        # Rows with a portal are those of causes, which follow from the findings, see quality.findings.cause_stage.
        replace_rows(catalog, "top_fixes", fixes, "portal_id is null and entity_level", level)


def _versions() -> dict[str, str]:
    """Return the present version of each scoring system, by its id."""
    return {"winnow": methodology_version(), **{name: system.version for name, system in systems().items()}}


def _rows(counted: EntityMembers, reasons: Sequence[str | None]) -> Iterator[dict[str, Any]]:
    """Yield one row for each entity and system; if the score is withheld, one row for the entity is
    enough to say why.
    """
    versions = _versions()
    datasets = np.bincount(counted.entity, minlength=len(counted.entities))
    for number, system in enumerate(SYSTEMS):
        families = [counted.family_means(counted.figures(3 * number + at)) for at in range(3)]
        value, low, high = (counted.means(one) for one in families)
        of_entity = _split(counted, families[0]) if system == "winnow" else []
        for at, entity_id in enumerate(counted.entities):
            row: dict[str, Any] = {
                "entity_id": entity_id,
                "system": system,
                "methodology_version": versions[system],
                **dict.fromkeys(("score", "score_low", "score_high", "ci_low", "ci_high", "grade", "band")),
                "datasets": int(datasets[at]),
                "families": int(counted.families[at]),
                "coverage_pct": _number(counted.coverage_pct[at], 2),
                "withheld": reasons[at],
            }
            if reasons[at] is None:
                row |= {"score": _number(value[at]), "score_low": _number(low[at]), "score_high": _number(high[at])}
                if system != "winnow":
                    row["band"] = systems()[system].band_of(row["score"])
                elif len(of_entity[at]):
                    row["grade"] = grade(row["score"])
                    row["ci_low"], row["ci_high"] = map(_number, bootstrap(of_entity[at], entity_id))
            elif system != "winnow":
                continue
            yield row


def _split(counted: EntityMembers, families: Matrix) -> list[Matrix]:
    """Return the family values of each entity, without the missing ones."""
    order = np.argsort(counted.entity_of_kin, kind="stable")
    ends = np.cumsum(counted.families)[:-1]
    return [values[~np.isnan(values)] for values in np.split(families[order], ends)]


def _number(value: float, digits: int = 4) -> float | None:
    return None if value != value else round(float(value), digits)


def top_fixes(counted: EntityMembers, reasons: Sequence[str | None]) -> Iterator[dict[str, Any]]:
    """Yield for each entity in ``counted`` the metrics to fix, as rows of the table ``top_fixes``, the best first.

    An entity is a portal, publisher or government. Its rows are sorted by the points gained for an hour of work. The
    column ``gain_points`` says by how many points the score of the entity would rise. ``reasons`` has one element for
    each entity: why its score is withheld, or None if it is shown. Entities with a withheld score get no rows.
    """
    scored = ~np.isnan(counted.figures(0))
    fixes = counted.found.fixes_of[counted.rows]
    # A dataset counts as a part of the mean of its family, together with the others that have a score.
    sizes = np.bincount(counted.kin[scored], minlength=len(counted.entity_of_kin))
    families = np.bincount(counted.entity_of_kin[sizes > 0], minlength=len(counted.entities))
    share = np.zeros(len(scored))
    share[scored] = 1 / (sizes[counted.kin[scored]] * families[counted.entity[scored]])
    metrics = weighted().metrics
    # Each of shape (entities, metrics). A column at a time: a matrix of all datasets would be the largest of all.
    gain, datasets, places = (np.zeros((len(counted.entities), len(metrics))) for _ in range(3))
    for number in range(len(metrics)):
        gains = counted.gains[fixes, number]
        gain[:, number] = counted.per_entity(gains * share)
        datasets[:, number] = counted.per_entity(((gains > 0) & scored).astype(float))
        places[:, number] = counted.per_entity(counted.places[fixes, number] * scored)
    for at, entity_id in enumerate(counted.entities):
        if reasons[at] is not None:
            continue
        rows = []
        for number in np.flatnonzero(gain[at] > 0).tolist():
            hours = metrics[number].effort_minutes * places[at, number] / 60
            rows.append(
                {
                    "entity_id": entity_id,
                    "rule_id": metrics[number].id,
                    "how_to_fix": metrics[number].fix,
                    "datasets": int(datasets[at, number]),
                    "places": int(places[at, number]),
                    "gain_points": round(float(gain[at, number]), 4),
                    "effort_hours": round(float(hours), 2),
                    "gain_per_hour": round(float(gain[at, number] / hours), 4),
                }
            )
        rows.sort(key=lambda row: (-float(row["gain_per_hour"]), str(row["rule_id"])))  # type: ignore[arg-type]
        yield from ({**row, "rank": rank} for rank, row in enumerate(rows, 1))
