"""One plain function a metric, named after its id, in the module of its dimension.

The tables of ``specs/metrics.toml`` are the registration: a function is found by its name. A dataset metric takes
a DatasetSubject, a distribution metric a DistributionSubject; both answer a Measurement.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from typing import Any

from quality.subject import Measurement
from specs.metrics import metrics

__all__ = ["functions"]


@lru_cache(maxsize=2)
def functions(subject: str) -> dict[str, Callable[[Any], Measurement]]:
    """The functions of all metrics of a subject ("dataset" or "distribution"), in the order of the file."""
    return {
        metric.id: getattr(import_module(f"quality.metrics.{metric.dimension}"), metric.id)
        for metric in metrics().values()
        if metric.subject == subject
    }
