"""What a type's own reading of a record left open, filled with what the names of its other fields tell.

    facts = Facts("dataset", languages)
    facts.read(fields that the type does not read itself)
    return filled(Dataset(...), facts)

What was read by its place stays; of a licence all candidates are compared, and the one that is known counts.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from catalog.model import Dataset
from harvester.facts.choice import grade
from harvester.facts.mapping import dataset_fields
from harvester.facts.record import RecordFacts

__all__ = ["filled"]

_FIRST = -100
"""Rank of what was read by its place: it goes before all that a name tells."""


def filled(own: Dataset, facts: RecordFacts) -> Dataset:
    """A dataset with what it does not state from further facts of its record."""
    if not facts.found:
        return own
    for at, said in enumerate((own.licence, own.licence_title)):
        # "other" and "proprietary" say that there is no code for it.
        if said is not None and grade("licence", said):
            facts.add("licence", said, "licence", rank=_FIRST + at)
    made = dataset_fields(facts)
    changes: dict[str, Any] = {
        name: value for name, value in made.items() if value and not getattr(own, name) and name != "translations"
    }
    if made.get("licence") and made["licence"] != own.licence:
        changes |= {"licence": made["licence"], "licence_title": made["licence_title"]}
    if own.title is None and made.get("translations"):
        changes["translations"] = made["translations"]
    if own.not_carried:
        changes["not_carried"] = tuple(name for name in own.not_carried if name not in changes)
    return replace(own, **changes) if changes else own
