"""Recognise datasets and distributions that all metrics measure alike, so that each kind of them is measured once.

A portal repeats itself: of 20,000 files of a real one, 190 differ in anything that a metric looks at. Most facts count
only by their presence, others by few different values (a licence, a format). Where a metric looks closer (at a date, a
size, a checksum), its answer itself stands among the facts.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from functools import cache
from typing import Any, Final, Literal

from catalog import vocabulary
from catalog.model import Dataset, ResourceCheck, TableReport
from catalog.repositories.stored_parts import StoredParts
from quality.evidence import claims
from quality.evidence.carried import is_there
from quality.evidence.dates import last_day
from quality.evidence.prose import is_law
from quality.evidence.subject import DatasetSubject, DistributionSubject
from quality.metrics import functions
from quality.metrics.answers import present, usable_url
from quality.metrics.findable import description_informative, keyword_present, title_informative
from quality.metrics.third_party import (
    description_over_100,
    description_over_200,
    identifier_global,
    updated_in_time_udata,
)
from quality.metrics.timely import modified_truthful, up_to_date
from quality.metrics.usable import file_distinct
from quality.tables.read.sniff import is_error_note

__all__ = [
    "ANY", "READ_OF_DATASETS", "READ_OF_DISTRIBUTIONS", "facts_of_dataset", "facts_of_distribution",
    "facts_shared_by_dataset", "is_known_by_columns", "observed_facts",
]  # fmt: skip


def facts_shared_by_dataset(d: Dataset) -> Hashable:
    """Return the part of the cache key of each distribution that comes from its dataset, ``d``.

    It contains what metrics of distributions read of the dataset, except the title. Of fields for which it only matters
    whether they are filled, it contains that. Pass it to :func:`facts_of_distribution` as ``shared``.
    """
    return (
        d.licence, d.licence_title, present(d.rights), d.language, d.not_carried,
        present(d.documentation) or present(d.described_by) or present(d.conforms_to),
    )  # fmt: skip


def facts_of_distribution(
    d: Dataset, shared: Hashable, declared: tuple[Hashable, bool], observed: Hashable
) -> Hashable:
    """Return a cache key: distributions with equal keys have the same measurements in all metrics.

    ``d`` is the dataset of the distribution, and ``shared`` the part of the key that comes from it, see
    :func:`facts_shared_by_dataset`. ``declared`` is a pair: what the functions of
    :func:`~quality.systems.declared.looks_of_metrics` give for the fields of its record, and whether the last of them
    tells that it is a written document; only then does it count whether the title of the dataset is that of a law.
    ``observed`` is the result of :func:`observed_facts`. In place of ``shared`` and the first member of ``declared``,
    a caller may pass a number that it gave to each different value. Most fields are in the key only as filled or
    empty. For a metric that reads more, such as a date or a checksum, its measurement is in the key.

    ``READ_OF_DISTRIBUTIONS`` declares what each metric reads. A metric that is not declared there is computed for every
    distribution: slow, but right. If a metric reads something that is neither declared nor in the key,
    ``tests/quality/test_alike.py`` fails.
    """
    of_record, is_text = declared
    return shared, of_record, is_text and is_law(d.title), observed


def is_known_by_columns(s: DatasetSubject) -> bool:
    """Return whether :func:`observed_facts` would be None for every distribution of the dataset ``s``.

    False if that is not sure without a look at each of them.
    """
    parts = s.distributions
    is_declared = isinstance(parts, StoredParts) and not parts.is_observed
    return is_declared and not s.dataset.not_carried and not _undeclared("distribution")


def observed_facts(s: DistributionSubject) -> Hashable:
    """Return the part of the cache key of a distribution that its declared fields do not give; None if there is nothing
    to put in.

    It consists of the checks of its addresses, the report on its file, and the measurements of metrics that
    ``READ_OF_DISTRIBUTIONS`` does not declare. If the portal's API cannot carry certain fields
    (``Dataset.not_carried``), it also says which of these have a value all the same, because an empty one is unknown.
    """
    d, check, table, lost = s.distribution, s.check, s.table, s.dataset.not_carried
    undeclared = _undeclared("distribution")
    is_unchecked = s.access_check is None and s.download_check is None and table is None
    if is_unchecked and not lost and not undeclared:
        return None
    return (
        modified_truthful(s) if d.modified else None, claims.byte_size(d.byte_size, check) if d.byte_size else None,
        claims.checksum(d, check) if d.checksum else None,
        s.access_check and s.access_check.outcome, _announced(s),
        None if check is None else _of_check(s, check),
        None if table is None else (_of_table(table), is_law(s.dataset.title)),
        tuple(is_there(fact, s.dataset, d) for fact in lost) if lost else None,
        tuple([ask(s) for ask in undeclared]),
    )  # fmt: skip


def facts_of_dataset(s: DatasetSubject) -> Hashable:
    """Return a cache key for the measurements of a dataset, ``s``.

    Two datasets have the same measurements if their keys are equal and the keys of their distributions are equal, too
    (:func:`facts_of_distribution`). Most fields are in the key only as filled or empty. For a metric that reads a text
    or a date, its measurement is in the key. ``READ_OF_DATASETS`` declares what each metric reads; a metric that is not
    declared there is computed for every dataset.
    """
    d = s.dataset
    contact, publisher = d.contact, d.publisher
    return (
        bool(s.services), d.is_series, None if s.conformance is None else tuple(s.conformance.items()),
        title_informative(s), description_informative(s),
        description_over_100(s) and description_over_200(s) + 1, keyword_present(s), present(d.keywords),
        any(map(usable_url, d.themes)) if d.themes else None, d.spatial and present(d.spatial),
        bool(d.temporal_start or d.temporal_end), present(d.identifier), present(d.other_identifiers),
        identifier_global(s), d.landing_page and present(d.landing_page), present(d.relations),
        present(d.applicable_legislation), contact and (contact.email, contact.url),
        publisher and (publisher.email, publisher.url, bool(publisher.name)), d.access_rights,
        d.provenance and present(d.provenance), d.issued and (present(d.issued), last_day(d.issued) is None),
        d.modified and (present(d.modified), last_day(d.modified) is None),
        d.record_modified and present(d.record_modified), d.licence, d.licence_title, d.frequency,
        up_to_date(s), updated_in_time_udata(s),
        (d.not_carried, tuple(is_there(fact, d, None) for fact in d.not_carried)) if d.not_carried else None,
        tuple([ask(s) for ask in _undeclared("dataset")]),
    )  # fmt: skip


@cache
def _undeclared(group: Literal["dataset", "distribution"]) -> tuple[Callable[[Any], Hashable], ...]:
    """Return the functions of the metrics of which nobody has declared what they read: new ones."""
    declared = READ_OF_DATASETS if group == "dataset" else READ_OF_DISTRIBUTIONS
    named = {name for names in declared.values() for name in names.split()}
    return tuple(ask for name, ask in functions(group).items() if name not in named)


def _announced(s: DistributionSubject) -> str | None:
    """Return the id of the format that the address announces; None if none, or if no metric asks it.

    The ending counts as soon as one of the two addresses answers, which need not be the one whose ending it is.
    """
    access, own = s.access_check, s.check
    if (access is None or access.outcome != "ok") and (own is None or own.outcome != "ok"):
        return None
    by_ending = vocabulary.format_of_url(s.url)
    return by_ending.id if by_ending else None


def _of_check(s: DistributionSubject, check: ResourceCheck) -> Hashable:
    """Return what metrics see of the check of a distribution's address."""
    seen = (check.outcome, check.status is None, check.tls_fault, check.is_truncated)
    if check.outcome != "ok":
        return seen
    return (*seen, check.content_type, check.script, file_distinct(s))


