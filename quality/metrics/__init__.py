"""One plain function a metric, named after its id.

The tables of ``specs/metrics.toml`` are the registration: a function is found by its name, in the module of its
dimension; metrics that only other systems than ours ask for, and those of data services, have modules of their own. A
dataset metric takes a DatasetSubject, a distribution metric a DistributionSubject, one of services a DataService; all
answer a Measurement.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from typing import Any

from quality.subject import Measurement
from specs.metrics import metrics

__all__ = ["MODULES", "functions"]


MODULES = ("findable", "accessible", "open", "usable", "timely", "sound", "of_others", "services")


@lru_cache(maxsize=3)
def functions(subject: str) -> dict[str, Callable[[Any], Measurement]]:
    """The functions of all metrics of a subject ("dataset", "distribution" or "service"), in the order of the file."""
    modules = [import_module(f"quality.metrics.{name}") for name in MODULES]
    return {
        metric.id: next(getattr(module, metric.id) for module in modules if metric.id in vars(module))
        for metric in metrics().values()
        if metric.subject == subject
    }
