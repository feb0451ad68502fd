"""Tables of what publishers declare, in DCAT's terms, and of the records it was read from."""

from __future__ import annotations

from catalog.db.schema.forms import Form
from catalog.db.schema.kinds import SEEN, TableSpec, c
from catalog.db.schema.stored import stored_columns

__all__ = ["INDEXES", "TABLES"]

_DISTRIBUTION_FORMS = {
    **dict.fromkeys(("id", "dataset_id"), Form.KEY),
    "portal_id": Form.OPTIONAL_KEY,
    "identifier": Form.UUID,
    **dict.fromkeys(("issued", "modified"), Form.MICROSECOND),
    **dict.fromkeys(("first_seen_run", "last_seen_run"), Form.RUN),
    **dict.fromkeys(
        (
            "media_type", "checksum_algorithm", "licence", "licence_title", "rights", "language", "conforms_to",
            "described_by", "described_by_type", "documentation", "status", "availability",
        ),
        Form.TEXT,
    ),
}  # fmt: skip
_CHANGE_FORMS = {
    **dict.fromkeys(("run_id", "dataset_id", "kind"), Form.KEY),
    "portal_id": Form.OPTIONAL_KEY,
    **dict.fromkeys(("old_hash", "new_hash"), Form.HEX),
}
_CHANGE_KEY = ("dataset_id", "run_id", "kind")

INDEXES = {
    "change_rows_by_key": f"""create unique index if not exists change_rows_by_key
        on change_rows ({", ".join(_CHANGE_KEY)})"""
}
"""Indexes that a TableSpec cannot declare."""

