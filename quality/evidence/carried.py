"""What an interface could not carry is unknown, never charged.

A record says which facts its interface, a conversion or our own reading lost (``Dataset.not_carried``). A metric that
answers less than 1 for want of such a fact, where the fact is empty, says nothing of the publisher. The key ``facts``
in ``specs/metrics.toml`` names the facts that a metric rests on.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from catalog.model import Dataset, Distribution
from quality.evidence.subject import UNKNOWN, Measurement
from specs.metrics import metrics

__all__ = ["ANY_FACT", "not_charged"]

ANY_FACT = "*"
"""Stands among the facts of a metric for whatever was not carried."""


def not_charged(
    names: Sequence[str], values: list[Measurement], dataset: Dataset, part: Distribution | None = None
) -> None:
    """Turn answers that rest on a fact that was not carried into UNKNOWN, in their place."""
    lost = frozenset(dataset.not_carried)
    if not lost:
        return
    for number, facts in _concerned(tuple(names)):
        value = values[number]
        if isinstance(value, float) and value < 1.0:
            missing = lost if ANY_FACT in facts else lost.intersection(facts)
            if any(not _is_there(fact, dataset, part) for fact in missing):
                values[number] = UNKNOWN


@lru_cache(maxsize=8)
def _concerned(names: tuple[str, ...]) -> tuple[tuple[int, tuple[str, ...]], ...]:
    """Of the metrics that rest on facts, the place among ``names`` and the facts."""
    return tuple((number, metrics()[name].facts) for number, name in enumerate(names) if metrics()[name].facts)


def _is_there(fact: str, dataset: Dataset, part: Distribution | None) -> bool:
    """Whether the fact stands in the catalogue all the same; of a file, its own or that of the whole."""
    if fact in ("contact_email", "contact_url"):
        return dataset.contact is not None and bool(getattr(dataset.contact, fact.removeprefix("contact_")))
    own = fact.removeprefix("distribution_") if part is not None else fact
    found = getattr(part, own, None) if part is not None else None
    # The licence and the rights of the whole count for its files; other facts of it do not.
    of_whole = None if part is not None and fact not in ("licence", "rights", "documentation", "described_by") else fact
    return bool(found) or (of_whole is not None and bool(getattr(dataset, of_whole, None)))
