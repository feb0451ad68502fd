"""Our rank correlations are those of scipy, to the last digit."""

from __future__ import annotations

import numpy as np
import pytest

from quality.systems.rank_correlation import Matrix, coded, correlations, ranks


def spearman(a: Matrix, b: Matrix) -> float:
    return correlations(coded(a), coded(b))[0]


def kendall(a: Matrix, b: Matrix) -> float:
    return correlations(coded(a), coded(b))[1]


@pytest.mark.parametrize("seed", range(3))
def test_the_correlations_are_those_of_scipy(seed: int) -> None:
    # Here, because every worker of pytest-xdist imports this module, and scipy takes most of a second.
    from scipy.stats import kendalltau, rankdata

    rng = np.random.default_rng(seed)
    done = 0
    for _ in range(150):
        count, different = int(rng.integers(3, 80)), int(rng.integers(2, 12))
        a = rng.integers(0, different, count) / different
        b = np.round(a * rng.random(count), int(rng.integers(0, 3)))
        if np.ptp(a) == 0 or np.ptp(b) == 0:
            continue
        done += 1
        assert ranks(a).tolist() == rankdata(a).tolist()
        assert spearman(a, b) == np.corrcoef(rankdata(a), rankdata(b))[0, 1]
        assert kendall(a, b) == kendalltau(a, b).statistic
    assert done > 50


def test_the_same_order_and_its_reverse() -> None:
    a = np.arange(1_000.0)
    assert (kendall(a, a), kendall(a, -a), spearman(a, a)) == (1.0, -1.0, pytest.approx(1.0))
