"""Read facts from raw records, for all portal types.

Every place where a fact may stand gives a candidate; the best candidate is chosen afterwards.
"""

from __future__ import annotations

from harvester.facts.bodies import Party, bodies, contact_of, publisher_of
from harvester.facts.candidates import Candidate, FactScope, Standing
from harvester.facts.choice import Choice, choose, grade
from harvester.facts.filling import filled
from harvester.facts.languages import MultilingualText, by_language, first_language, worded, worded_values
from harvester.facts.mapping import dataset_fields, file_fields
from harvester.facts.meaning import meant
from harvester.facts.names import FieldName, field_name
from harvester.facts.periods import Period, periods, span
from harvester.facts.places import box, places
from harvester.facts.record import RecordFacts

__all__ = [
    "Party",
    "Candidate",
    "Choice",
    "RecordFacts",
    "FieldName",
    "Period",
    "FactScope",
    "Standing",
    "MultilingualText",
    "bodies",
    "box",
    "by_language",
    "choose",
    "contact_of",
    "dataset_fields",
    "field_name",
    "file_fields",
    "filled",
    "first_language",
    "grade",
    "meant",
    "periods",
    "places",
    "publisher_of",
    "span",
    "worded",
    "worded_values",
]
