"""Compute what fixing a cause brings: the points by which scores rise if all its findings are fixed at once.

The score of a dataset is a mean of means, so for most rules the gains of single findings give the exact sum within a
dataset: they add up where a metric is the mean over files, and the greatest counts where the best file does. Only if a
fix brings data back does everything that needs data count anew; those datasets are scored again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from catalog.db.store import Catalog
from catalog.repositories.cause_facts import CauseFacts
from catalog.repositories.coded import Numbers
from catalog.repositories.stored_measurements import stored_measurements
from quality.findings.gains import number_of
from quality.systems.matrix import UNKNOWN_CELL, Counts, Matrix, MeasurementMatrix, columns
from quality.systems.winnow import answers, score_values
from specs.metrics import metrics

__all__ = ["dataset_gains", "rescored"]

BATCH = 1_000
"""Datasets whose stored measurements are in memory at a time."""
_Gains = tuple[Numbers, NDArray[np.float64]]


def dataset_gains(catalog: Catalog, facts: CauseFacts, rule_id: str, members: Numbers) -> _Gains:
    """Return by how many points the score of each dataset rises if findings of one rule are all fixed together.

    - ``facts``: the findings of a portal, and its datasets and files, as arrays.
    - ``members``: indexes in ``facts`` of the findings that are fixed. Disputed and waived ones do not count. A finding
      about a table counts only if all findings of the rule about that table are among those that count.

    The result is a pair of arrays: indexes in ``facts`` of the datasets with findings that count, and the points that
    each gains, 0 to 100. All points are 0 if the rule has no weight in the score.
    """
    chosen = members[facts.is_open[members]]
    if number_of(rule_id) is None or not len(chosen):
        return np.unique(facts.dataset[chosen]), np.zeros(len(np.unique(facts.dataset[chosen])))
    metric = metrics()[rule_id]
    if metric.dimension == "sound":
        # Only a look into a table gives several findings of one rule and file.
        chosen = _whole(facts, rule_id, chosen)
    if metric.subject == "distribution" and metric.shows_data:
        return _scored_again(catalog, facts, rule_id, chosen)
    datasets, at = np.unique(facts.dataset[chosen], return_inverse=True)
    found = np.zeros(len(datasets))
    if metric.over == "best":
        np.maximum.at(found, at, facts.gain[chosen])
    else:
        np.add.at(found, at, facts.gain[chosen])
    return datasets, found


def _whole(facts: CauseFacts, rule_id: str, chosen: Numbers) -> Numbers:
    """Return the findings of files of which all findings of the rule are chosen: one that is left keeps the file
    failing."""
    rule = list(facts.rules).index(rule_id)
    of_rule = (facts.rule == rule) & (facts.file >= 0)
    files, all_of = np.unique(facts.file[of_rule], return_counts=True)
    own = facts.file[chosen]
    here, counts = np.unique(own[own >= 0], return_counts=True)
    whole = here[counts == all_of[np.searchsorted(files, here)]]
    return np.asarray(chosen[(own < 0) | np.isin(own, whole)])


def _scored_again(catalog: Catalog, facts: CauseFacts, rule_id: str, chosen: Numbers) -> _Gains:
    datasets = np.unique(facts.dataset[chosen])
    files = facts.file_key[facts.file[chosen][facts.file[chosen] >= 0]]
    return datasets, rescored(catalog, facts.dataset_key[datasets].tolist(), rule_id, files)


def rescored(
    catalog: Catalog, datasets: Sequence[int], rule_id: str, subjects: Collection[int] | Numbers
) -> NDArray[np.float64]:
    """Return by how many points the score of each dataset rises if one metric passes for the given subjects.

    - ``datasets``: row ids of the datasets to score, ascending; the result has the same order.
    - ``rule_id``: the id of the metric.
    - ``subjects``: what passes: row ids of datasets if the metric is asked of datasets, else the numbers of
      distributions in the table ``keys``.

    The scores are computed twice from the stored measurements, as they are and with the metric passed; those of 1,000
    datasets are in memory at a time. The result is 0 for a dataset without a score.
    """
    passing = np.asarray(subjects if isinstance(subjects, np.ndarray) else list(subjects), dtype=np.int64)
    parts = [
        _rescored(catalog, datasets[start : start + BATCH], rule_id, passing)
        for start in range(0, len(datasets), BATCH)
    ]
    return np.concatenate(parts) if parts else np.zeros(0)


def _rescored(catalog: Catalog, datasets: Sequence[int], rule_id: str, passing: Numbers) -> NDArray[np.float64]:
    own, parts, counts, part_keys = _matrices(catalog, datasets)
    measured = MeasurementMatrix(
        datasets=own, distributions=parts, services=np.empty((0, len(columns("service")))),
        distribution_counts=counts, service_counts=np.zeros(len(counts), dtype=np.int64),
    )  # fmt: skip
    before = score_values(answers(measured).value)
    group = metrics()[rule_id].subject
    keys = np.array(datasets if group == "dataset" else part_keys, dtype=np.int64)
    matrix = own if group == "dataset" else parts
    matrix[np.isin(keys, passing), columns("dataset" if group == "dataset" else "distribution").index(rule_id)] = 1.0
    return np.nan_to_num(score_values(answers(measured).value) - before)


def _matrices(catalog: Catalog, datasets: Sequence[int]) -> tuple[Matrix, Matrix, Counts, list[int]]:
    stored = stored_measurements(catalog, datasets, columns("dataset"), columns("distribution"))
    own = _cells(stored.own, stored.own_unknown, columns("dataset"))
    parts = _cells(stored.parts, stored.parts_unknown, columns("distribution"))
    return own, parts, np.array(stored.counts, dtype=np.int64), stored.part_keys


def _cells(rows: Sequence[Sequence[float | None]], unknown: Sequence[str], names: Sequence[str]) -> Matrix:
    cells = np.array(rows, dtype=np.float64).reshape(-1, len(names))
    at = {name: number for number, name in enumerate(names)}
    for row, text in enumerate(unknown):
        for name in text.split(","):
            if name in at:
                cells[row, at[name]] = UNKNOWN_CELL
    return cells
