"""Turn failures into UNKNOWN that an interface caused: what it could not transport is no fault of the publisher.

A record names the facts that its interface, a conversion or our own reading lost (``Dataset.not_carried``). If a metric
returns less than 1 because such a fact is empty, that says nothing about the publisher. The key ``facts`` in
``specs/metrics.toml`` names the facts that a metric depends on.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from catalog.model import Dataset, Distribution
from quality.evidence.subject import UNKNOWN, Measurement
from specs.metrics import metrics

__all__ = ["ANY_FACT", "is_there", "not_charged"]

ANY_FACT = "*"
"""Listed among the facts of a metric that depends on every fact that may have been lost."""


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
    if fact in ("contact_email", "contact_url"):
        return dataset.contact is not None and bool(getattr(dataset.contact, fact.removeprefix("contact_")))
    own = fact.removeprefix("distribution_") if part is not None else fact
    found = getattr(part, own, None) if part is not None else None
    # Licence, rights and documentation of the dataset also count for its files; its other facts do not.
    of_whole = None if part is not None and fact not in ("licence", "rights", "documentation", "described_by") else fact
    return bool(found) or (of_whole is not None and bool(getattr(dataset, of_whole, None)))
