"""One plain function a metric, named after its id.

The tables of ``specs/metrics.toml`` are the registration: a function is found by its name, in the module of its
dimension; metrics that only other systems than ours ask for, and those of data services, have modules of their own. A
dataset metric takes a DatasetSubject, a distribution metric a DistributionSubject, one of services a DataService; all
answer a Measurement.

What was found where a metric failed is said by the function ``<metric>_observed`` beside it, in one sentence without a
full stop. A metric without such a function has nothing to say but "no".
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from importlib import import_module
from types import ModuleType
from typing import Any

from quality.evidence.subject import DatasetSubject, DistributionSubject, Measurement
from quality.metrics.answers import NOTHING_MORE
from specs.metrics import metrics

__all__ = ["MODULES", "functions", "observed"]


MODULES = ("findable", "accessible", "open", "usable", "timely", "sound", "third_party", "services")


@lru_cache(maxsize=1)
def _modules() -> tuple[ModuleType, ...]:
    return tuple(import_module(f"quality.metrics.{name}") for name in MODULES)


@lru_cache(maxsize=3)
def functions(subject: str) -> dict[str, Callable[[Any], Measurement]]:
    """The functions of all metrics of a subject ("dataset", "distribution" or "service"), in the order of the file."""
    return {
        metric.id: next(getattr(module, metric.id) for module in _modules() if metric.id in vars(module))
        for metric in metrics().values()
        if metric.subject == subject
    }


@cache
def _sentence(metric_id: str) -> Callable[[Any], str] | None:
    name = f"{metric_id}_observed"
    return next((getattr(module, name) for module in _modules() if name in vars(module)), None)


def observed(metric_id: str, subject: DatasetSubject | DistributionSubject) -> str:
    """What was found where a metric failed, in words; "no" where there is nothing more to say."""
    said = _sentence(metric_id)
    return NOTHING_MORE if said is None else said(subject)
