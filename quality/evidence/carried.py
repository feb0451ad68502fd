"""Turn failures into UNKNOWN that an interface caused: what it could not transport is no fault of the publisher.

A record names the facts that its interface, a conversion or our own reading lost (``Dataset.not_carried``). If a metric
returns less than 1 because such a fact is empty, that says nothing about the publisher. The key ``facts`` in
``specs/metrics.toml`` names the facts that a metric depends on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from difflib import get_close_matches
from functools import lru_cache

from catalog.model import Dataset, Distribution
from quality.evidence.subject import UNKNOWN, Measurement
from specs.errors import SpecError
from specs.metrics import Metric, metrics

__all__ = ["ANY_FACT", "check_facts", "fact_names", "is_there", "not_charged"]

ANY_FACT = "*"
"""Listed among the facts of a metric that depends on every fact that may have been lost."""
_OF_CONTACT = ("contact_email", "contact_url")
"""Facts of a dataset's contact; see :class:`catalog.model.Contact`."""


@lru_cache(maxsize=1)
def fact_names() -> frozenset[str]:
    """Return the names by which ``specs/metrics.toml`` may refer to facts: fields of datasets and of distributions.

    A field of distributions that datasets have too begins with ``distribution_``.
    """
    whole = {field.name for field in fields(Dataset)}
    part = {field.name for field in fields(Distribution)}
    return frozenset(
        {ANY_FACT, *_OF_CONTACT, *whole, *(part - whole), *(f"distribution_{name}" for name in part & whole)}
    )


def check_facts(metric: Metric) -> None:
    """Raise SpecError if ``metric`` names a fact that no record has: its measurements would silently be judged as if
    every interface carried the fact."""
    for key in ("facts", "evidence"):
        for name in getattr(metric, key):
            if name not in fact_names():
                near = get_close_matches(name, fact_names(), 1)
                remedy = f"write {near[0]!r}" if near else "take a field of Dataset or Distribution in catalog/model"
                raise SpecError(f"specs/metrics.toml: metric.{metric.id}.{key}: there is no fact {name!r}; {remedy}")


def not_charged(
    names: Sequence[str], values: list[Measurement], dataset: Dataset, part: Distribution | None = None
) -> None:
    """Replace measurements below 1 by UNKNOWN, in place, if they depend on a fact that the portal's interface cannot
    transport.

    ``names`` are the ids of the metrics that ``values`` are the measurements of, in the same order. ``dataset`` names
    the lost facts in ``not_carried``. ``part`` is the distribution that was measured; None means that the dataset
    itself was.
    """
    lost = frozenset(dataset.not_carried)
    if not lost:
        return
    for number, facts in _concerned(tuple(names)):
        value = values[number]
        if isinstance(value, float) and value < 1.0:
            missing = lost if ANY_FACT in facts else lost.intersection(facts)
            if any(not is_there(fact, dataset, part) for fact in missing):
                values[number] = UNKNOWN


@lru_cache(maxsize=8)
def _concerned(names: tuple[str, ...]) -> tuple[tuple[int, tuple[str, ...]], ...]:
    """Return the index in ``names`` and the facts of each metric that depends on facts."""
    return tuple((number, metrics()[name].facts) for number, name in enumerate(names) if metrics()[name].facts)


def is_there(fact: str, dataset: Dataset, part: Distribution | None) -> bool:
    """Return whether the catalogue has the fact in spite of the loss; for a file, its own or one
    shared by the dataset.
    """
    if fact in _OF_CONTACT:
        return dataset.contact is not None and bool(getattr(dataset.contact, fact.removeprefix("contact_")))
    own = fact.removeprefix("distribution_") if part is not None else fact
    found = getattr(part, own, None) if part is not None else None
    # Licence, rights and documentation of the dataset also count for its files; its other facts do not.
    of_whole = None if part is not None and fact not in ("licence", "rights", "documentation", "described_by") else fact
    return bool(found) or (of_whole is not None and bool(getattr(dataset, of_whole, None)))
