"""Compare scoring systems: rank correlations over the datasets of a portal, and the datasets that differ most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from catalog.db.store import Catalog
from catalog.repositories.coded import Flags
from catalog.repositories.datasets import title_of
from catalog.repositories.quality_rows import distribution_quality_rows, quality_row, system_values
from catalog.repositories.scores import replace_rows
from quality.systems.entities import SYSTEMS
from quality.systems.matrix import Matrix
from quality.systems.rank_correlation import Coded, coded, correlations, ranks
from specs.metrics import metrics
from specs.systems import systems

__all__ = ["Disagreement", "agreement", "disagreements", "reasons", "write_agreement"]

FEWEST = 3
"""Least number of datasets for a correlation."""


def agreement(a: Coded, b: Coded) -> tuple[float | None, float | None]:
    """Return the rank correlations between the scores of the same datasets in two systems: Spearman, Kendall (tau-b).

    ``a`` and ``b``: the scores of each dataset, in the same order. Both results are None if there are fewer than 3
    datasets, or if all scores in ``a`` or all in ``b`` are equal.
    """
    if len(a.code) < FEWEST or len(a.counts) == 1 or len(b.counts) == 1:
        return None, None
    by_rank, by_pairs = correlations(a, b)
    return round(by_rank, 4), round(by_pairs, 4)


def _values(catalog: Catalog, portal_id: str) -> tuple[list[str], Matrix]:
    """Return the ids of a portal's datasets, and their values: shape (datasets, systems)."""
    rows = system_values(catalog, portal_id, [value for value, _, _ in SYSTEMS.values()])
    return [row[0] for row in rows], np.array([row[1:] for row in rows], dtype=float).reshape(len(rows), len(SYSTEMS))


def write_agreement(catalog: Catalog, run_id: str, portal_id: str) -> None:
    """Compute and store the rank correlations between every two scoring systems over the datasets of a portal.

    Datasets without a total in both systems are left out. Both correlations of a pair may be None, see
    :func:`agreement`. The stored rows of the portal are replaced.
    """
    _, values = _values(catalog, portal_id)
    rows = []
    # Most systems score every dataset, so their values are compared in the same form with those of all others.
    known: dict[tuple[int, bytes], Coded] = {}

    def chosen(at: int, both: Flags) -> Coded:
        key = (at, both.tobytes())
        if key not in known:
            known[key] = coded(values[both, at])
        return known[key]

    for (at_a, a), (at_b, b) in combinations(enumerate(SYSTEMS), 2):
        both = ~np.isnan(values[:, at_a]) & ~np.isnan(values[:, at_b])
        by_rank, by_pairs = agreement(chosen(at_a, both), chosen(at_b, both))
        rows.append(
            {
                "id": f"{portal_id}/{a}/{b}",
                "run_id": run_id,
                "portal_id": portal_id,
                "system_a": a,
                "system_b": b,
                "datasets": int(both.sum()),
                "spearman": by_rank,
                "kendall": by_pairs,
            }
        )
    replace_rows(catalog, "system_agreement", rows, "portal_id", portal_id)


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A dataset that two scoring systems, a and b, rank very differently among the datasets of its portal.

    ``value_a`` and ``value_b`` are its totals in the two systems. ``reasons`` are sentences made by :func:`reasons`.
    """

    dataset_id: str
    title: str | None
    rank_a: float
    """Percentage of the datasets scored in both systems that have a lower score in system a. Datasets with an equal
    score, and the dataset itself, count half."""
    rank_b: float
    """The same for system b."""
    value_a: float
    value_b: float
    reasons: Sequence[str]


def disagreements(catalog: Catalog, portal_id: str, a: str, b: str, limit: int = 10) -> list[Disagreement]:
    """Return the datasets of a portal that two scoring systems rank most differently, the greatest difference first.

    ``a`` and ``b`` are ids of systems, ``limit`` is the greatest number of datasets returned. Empty if fewer than 3
    datasets have a score in both systems. Raise ValueError if there is no such system.
    """
    ids, values = _values(catalog, portal_id)
    at_a, at_b = list(SYSTEMS).index(a), list(SYSTEMS).index(b)
    both = np.flatnonzero(~np.isnan(values[:, at_a]) & ~np.isnan(values[:, at_b]))
    if len(both) < FEWEST:
        return []
    places = [100 * (ranks(values[both, at]) - 0.5) / len(both) for at in (at_a, at_b)]
    order = np.argsort(-np.abs(places[0] - places[1]), kind="stable")[:limit]
    found = []
    for number in order:
        row = both[number]
        dataset_id = ids[row]
        found.append(
            Disagreement(
                dataset_id,
                title_of(catalog, dataset_id),
                rank_a=round(float(places[0][number]), 1),
                rank_b=round(float(places[1][number]), 1),
                value_a=float(values[row, at_a]),
                value_b=float(values[row, at_b]),
                reasons=reasons(catalog, dataset_id, a, b),
            )
        )
    return found


def weights_of(system: str) -> dict[str, float]:
    """Return the weight of each metric in a scoring system, by metric id; the weights add up to 1.

    For "winnow" these are the weights of the metrics within their dimensions; the weights of the dimensions do not
    count.
    """
    if system == "winnow":
        points = {m.id: m.weight for m in metrics().values() if m.weight}
    else:
        points = {}
        for item in systems()[system].item:
            points[item.metric] = points.get(item.metric, 0.0) + item.points
    total = sum(points.values())
    return {name: value / total for name, value in points.items()}


def reasons(catalog: Catalog, dataset_id: str, a: str, b: str, limit: int = 3) -> list[str]:
    """Return sentences that say why two scoring systems score a dataset differently, at most ``limit``, the best reason
    first.

    Each names a metric that one system weighs more than the other, and how the dataset did on it. Metrics of which no
    result is known are left out, and so are those passed by exactly half. ``a`` and ``b`` are ids of systems. Empty if
    the dataset has not been scored.
    """
    own = quality_row(catalog, dataset_id)
    parts = distribution_quality_rows(catalog, dataset_id)
    if own is None:
        return []
    weights = {a: weights_of(a), b: weights_of(b)}
    found = []
    for name in {*weights[a], *weights[b]}:
        rows = [own] if metrics()[name].subject == "dataset" else parts
        known = [row[name] for row in rows if row.get(name) is not None]
        if not known:
            continue
        mean = sum(known) / len(known)
        difference = weights[a].get(name, 0.0) - weights[b].get(name, 0.0)
        # A metric that is half passed moves the dataset in neither direction.
        found.append((abs(difference * (mean - 0.5)), name, mean, a if difference > 0 else b))
    found.sort(key=lambda one: (-one[0], one[1]))
    return [
        f"{heavier} weighs more: {metrics()[name].question} {_word(mean)}"
        for size, name, mean, heavier in found[:limit]
        if size
    ]


def _word(mean: float) -> str:
    return "yes" if mean == 1 else "no" if mean == 0 else f"{mean:.0%}"


def side_by_side(row: dict[str, Any]) -> list[tuple[str, float | None, float, str | None]]:
    """Return the totals of a dataset in all scoring systems, as tuples of system id, total, maximum and band (or
    grade).

    ``row`` is the dataset's row of the table ``dataset_quality``.
    """
    found: list[tuple[str, float | None, float, str | None]] = [("winnow", row["score"], 100.0, row["grade"])]
    for name, system in systems().items():
        found.append((name, row[name], system.maximum, system.band_of(row[name])))
    return found
