"""One plain function for each metric, named after the metric's id.

The tables of ``specs/metrics.toml`` are the registration: a function is found by its name, in the module of its
dimension. Metrics that only third-party scoring systems use, and metrics of data services, have their own modules. A
dataset metric takes a DatasetSubject, a distribution metric a DistributionSubject, a service metric a DataService.
Every function returns a Measurement: a number from 0 to 1, None if the metric does not apply, or UNKNOWN.

A function ``<metric>_observed`` beside a metric says in one sentence, without a full stop, what was found when the
metric failed. For a metric without such a function, a finding observes only "no".
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from importlib import import_module
from types import ModuleType
from typing import Any

from quality.evidence.carried import check_facts
from quality.evidence.subject import DatasetSubject, DistributionSubject, Measurement
from quality.metrics.answers import NOTHING_MORE
from specs.errors import SpecError
from specs.metrics import metrics

__all__ = ["MODULES", "functions", "observed", "sentence_of"]


MODULES = (
    "findable", "accessible", "open", "usable", "timely", "sound", "third_party", "third_party_files", "services",
)  # fmt: skip


@lru_cache(maxsize=1)
def _modules() -> tuple[ModuleType, ...]:
    return tuple(import_module(f"quality.metrics.{name}") for name in MODULES)


@lru_cache(maxsize=3)
def functions(subject: str) -> dict[str, Callable[[Any], Measurement]]:
    """Return the functions that compute the metrics of one kind of subject, by metric id.

    ``subject`` is "dataset", "distribution" or "service". The order is that of ``specs/metrics.toml``. Raise SpecError
    if a metric in that file has no function, or if its ``facts`` or ``evidence`` name a field that no record has.
    """
    chosen = [metric for metric in metrics().values() if metric.subject == subject]
    for metric in chosen:
        check_facts(metric)
    return {metric.id: _function(metric.id) for metric in chosen}


def _function(metric_id: str) -> Callable[[Any], Measurement]:
    for module in _modules():
        if metric_id in vars(module):
            found: Callable[[Any], Measurement] = getattr(module, metric_id)
            return found
    raise SpecError(f"specs/metrics.toml: metric.{metric_id}: no module in quality/metrics has a function of this name")


@cache
def sentence_of(metric_id: str) -> Callable[[Any], str] | None:
    """Return the function that words the column ``observed`` of the findings of a metric.

    It is called with the dataset or distribution that failed the metric, and returns for example "the encoding is
    cp1252". None if the metric has no such function; its findings say "no".
    """
    name = f"{metric_id}_observed"
    return next((getattr(module, name) for module in _modules() if name in vars(module)), None)


def observed(metric_id: str, subject: DatasetSubject | DistributionSubject) -> str:
    """Return the words for the column ``observed`` of the finding that ``subject`` fails a metric.

    For example "the encoding is cp1252". The result is "no" if the metric has no words of its own. Call it only for a
    metric that failed.
    """
    sentence = sentence_of(metric_id)
    return NOTHING_MORE if sentence is None else sentence(subject)