def _of_table(table: TableReport) -> Hashable:
    """Return what metrics see of the report on a table."""
    return (
        table.status, table.format, table.encoding, table.row_count, table.column_count,
        table.expectations_passed, table.expectations_total,
        table.profile.get("licence"), bool(table.profile.get("has_schema")), is_error_note(table.note),
        tuple((defect.rule, defect.count) for defect in table.defects),
    )  # fmt: skip


ANY: Final = "*"
"""The value itself stands among the facts, so any metric may read it. As a key: the metrics that read nothing else."""
_FETCH = "link_ok bulk_download openness_ckan served_linked served_machine_readable served_non_proprietary served_rdf"
_ADDRESS = f"protocol_standard tls_valid url_present url_valid {_FETCH}"
_DUE = "up_to_date updated_in_time_udata"

READ_OF_DISTRIBUTIONS: Final[Mapping[str, str]] = {
    ANY: "format_aligned format_declared_machine_readable format_declared_open format_field_known "
    "format_field_present format_known format_mqa_machine_readable format_mqa_non_proprietary format_open "
    "format_open_and_machine_readable "
    "format_or_media_type_known format_present format_truthful format_udata_open format_udata_open_2022 "
    "licence_approved licence_in_mqa_list licence_known licence_mappable licence_open licence_present "
    "licence_truthful media_type_known media_type_present media_type_truthful open_format_fuji "
    "table_encoding_utf8 table_expectations_met table_header_clean table_not_empty table_rectangular "
    "table_types_consistent terms_openness",
    "dataset.conforms_to": "content_described_share documentation_present",
    "dataset.described_by": "content_described_share documentation_present",
    "dataset.documentation": "content_described_share documentation_present",
    "dataset.language": ANY,
    "dataset.licence": ANY,
    "dataset.licence_title": ANY,
    "dataset.rights": "rights_present",
    "dataset.title": "file_distinct machine_readable",
    "distribution.access_url": f"access_url_ok access_url_present download_url_present {_ADDRESS}",
    "distribution.byte_size": "byte_size_present byte_size_truthful content_described_share description_fields_share",
    "distribution.checksum": "checksum_truthful",
    "distribution.checksum_algorithm": "checksum_truthful",
    "distribution.conforms_to": "content_described_share documentation_present",
    "distribution.described_by": "content_described_share documentation_present",
    "distribution.description": "distribution_description_present resource_documented",
    "distribution.documentation": "content_described_share documentation_present resource_documented",
    "distribution.download_url": f"download_url_declared download_url_ok download_url_present file_served {_ADDRESS}",
    "distribution.format": ANY,
    "distribution.issued": "distribution_issued_present",
    "distribution.language": ANY,
    "distribution.licence": ANY,
    "distribution.licence_title": ANY,
    "distribution.media_type": ANY,
    "distribution.modified": "distribution_modified_present modified_truthful",
    "distribution.rights": "rights_present",
    "distribution.status": "status_present",
    "distribution.title": "distribution_title_present file_distinct",
    "part.as_of": "modified_truthful",
    "part.twins": "file_distinct",
    "other_check.outcome": ANY,
    "check.outcome": ANY,
    "check.is_truncated": ANY,
    "check.status": "tls_valid",
    "check.tls_fault": ANY,
    "check.content_type": "content_type_truthful download_url_present file_served media_type_in_content_type",
    "check.script": "language_truthful",
    "check.change_decided_by": "modified_truthful",
    "check.changed_at": "modified_truthful",
    "check.unchanged_until": "modified_truthful",
    "check.checksums": "checksum_truthful",
    "check.sha256": "byte_size_truthful checksum_truthful file_distinct",
    "check.downloaded_bytes": "byte_size_truthful file_distinct",
    "check.size_bytes": "byte_size_truthful",
    "table.status": ANY,
    "table.format": ANY,
    "table.note": "file_served",
    "table.encoding": ANY,
    "table.row_count": ANY,
    "table.column_count": ANY,
    "table.expectations_passed": ANY,
    "table.expectations_total": ANY,
    "defect.rule": ANY,
    "defect.count": ANY,
    "profile.has_schema": "table_matches_schema",
    "profile.licence": ANY,
}
"""What metrics read of a distribution, each with the metrics for which :func:`facts_of_distribution` contains enough of
it: whether it is there, a feature of it, or their own answer.

``check`` is the check of the address that counts, ``other_check`` that of the access URL beside a download URL."""

