"""What an interface could not carry is unknown, never charged.

A record says which facts its interface, a conversion or our own reading lost (``Dataset.not_carried``). A metric that
answers less than 1 for want of such a fact, where the fact is empty, says nothing of the publisher.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from catalog.model import Dataset, Distribution
from quality.subject import UNKNOWN, Measurement

__all__ = ["FACTS", "not_charged"]

FACTS: dict[str, tuple[str, ...]] = {
    "description_present": ("description",),
    "description_informative": ("description",),
    "description_over_100": ("description",),
    "description_over_200": ("description",),
    "keyword_present": ("keywords",),
    "theme_present": ("themes",),
    "spatial_present": ("spatial",),
    "temporal_present": ("temporal_start", "temporal_end"),
    "other_identifier_present": ("other_identifiers",),
    "landing_page_present": ("landing_page",),
    "relation_present": ("relations",),
    "legislation_present": ("applicable_legislation",),
    "distribution_present": ("distributions",),
    "contact_present": ("contact",),
    "contact_usable": ("contact_email", "contact_url"),
    "contact_email_valid": ("contact", "contact_email"),
    "contact_url_valid": ("contact", "contact_url"),
    "contact_or_publisher_present": ("contact", "publisher"),
    "publisher_present": ("publisher",),
    "access_rights_present": ("access_rights",),
    "access_rights_known": ("access_rights",),
    "provenance_present": ("provenance",),
    "licence_present": ("licence",),
    "licence_known": ("licence",),
    "licence_open": ("licence",),
    "licence_in_mqa_list": ("licence",),
    "licence_set": ("licence",),
    "licence_approved": ("licence",),
    "licence_mappable": ("licence",),
    "terms_openness": ("licence",),
    "openness_ckan": ("licence",),
    "rights_present": ("rights",),
    "issued_present": ("issued",),
    "modified_present": ("modified",),
    "modified_or_record_present": ("modified",),
    "frequency_present": ("frequency",),
    "frequency_set": ("frequency",),
    "updated_in_time_udata": ("frequency", "modified"),
    "dates_present_share": ("issued", "modified"),
    "dates_valid_share": ("issued", "modified"),
    "core_metadata_share": ("description", "keywords", "publisher", "issued", "modified"),
    "metadata_depth": ("description", "publisher", "issued", "modified"),
    "terms_from_vocabularies": ("themes", "frequency", "access_rights", "licence"),
    "dcat_ap_mandatory": ("description",),
    "api_present": ("data_services",),
    "dcat_ap_2_conforms": (),
    "dcat_ap_3_conforms": (),
    "dcat_ap_hvd_conforms": (),
    "dcat_us_conforms": (),
    "download_options": ("distributions", "data_services", "format"),
    "distribution_title_present": ("distribution_title",),
    "distribution_description_present": ("distribution_description",),
    "download_url_present": ("download_url",),
    "format_present": ("format",),
    "format_known": ("format",),
    "media_type_present": ("media_type",),
    "media_type_known": ("media_type",),
    "format_aligned": ("format", "media_type"),
    "format_mqa_machine_readable": ("format", "media_type"),
    "format_mqa_non_proprietary": ("format", "media_type"),
    "format_declared_open": ("format", "media_type"),
    "format_declared_machine_readable": ("format", "media_type"),
    "format_or_media_type_known": ("format", "media_type"),
    "format_udata_open": ("format",),
    "format_udata_open_2022": ("format",),
    "byte_size_present": ("byte_size",),
    "description_fields_share": ("format", "media_type", "byte_size"),
    "content_described_share": ("format", "byte_size", "documentation", "described_by"),
    "documentation_present": ("documentation", "described_by", "conforms_to"),
    "resource_documented": ("distribution_description", "documentation"),
    "status_present": ("status",),
    "distribution_issued_present": ("distribution_issued",),
    "distribution_modified_present": ("distribution_modified",),
}
"""By metric: the facts for want of which it answers less than 1, as fields of the model are called. Empty: any fact."""


def not_charged(
    names: Sequence[str], values: list[Measurement], dataset: Dataset, part: Distribution | None = None
) -> None:
    """Turn answers that rest on a fact that was not carried into UNKNOWN, in their place."""
    lost = frozenset(dataset.not_carried)
    if not lost:
        return
    for number, name in _concerned(tuple(names)):
        value = values[number]
        facts = FACTS[name]
        if isinstance(value, float) and value < 1.0:
            missing = lost.intersection(facts) if facts else lost
            if any(not _is_there(fact, dataset, part) for fact in missing):
                values[number] = UNKNOWN


@lru_cache(maxsize=8)
def _concerned(names: tuple[str, ...]) -> tuple[tuple[int, str], ...]:
    return tuple((number, name) for number, name in enumerate(names) if name in FACTS)


def _is_there(fact: str, dataset: Dataset, part: Distribution | None) -> bool:
    """Whether the fact stands in the catalogue all the same; of a file, its own or that of the whole."""
    if fact in ("contact_email", "contact_url"):
        return dataset.contact is not None and bool(getattr(dataset.contact, fact.removeprefix("contact_")))
    own = fact.removeprefix("distribution_") if part is not None else fact
    found = getattr(part, own, None) if part is not None else None
    # The licence and the rights of the whole count for its files; other facts of it do not.
    of_whole = None if part is not None and fact not in ("licence", "rights", "documentation", "described_by") else fact
    return bool(found) or (of_whole is not None and bool(getattr(dataset, of_whole, None)))
