"""Rank correlations of many values, most of which occur often: Spearman's, and Kendall's tau-b.

The results are those of ``scipy.stats``, whose import takes a second and 60 MB. Equal pairs of values are counted once.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Coded", "coded", "correlations", "ranks"]

Matrix = NDArray[np.float64]
Numbers = NDArray[np.int64]


class Coded(NamedTuple):
    """Values as numbers: make them once with :func:`coded`, if values are compared with several others."""

    code: Numbers
    """Shape (n,): index of each value among the different values, which are sorted."""
    counts: Numbers
    """How often each of the different values occurs."""


def coded(values: Matrix) -> Coded:
    """Return values as numbers. ``values``: shape (n,), without NaN."""
    _, code, counts = np.unique(values, return_inverse=True, return_counts=True)
    return Coded(code.astype(np.int64), counts.astype(np.int64))


def correlations(a: Coded, b: Coded) -> tuple[float, float]:
    """Return Spearman's rank correlation and Kendall's tau-b of ``a`` and ``b``.

    Both have the same length, and neither is constant.
    """
    return float(np.corrcoef(_ranks(a), _ranks(b))[0, 1]), _kendall(a, b)


def ranks(values: Matrix) -> Matrix:
    """Return the rank of each value, from 1; equal values share the mean of their ranks. ``values``: shape (n,)."""
    return _ranks(coded(values))


def _ranks(values: Coded) -> Matrix:
    return np.asarray((np.cumsum(values.counts) - (values.counts - 1) / 2)[values.code])


def _kendall(a: Coded, b: Coded) -> float:
    """Return Kendall's tau-b; discordant pairs are inversions of ``b`` in the order of ``a`` (Knight 1966)."""
    (code_a, counts_a), (code_b, counts_b) = a, b
    # Sorted by a, then by b: pairs that are equal in a are no inversions.
    pairs, weights = np.unique(code_a * len(counts_b) + code_b, return_counts=True)
    discordant = _inversions(pairs % len(counts_b), weights.astype(np.int64))
    total = len(code_a) * (len(code_a) - 1) // 2
    tied_a, tied_b, tied_both = (int((n * (n - 1) // 2).sum()) for n in (counts_a, counts_b, weights))
    difference = total - tied_a - tied_b + tied_both - 2 * discordant
    tau = difference / math.sqrt(total - tied_a) / math.sqrt(total - tied_b)
    return min(1.0, max(-1.0, tau))


def _inversions(values: Numbers, weights: Numbers) -> int:
    """Return the number of pairs in which a greater value comes before a smaller one, each pair counted by the product
    of its weights.

    Two values differ first in one of their bits. So for each bit, from the highest, the pairs are counted that are
    equal before it, and of which the first has a one there and the second a zero.
    """
    found = 0
    for bit in range(int(values.max(initial=0)).bit_length() - 1, -1, -1):
        order = np.argsort(values >> (bit + 1), kind="stable")
        ordered, weight = values[order], weights[order]
        prefix, is_one = ordered >> (bit + 1), (ordered >> bit & 1).astype(bool)
        ones = np.cumsum(np.where(is_one, weight, 0))
        starts = np.flatnonzero(np.r_[True, prefix[1:] != prefix[:-1]])
        before = np.repeat(np.r_[0, ones][starts], np.diff(np.r_[starts, len(ordered)]))
        found += int(((ones - before) * weight)[~is_one].sum())
    return found
