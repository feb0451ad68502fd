"""What a fix is said to bring is what it brings: every promise is kept when the fix is applied to a copy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quality.evidence.subject import UNKNOWN
from quality.findings.gains import gains, number_of
from quality.systems.matrix import Matrix, MeasurementMatrix, columns, matrix_of_measurements
from quality.systems.winnow import weighted, winnow_scores
from specs.metrics import metrics

VALUE = st.one_of(st.none(), st.just(UNKNOWN), st.sampled_from([0.0, 0.25, 1.0]))
WEIGHTED = {kind: [m.id for m in weighted().metrics if m.subject == kind] for kind in ("dataset", "distribution")}
OWN = st.fixed_dictionaries({name: VALUE for name in WEIGHTED["dataset"]})
PARTS = st.lists(st.fixed_dictionaries({name: VALUE for name in WEIGHTED["distribution"]}), max_size=4)


def joined(sheets: Sequence[MeasurementMatrix]) -> MeasurementMatrix:
    return MeasurementMatrix(
        datasets=np.concatenate([s.datasets for s in sheets]),
        distributions=np.concatenate([s.distributions for s in sheets]),
        services=np.concatenate([s.services for s in sheets]),
        distribution_counts=np.concatenate([s.distribution_counts for s in sheets]),
        service_counts=np.concatenate([s.service_counts for s in sheets]),
    )


def scores_after(measured: MeasurementMatrix, fixes: Sequence[tuple[str, Sequence[int]]]) -> Matrix:
    """Return the scores after each fix: an answer set to 1 in some rows. A row of the result has those of one fix.

    Each fix is applied to a copy of its own; the copies are scored together, since datasets do not touch each other.
    """
    copies = []
    for metric_id, rows in fixes:
        group = metrics()[metric_id].subject
        matrix = measured.group(group).copy()  # type: ignore[arg-type]
        matrix[rows, columns(group).index(metric_id)] = 1.0  # type: ignore[arg-type]
        changed = {"datasets" if group == "dataset" else "distributions": matrix}
        copies.append(replace(measured, **changed))  # type: ignore[arg-type]
    return winnow_scores(joined(copies)).value.reshape(len(fixes), len(measured.datasets))


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(OWN, PARTS), min_size=1, max_size=4))
def test_every_promise_is_kept(cases: list[tuple[Any, Any]]) -> None:
    measured = joined([matrix_of_measurements(own, parts) for own, parts in cases])
    found, before = gains(measured), winnow_scores(measured).value
    owner = np.repeat(np.arange(len(cases)), measured.distribution_counts)
    fixes: list[tuple[str, list[int]]] = []
    whose: list[int] = []
    promised: list[float] = []
    is_single: list[bool] = []
    for metric in weighted().metrics:
        number = number_of(metric.id)
        assert number is not None
        of_datasets = metric.subject == "dataset"
        matrix = measured.group(metric.subject)  # type: ignore[arg-type]
        answers = matrix[:, columns(metric.subject).index(metric.id)]  # type: ignore[arg-type]
        by_dataset: dict[int, list[int]] = {}
        for row in np.flatnonzero((answers >= 0) & (answers < 1)):
            dataset = int(row if of_datasets else owner[row])
            by_dataset.setdefault(dataset, []).append(int(row))
            fixes.append((metric.id, [int(row)]))
            whose.append(dataset)
            promised.append((found.dataset if of_datasets else found.part)[row, number])
            is_single.append(True)
        # All of a dataset at once; the others of the measured are left alone.
        for dataset, rows in by_dataset.items():
            fixes.append((metric.id, rows))
            whose.append(dataset)
            promised.append(found.dataset[dataset, number])
            is_single.append(False)
    if fixes:
        after = scores_after(measured, fixes)
        for fix, dataset, promise, single, scores in zip(fixes, whose, promised, is_single, after, strict=True):
            brings = scores[dataset] - before[dataset]
            assert np.nan_to_num(promise) == pytest.approx(brings, abs=1e-9), fix
            assert brings >= -1e-9 or not single
    assert (~np.isfinite(found.part)).any() or fixes or not len(measured.distributions)


@settings(max_examples=60, deadline=None)
@given(OWN, PARTS, st.sampled_from(weighted().metrics), st.randoms(use_true_random=False))
def test_bounds_monotony_and_order(own: Any, parts: list[Any], metric: Any, random: Any) -> None:
    measured = matrix_of_measurements(own, parts)
    total = winnow_scores(measured)
    for value, low, high in (
        (total.value, total.low, total.high),
        (total.dimension_value, total.dimension_low, total.dimension_high),
    ):
        assert not (low < -1e-9).any() and not (high > 100 + 1e-9).any() and not (low > high + 1e-9).any()
        assert not (value < low - 1e-9).any() and not (value > high + 1e-9).any()
    turned = winnow_scores(matrix_of_measurements(own, random.sample(parts, len(parts))))
    for ours, theirs in ((total.value, turned.value), (total.low, turned.low), (total.high, turned.high)):
        np.testing.assert_allclose(ours, theirs, atol=1e-9)
    groups = [own] if metric.subject == "dataset" else parts
    for number, group in enumerate(groups):
        before = group[metric.id]
        if not isinstance(before, float):
            continue
        for after in (UNKNOWN, 1.0):
            changed = [*groups[:number], {**group, metric.id: after}, *groups[number + 1 :]]
            one = (
                matrix_of_measurements(changed[0], parts)
                if metric.subject == "dataset"
                else (matrix_of_measurements(own, changed))
            )
            new = winnow_scores(one)
            if after is UNKNOWN:
                # To know less never raises the lower bound, nor lowers the upper one.
                assert new.low[0] <= total.low[0] + 1e-9 and new.high[0] >= total.high[0] - 1e-9
            else:
                assert new.low[0] >= total.low[0] - 1e-9 and new.high[0] >= total.high[0] - 1e-9
                assert np.isnan(total.value[0]) or new.value[0] >= total.value[0] - 1e-9


def test_datasets_of_a_sheet_do_not_touch_each_other() -> None:
    rng = np.random.default_rng(1)
    values = [None, UNKNOWN, 0.0, 1.0]

    def drawn(kind: Any) -> dict[str, Any]:
        return {name: values[rng.integers(4)] for name in columns(kind)}

    alone = [
        matrix_of_measurements(drawn("dataset"), [drawn("distribution") for _ in range(rng.integers(4))])
        for _ in range(50)
    ]
    together = winnow_scores(joined(alone))
    for number, measured in enumerate(alone):
        one = winnow_scores(measured)
        np.testing.assert_allclose(
            [one.value[0], one.low[0], one.high[0]],
            [together.value[number], together.low[number], together.high[number]],
        )


def test_an_open_licence_on_a_dead_link_opens_nothing_and_fixing_the_link_brings_it_back() -> None:
    own = {name: 1.0 for name in columns("dataset")}
    good = {name: 1.0 for name in columns("distribution")}
    dead = {**good, "link_ok": 0.0, "file_served": None}
    measured = matrix_of_measurements(own, [dead])
    before = winnow_scores(measured)
    open_ = weighted().dimension_names.index("open")
    assert before.dimension_value[0, open_] < 40
    number = number_of("link_ok")
    assert number is not None
    assert gains(measured).part[0, number] == pytest.approx(100 - before.value[0])
    # Only one of two: the other still has data, and the best of the formats is its.
    pair = matrix_of_measurements(own, [dead, good])
    assert winnow_scores(pair).dimension_value[0, open_] > 70
