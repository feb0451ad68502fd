"""Turn the facts of a record into the fields of a dataset or distribution.

A portal type overrides what it knows better: ``Dataset(**{**dataset_fields(facts), "landing_page": page})``.
"""

from __future__ import annotations

import re
from typing import Any

from harvester.facts.bodies import Party
from harvester.facts.record import RecordFacts

__all__ = ["dataset_fields", "file_fields"]


_TEXTS = (
    "access_rights", "rights", "issued", "frequency", "landing_page", "provenance", "described_by",
    "described_by_type", "is_part_of",
)  # fmt: skip
_LISTS = (
    "themes", "language", "conforms_to", "applicable_legislation", "hvd_categories", "documentation", "bureau_codes",
    "program_codes",
)  # fmt: skip
_FILE_TEXTS = (
    "format", "media_type", "byte_size", "checksum", "rights", "issued", "modified", "described_by",
    "described_by_type", "documentation", "status", "availability",
)  # fmt: skip
_FILE_LISTS = ("language", "conforms_to")


def dataset_fields(facts: RecordFacts, *filed_under: Party) -> dict[str, Any]:
    """Return what ``facts`` state about a dataset, as keyword arguments for ``Dataset``.

    Identifier, distributions and data services are not included. ``filed_under`` are organisations or groups to which
    the portal assigns the record. If the record names no publisher, the first of them with a name is the publisher.
    """
    words = facts.worded()
    made: dict[str, Any] = {
        "title": words.title,
        "description": words.description,
        "keywords": words.keywords,
        "translations": words.translations,
        # Reading "modified" first moves a repetition interval found there to the frequencies.
        "modified": facts.modified(),
        "publisher": facts.publisher(*filed_under),
        "contact": facts.contact(),
        "spatial": facts.places(),
        "relations": facts.all_texts("relations", "references"),
        "other_identifiers": facts.all_texts("other_identifiers"),
    }
    made["licence"], made["licence_title"] = facts.licence()
    made["temporal_start"], made["temporal_end"] = facts.period()
    found = facts.found
    for fact in _TEXTS:
        if fact in found:
            made[fact] = facts.text(fact)
    for fact in _LISTS:
        if fact in found:
            made[fact] = facts.first_texts(fact)
    if facts.contradictions:
        made["contradictions"] = tuple(dict.fromkeys(facts.contradictions))
    return made


def file_fields(facts: RecordFacts) -> dict[str, Any]:
    """Return what ``facts`` state about a distribution, as keyword arguments for ``Distribution``.

    Identifier and addresses are not included.
    """
    found = facts.found
    made: dict[str, Any] = {fact: facts.text(fact) for fact in _FILE_TEXTS if fact in found}
    for fact in _FILE_LISTS:
        if fact in found:
            made[fact] = facts.first_texts(fact)
    for fact in ("title", "description"):
        if fact in found:
            made[fact] = facts.shown(fact)
    if "licence" in found:
        made["licence"], made["licence_title"] = facts.licence()
    if made.get("checksum"):
        made["checksum_algorithm"] = facts.text("checksum_algorithm") or _algorithm(facts, str(made["checksum"]))
    return made


def _algorithm(facts: RecordFacts, checksum: str) -> str | None:
    """Return the algorithm that the checksum field's name states, for example "sha256"."""
    for one in facts.found.get("checksum", ()):
        named = re.search(r"(?i)(?:^|[/_ .-])(md5|sha-?(?:1|224|256|384|512))$", one.path)
        if named and str(one.value).strip() == checksum.strip():
            return named[1]
    return None