TABLES: dict[str, TableSpec] = {
    "publishers": TableSpec(
        "A body that publishes datasets (foaf:Agent).",
        {
            "id": c(str, "Stable id from portal and the portal's own id or name."),
            "portal_id": c(str, "Portal.", "portals"),
            "identifier": c(str, "The portal's own id of the organisation."),
            "name": c(str, "Name as declared."),
            "parent": c(str, "Organisation it belongs to."),
            "ancestors": c(list, "Organisations that the parent belongs to, the nearest first."),
            "email": c(str, "E-mail address as declared."),
            "url": c(str, "Home page as declared."),
            "datasets": c(int, "Datasets present."),
            "score": c(float, "Winnow score, 0 to 100: mean over its datasets."),
            "score_low": c(float, "The score if everything unknown had failed."),
            "score_high": c(float, "The score if everything unknown had passed."),
            "grade": c(str, "A to E, from the score."),
        },
        indexes=(("portal_id",),),
        facets=("portal_id", "grade"),
        label="name",
    ),
    "datasets": TableSpec(
        "A dataset as its publisher describes it (dcat:Dataset). Text stands as declared.",
        {
            "id": c(str, "Stable id from portal and identifier."),
            "portal_id": c(str, "Portal.", "portals"),
            "identifier": c(str, "The portal's own identifier."),
            "title": c(str, "Title (dct:title)."),
            "description": c(str, "Description (dct:description)."),
            "publisher_id": c(str, "Publisher.", "publishers"),
            "keywords": c(list, "Keywords (dcat:keyword)."),
            "themes": c(list, "Themes (dcat:theme)."),
            "licence": c(str, "Licence declared for the whole dataset (dct:license)."),
            "licence_title": c(str, "Code or name of the licence beside its address."),
            "access_rights": c(str, "Access rights (dct:accessRights)."),
            "rights": c(str, "Statement of rights (dct:rights)."),
            "issued": c(str, "First publication as declared (dct:issued)."),
            "modified": c(str, "Last change of the data as declared (dct:modified)."),
            "record_modified": c(str, "Last change of the portal's record."),
            "frequency": c(str, "Update frequency as declared (dct:accrualPeriodicity)."),
            "spatial": c(list, "Area covered (dct:spatial)."),
            "temporal_start": c(str, "First day covered."),
            "temporal_end": c(str, "Last day covered."),
            "language": c(list, "Languages (dct:language)."),
            "landing_page": c(str, "Page about the dataset (dcat:landingPage)."),
            "contact_name": c(str, "Contact point: name."),
            "contact_email": c(str, "Contact point: e-mail address."),
            "contact_url": c(str, "Contact point: page."),
            "conforms_to": c(list, "Standards it says it follows (dct:conformsTo)."),
            "applicable_legislation": c(list, "Legislation that asks for it (dcatap:applicableLegislation)."),
            "hvd_categories": c(list, "High-value dataset categories (dcatap:hvdCategory)."),
            "provenance": c(str, "How the data came about (dct:provenance)."),
            "relations": c(list, "Related resources (dct:relation)."),
            "other_identifiers": c(list, "Further identifiers (adms:identifier)."),
            "documentation": c(list, "Documentation (foaf:page)."),
            "described_by": c(str, "Data dictionary."),
            "described_by_type": c(str, "Media type of the data dictionary, as declared."),
            "bureau_codes": c(list, "Bureaus of the United States (OMB Circular A-11), as DCAT-US gives them."),
            "program_codes": c(list, "Programs of the Federal Program Inventory, as DCAT-US gives them."),
            "is_part_of": c(str, "Identifier of the dataset or series it is part of, as declared."),
            "parent_id": c(str, "That dataset, where the portal holds it.", "datasets"),
            "is_series": c(bool, "1 for a series (dcat:DatasetSeries): its files are those of its members."),
            "harvested_from": c(str, "Where the portal itself got the record; then this is a copy."),
            "translations": c(
                dict, "Title, description and keywords in the record's other languages, as JSON by language code."
            ),
            "contradictions": c(
                list, "What the record states elsewhere and contradicts the value chosen: fact, path, text."
            ),
            "not_carried": c(list, "Facts that the interface could not carry: where they are empty, nothing is known."),
            "source_url": c(str, "Address of the response that held the record."),
            "source_pointer": c(str, "JSON pointer of the record in that response."),
            "raw_hash": c(str, "SHA-256 of the record in canonical form, without its volatile fields."),
            "mapping_hash": c(str, "Digest of the row and its parts as mapped; the same digest is not written again."),
            "exchange": c(str, "WARC-Record-ID of the response that held the record; empty without --archive."),
            "status": c(str, "present, missing (a complete harvest did not see it) or retired (missing for long)."),
            "missed_runs": c(int, "Complete harvests in a row that did not see it."),
            "missing_since": c(str, "First complete run that did not see it.", "runs"),
            "missing_on": c(str, "Day of that run (UTC)."),
            "retired_at": c(str, "When it was retired."),
            "cluster_id": c(str, "Datasets of several portals that are one have the same."),
            "copy_of": c(str, "The dataset this one is a copy of.", "datasets"),
            **SEEN,
            "changed_run": c(str, "Last run in which the record differed from the one before.", "runs"),
        },
        indexes=(
            ("portal_id", "status"),
            ("publisher_id",),
            ("status",),
            ("last_seen_run",),
            ("copy_of",),
            ("parent_id",),
        ),
        facets=("portal_id", "status"),
        label="title",
    ),
    "dataset_aliases": TableSpec(
        "Another name of a dataset: the portal gave it a new identifier, and its history goes on under the id it had.",
        {
            "id": c(str, "The id that the new identifier would have given; its page leads to the dataset."),
            "dataset_id": c(str, "Dataset.", "datasets"),
            "portal_id": c(str, "Portal.", "portals"),
            "identifier": c(str, "The new identifier."),
            "run_id": c(str, "Run that saw the change.", "runs"),
        },
        indexes=(("portal_id",), ("dataset_id",)),
        facets=("portal_id",),
    ),
    "records": TableSpec(
        "The record of a dataset as received, so that it can be mapped and scored again without a crawl.",
        {
            "dataset_id": c(str, "Dataset.", "datasets"),
            "raw": c(str, "The record as received, as JSON, compressed by Zstandard."),
            "raw_hash": c(str, "SHA-256 of the record in canonical form (sorted keys), without its volatile fields."),
            "run_id": c(str, "Run that received it in this form first.", "runs"),
            "name": c(str, "Its field name, by which CKAN refers to it."),
            "is_federal": c(bool, "1 where it has a field that only United States federal agencies fill."),
            "is_redacted": c(bool, "1 where a text of it says [[REDACTED."),
        },
        pk="dataset_id",
    ),
    "record_dictionaries": TableSpec(
        "What the records of a portal, or all reports on tables, have in common: the dictionary to compress them with.",
        {
            "id": c(int, "Number of the dictionary, which each compressed record names."),
            "portal_id": c(str, "Portal; empty for the reports.", "portals"),
            "dictionary": c(bytes, "Dictionary of Zstandard; nothing where none could be made."),
        },
        indexes=(("portal_id",),),
    ),
    "record_versions": TableSpec(
        "Earlier records of a dataset, each as it was received; the present one is in records.",
        {
            "id": c(str, "Dataset and run."),
            "dataset_id": c(str, "Dataset.", "datasets"),
            "run_id": c(str, "Run that received it in this form first.", "runs"),
            "replaced_run": c(str, "Run that received the next one.", "runs"),
            "raw_hash": c(str, "SHA-256 of the record in canonical form, without its volatile fields."),
            "raw": c(str, "The record as received, as JSON, compressed by Zstandard."),
        },
        indexes=(("dataset_id", "run_id"),),
    ),
    "changes": TableSpec(
        "What happened to a dataset in a run.",
        {
            "id": c(str, "Run, dataset and kind."),
            "run_id": c(str, "Run.", "runs"),
            "portal_id": c(str, "Portal.", "portals"),
            "dataset_id": c(str, "Dataset.", "datasets"),
            "kind": c(str, "added, changed, missing (no longer listed), retired (missing for long) or returned."),
            "fields": c(
                list, "For changed: the fields of the record, each with old and new value, cut at 300 characters."
            ),
            "old_hash": c(str, "SHA-256 of the record before."),
            "new_hash": c(str, "SHA-256 of the record after."),
        },
        indexes=(("run_id", "portal_id"), ("dataset_id",)),
        facets=("kind", "portal_id"),
        is_view=True,
        stored_in="change_rows",
        forms=_CHANGE_FORMS,
        made={"id": "{run_id} || '/' || {dataset_id} || '/' || {kind}"},
        stored_key=_CHANGE_KEY,
    ),
    "distributions": TableSpec(
        "One way to get at a dataset (dcat:Distribution). Text stands as declared.",
        {
            "id": c(str, "Stable id from dataset and the portal's id of the resource, or its address."),
            "dataset_id": c(str, "Dataset.", "datasets"),
            "portal_id": c(str, "Portal.", "portals"),
            "position": c(int, "Place among the dataset's distributions, from 0."),
            "identifier": c(str, "The portal's own id of the resource."),
            "title": c(str, "Title."),
            "description": c(str, "Description."),
            "access_url": c(str, "Access URL (dcat:accessURL)."),
            "download_url": c(str, "Download URL (dcat:downloadURL)."),
            "format": c(str, "Format as declared (dct:format)."),
            "media_type": c(str, "Media type as declared (dcat:mediaType)."),
            "byte_size": c(str, "Size as declared (dcat:byteSize)."),
            "checksum": c(str, "Checksum as declared (spdx:checksum)."),
            "checksum_algorithm": c(str, "Its algorithm."),
            "licence": c(str, "Licence of this distribution (dct:license)."),
            "licence_title": c(str, "Code or name of the licence beside its address."),
            "rights": c(str, "Statement of rights (dct:rights)."),
            "issued": c(str, "Publication as declared."),
            "modified": c(str, "Last change as declared."),
            "language": c(list, "Languages."),
            "conforms_to": c(list, "Standards it says it follows."),
            "described_by": c(str, "Data dictionary or Table Schema."),
            "described_by_type": c(str, "Media type of it, as declared."),
            "documentation": c(str, "Documentation (foaf:page)."),
            "status": c(str, "Status (adms:status)."),
            "availability": c(str, "Planned availability (dcatap:availability)."),
            "is_retired": c(bool, "1 where the dataset no longer lists it."),
            **SEEN,
            "access_digest": c(int, "Number made from the access URL, to find it by."),
            "download_digest": c(int, "Number made from the download URL, to find it by."),
        },
        indexes=(("dataset_id",), ("portal_id",)),
        facets=("portal_id", "format"),
        label="title",
        is_view=True,
        stored_in="distribution_rows",
        forms=_DISTRIBUTION_FORMS,
    ),
    "data_services": TableSpec(
        "An API that serves a dataset (dcat:DataService).",
        {
            "id": c(str, "Stable id from dataset and endpoint."),
            "dataset_id": c(str, "Dataset it serves.", "datasets"),
            "portal_id": c(str, "Portal.", "portals"),
            "identifier": c(str, "The portal's own id of the service."),
            "title": c(str, "Title."),
            "description": c(str, "Description."),
            "endpoint_url": c(str, "Endpoint (dcat:endpointURL)."),
            "endpoint_description": c(str, "Machine-readable description of the endpoint."),
            "licence": c(str, "Licence."),
            "access_rights": c(str, "Access rights."),
            "documentation": c(str, "Documentation (foaf:page)."),
            "conforms_to": c(list, "Standards it says it follows."),
            "is_retired": c(bool, "1 where the dataset no longer lists it."),
            **SEEN,
        },
        indexes=(("dataset_id",), ("portal_id",)),
        facets=("portal_id",),
        label="title",
    ),
}
TABLES["distribution_rows"] = TableSpec(
    "A distribution as it is stored; the view distributions spells it out.",
    stored_columns(TABLES["distributions"].columns, _DISTRIBUTION_FORMS),
    indexes=(("dataset_id",), ("portal_id",)),
)
TABLES["change_rows"] = TableSpec(
    "A change of a dataset as it is stored; the view changes spells it out.",
    {
        "key": c(int, "Number of the row."),
        **stored_columns(
            {name: spec for name, spec in TABLES["changes"].columns.items() if name != "id"}, _CHANGE_FORMS
        ),
    },
    pk="key",
    indexes=(("run_id", "portal_id"),),
)
