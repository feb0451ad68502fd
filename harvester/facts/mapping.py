"""The fields of a dataset and of a file, as the facts of their records say them.

What a portal type knows better it puts in their place: ``Dataset(**{**dataset_fields(facts), "landing_page": page})``.
"""

from __future__ import annotations

from typing import Any

from harvester.facts.bodies import Body
from harvester.facts.record import Facts

__all__ = ["dataset_fields", "file_fields"]


def dataset_fields(facts: Facts, *filed_under: Body) -> dict[str, Any]:
    """All fields of a dataset but its identifier, its files and its services."""
    licence, licence_title = facts.licence()
    words = facts.worded()
    # A repetition among the dates is moved to the frequencies first.
    modified = facts.modified()
    start, end = facts.period()
    made: dict[str, Any] = {
        "title": words.title,
        "description": words.description,
        "keywords": words.keywords,
        "translations": words.translations,
        "themes": facts.first_texts("themes"),
        "publisher": facts.publisher(*filed_under),
        "contact": facts.contact(),
        "licence": licence,
        "licence_title": licence_title,
        "access_rights": facts.text("access_rights"),
        "rights": facts.text("rights"),
        "issued": facts.text("issued"),
        "modified": modified,
        "frequency": facts.text("frequency"),
        "spatial": facts.places(),
        "temporal_start": start,
        "temporal_end": end,
        "language": facts.first_texts("language"),
        "landing_page": facts.text("landing_page"),
        "conforms_to": facts.first_texts("conforms_to"),
        "applicable_legislation": facts.first_texts("applicable_legislation"),
        "hvd_categories": facts.first_texts("hvd_categories"),
        "provenance": facts.text("provenance"),
        "relations": facts.all_texts("relations", "references"),
        "other_identifiers": facts.all_texts("other_identifiers"),
        "documentation": facts.first_texts("documentation"),
        "described_by": facts.text("described_by"),
        "bureau_codes": facts.first_texts("bureau_codes"),
        "program_codes": facts.first_texts("program_codes"),
        "is_part_of": facts.text("is_part_of"),
    }
    made["contradictions"] = tuple(dict.fromkeys(facts.contradictions))
    return made


def file_fields(facts: Facts) -> dict[str, Any]:
    """All fields of a distribution but its identifier and its addresses."""
    licence, licence_title = facts.licence()
    checksum = facts.text("checksum")
    return {
        "title": facts.shown("title"),
        "description": facts.shown("description"),
        "format": facts.text("format"),
        "media_type": facts.text("media_type"),
        "byte_size": facts.text("byte_size"),
        "checksum": checksum,
        "checksum_algorithm": facts.text("checksum_algorithm") if checksum else None,
        "licence": licence,
        "licence_title": licence_title,
        "rights": facts.text("rights"),
        "issued": facts.text("issued"),
        "modified": facts.text("modified"),
        "language": facts.first_texts("language"),
        "conforms_to": facts.first_texts("conforms_to"),
        "described_by": facts.text("described_by"),
        "documentation": facts.text("documentation"),
        "status": facts.text("status"),
        "availability": facts.text("availability"),
    }
