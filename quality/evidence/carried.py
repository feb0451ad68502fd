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
    """Return the names that ``facts`` and ``evidence`` of a metric in ``specs/metrics.toml`` may contain.

    They are the fields of Dataset and Distribution, "contact_email" and "contact_url" for those of the contact point,
    and "*" for all fields that an interface cannot transport. If Dataset and Distribution both have a field, the name
    for that of a distribution begins with ``distribution_``.
    """
    whole = {field.name for field in fields(Dataset)}
    part = {field.name for field in fields(Distribution)}
    return frozenset(
        {ANY_FACT, *_OF_CONTACT, *whole, *(part - whole), *(f"distribution_{name}" for name in part & whole)}
    )


def check_facts(metric: Metric) -> None:
    """Raise SpecError if ``facts`` or ``evidence`` of a metric name a field that no record has.

    Without this check a typing error would have a silent effect: publishers would be blamed for a field that their
    portal's interface cannot transport.
    """
    for key in ("facts", "evidence"):
        for name in getattr(metric, key):
            if name not in fact_names():
                near = get_close_matches(name, fact_names(), 1)
                remedy = f"write {near[0]!r}" if near else "take a field of Dataset or Distribution in catalog/model"
                raise SpecError(f"specs/metrics.toml: metric.{metric.id}.{key}: there is no fact {name!r}; {remedy}")


def not_charged(
    names: Sequence[str], values: list[Measurement], dataset: Dataset, part: Distribution | None = None
) -> None:
    """Replace failed measurements by UNKNOWN, in place, where the portal's interface cannot transport what is asked
    for.

    Some interfaces cannot transport certain fields of a record; ``dataset.not_carried`` lists these. A measurement
    below 1 is replaced if its metric depends on one of them (``facts`` in ``specs/metrics.toml``) and the field is
    empty.

    - ``values``: the measurements of one dataset or distribution.
    - ``names``: the metric ids of ``values``, in the same order.
    - ``part``: the distribution that was measured; None if the dataset itself was.
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
    """Return whether the field named ``fact`` has a value.

    ``fact`` is one of :func:`fact_names`, except "*". If ``part`` is None, the field of ``dataset`` is meant, else that
    of the distribution ``part``. For a distribution, "licence", "rights", "documentation" and "described_by" are there
    also if its dataset has them. The contact point is always that of the dataset.
    """
    if fact in _OF_CONTACT:
        return dataset.contact is not None and bool(getattr(dataset.contact, fact.removeprefix("contact_")))
    own = fact.removeprefix("distribution_") if part is not None else fact
    found = getattr(part, own, None) if part is not None else None
    # Licence, rights and documentation of the dataset also count for its files; its other facts do not.
    of_whole = None if part is not None and fact not in ("licence", "rights", "documentation", "described_by") else fact
    return bool(found) or (of_whole is not None and bool(getattr(dataset, of_whole, None)))
