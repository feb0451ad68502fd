"""Fill the fields that a portal type's own mapping left empty, from further fields of the record.

    facts = RecordFacts("dataset", languages)
    facts.read(fields that the mapping does not read itself)
    return filled(Dataset(...), facts)

Values that the mapping read are kept. Only licences are compared: a licence that resolves wins over one that does not.
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
"""Rank of values that the mapping read itself; they go before every value found by a field's name."""


def filled(own: Dataset, facts: RecordFacts) -> Dataset:
    """Return ``own`` with its empty fields filled from ``facts``.

    ``own`` is the dataset as the portal type mapped it; ``facts`` holds the fields of the same record that this mapping
    did not read. A field of ``own`` that has a value stays as it is, with three exceptions: the licence and its title
    are replaced if ``facts`` have a better licence (:func:`~harvester.facts.choice.choose`), the translations are
    replaced by those in ``facts`` if ``own`` has no title, and fields that are filled now are removed from
    ``not_carried``. If there is nothing to change, ``own`` itself is returned. ``facts`` may be changed.
    """
    if not facts.found:
        return own
    for at, said in enumerate((own.licence, own.licence_title)):
        # "other" and "proprietary" only say that the licence has no code.
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
