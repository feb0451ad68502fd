"""Compare governments on the same measure, and name the best one with an example dataset.

Only figures of one measure and of comparable methodology versions are compared; parameters of the measure are ignored.
Examples are marked as such. A government is not ranked if less than 80 % of its scope was observed.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from catalog.db.store import Catalog
from catalog.repositories.commitments import best_readings
from quality.commitments.progress import COVERAGE
from specs.measures import measures
from specs.methodology import is_comparable

__all__ = ["best_practice"]


def best_practice(catalog: Catalog, measure: str | None = None) -> list[dict[str, Any]]:
    """Return for each measure one row for each government: the commitment with the best value, best government first.

    ``measure`` is an id from ``specs/measures.toml``; None means all measures. Of a government's commitments, those
    that can be ranked come before the others. ``rank`` starts at 1; equal values share a rank. It is None if less than
    80 % of the scope was observed, or if the value was measured with a methodology version that is not comparable with
    the newest one. ``dataset_id`` is an example: the dataset with the highest score among those that meet the
    commitment, with ``dataset_title`` and ``dataset_url``, its page. ``reason`` says in words why it is the example;
    None without one.
    """
    found = []
    for name, group in groupby(best_readings(catalog, measure), key=lambda row: str(row["measure"])):
        about = measures()[name]
        rows = list(group)
        newest = max(rows, key=lambda row: str(row["run_id"]))["methodology_version"]
        sign = -1 if about.better == "increase" else 1
        best: dict[str, dict[str, Any]] = {}
        for row in sorted(rows, key=lambda row: (sign * row["value"], row["commitment_id"], row["indicator_id"])):
            is_ranked = (row["coverage_pct"] or 0) >= 100 * COVERAGE and is_comparable(
                row["methodology_version"], newest
            )
            kept = best.get(row["government"])
            if kept is None or (is_ranked and not kept["is_ranked"]):
                best[row["government"]] = {**row, "is_ranked": is_ranked}
        ordered = sorted(best.values(), key=lambda row: (not row["is_ranked"], sign * row["value"], row["government"]))
        ranked = [row["value"] for row in ordered if row["is_ranked"]]
        for row in ordered:
            is_ranked = row.pop("is_ranked")
            better = sum(sign * value < sign * row["value"] for value in ranked)
            told = {"unit": about.unit, "measure_title": about.title, "reason": _reason(row, about.title)}
            found.append({**row, "rank": better + 1 if is_ranked else None, **told})
    return found


def _reason(row: Mapping[str, Any], title: str) -> str | None:
    """Return why a dataset is shown as the example of a government; None if there is no such dataset."""
    if row["dataset_id"] is None:
        return None
    score = "" if row["dataset_score"] is None else f", {row['dataset_score']:g} of 100"
    passing = row["numerator"]
    among = f"the {passing:,} that pass" if passing and passing > 1 else "those that pass"
    return f'passes "{title}" and has the highest score of {among}{score}'