READ_OF_DATASETS: Final[Mapping[str, str]] = {
    ANY: "access_rights_known access_rights_present contact_email_valid contact_or_publisher_present "
    "contact_present contact_url_valid contact_usable dcat_ap_2_conforms dcat_ap_3_conforms "
    "dcat_ap_hvd_conforms dcat_us_conforms frequency_present frequency_set licence_set publisher_present",
    "whole.as_of": _DUE,
    "whole.conformance": ANY,
    "whole.services": "api_present distribution_present download_options",
    "dataset.access_rights": ANY,
    "dataset.applicable_legislation": "legislation_present",
    "dataset.description": "description_present description_informative description_over_100 description_over_200 "
    "core_metadata_share dcat_ap_mandatory metadata_depth",
    "dataset.frequency": ANY,
    "dataset.identifier": "core_metadata_share identifier_global identifier_present title_informative",
    "dataset.is_series": ANY,
    "dataset.issued": "issued_present dates_present_share dates_valid_share core_metadata_share metadata_depth",
    "dataset.keywords": "core_metadata_share keyword_present",
    "dataset.landing_page": "landing_page_present",
    "dataset.licence": ANY,
    "dataset.licence_title": ANY,
    "dataset.modified": "modified_present modified_or_record_present dates_present_share dates_valid_share "
    f"core_metadata_share metadata_depth {_DUE}",
    "dataset.other_identifiers": "identifier_global other_identifier_present",
    "dataset.provenance": "provenance_present",
    "dataset.record_modified": "modified_or_record_present",
    "dataset.relations": "relation_present",
    "dataset.spatial": "spatial_present",
    "dataset.temporal_end": "temporal_present up_to_date",
    "dataset.temporal_start": "temporal_present",
    "dataset.themes": "terms_from_vocabularies theme_present",
    "dataset.title": "title_present title_informative description_informative core_metadata_share dcat_ap_mandatory "
    "up_to_date",
    "contact.email": ANY,
    "contact.url": ANY,
    "publisher.email": ANY,
    "publisher.name": "dcat_ap_mandatory",
    "publisher.url": ANY,
    "distribution.access_url": "dcat_ap_mandatory download_options",
    "distribution.download_url": "download_options",
    "distribution.format": ANY,
    "distribution.issued": "dates_present_share dates_valid_share",
    "distribution.licence": ANY,
    "distribution.licence_title": ANY,
    "distribution.media_type": ANY,
    "distribution.modified": f"modified_present dates_present_share dates_valid_share {_DUE}",
    "distribution.status": "up_to_date",
    "part.changes": "up_to_date",
    "check.outcome": ANY,
    "check.is_truncated": ANY,
    "table.format": ANY,
    "other_check.outcome": ANY,
    **{
        f"{check}.{name}": _DUE
        for check in ("check", "other_check", "stray_check")
        for name in ("change_decided_by", "changed_at", "is_volatile", "last_modified")
    },
}
"""The same of a dataset: its own facts are in :func:`facts_of_dataset`, those of its files in their kinds.

``stray_check`` is the check of a download URL that is no longer declared."""
