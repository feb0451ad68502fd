"""Declare what of the catalogue is public: the tables and columns that the public file has.

A table or column that is not listed is private, so a new one stays private until somebody adds it here. The columns of
metrics and scoring systems are public as a whole: they follow from the specifications. The public file is built from
this list by :mod:`catalog.site.build`; nothing else of the catalogue is read for it.
"""

from __future__ import annotations

from catalog.db.schema import METRIC_TABLES, TABLES, imported, metric_columns
from catalog.db.schema.kinds import ColumnSpec
from catalog.db.schema.views import VIEWS

__all__ = ["PRIVATE_VIEWS", "PUBLIC", "is_free", "is_public"]

# Left out, and why. Addresses and names of persons: portals.contact_email, contradictions (they quote contacts),
# harvests.approved_by, who withheld a dataset, sent.recipient_hash (a known address has a known hash). Of
# publishers.email and of contact_name and contact_email of datasets only what catalog.repositories.persons takes for an
# office's is there. Records as received (records.raw, record_versions.raw) and what quotes them (harvest_errors.value):
# they hold whatever a portal sent. What only this machine needs: commands, paths, checkpoints, portal files, the HTTP
# cache, work that waits, dictionaries, digests by which a change is noticed.
_LISTED = {
    "runs": "id status stage started_at finished_at winnow_version methodology_version portals traffic",
    "portals": """id type title url government country language datasets score score_low score_high grade last_run""",
    "harvests": """id run_id portal_id verdict reasons mode paging_end advertised seen datasets skipped lost outside
        duplicates errors added changed removed retired requests not_modified bytes newest_record tls_fault
        robots_decision started_at finished_at approved_at suite gates_failed""",
    "harvest_errors": "id run_id portal_id kind is_lost is_fatal record_id title pointer message url created_at",
    "publishers": """id portal_id identifier name parent ancestors email url datasets score score_low score_high
        grade""",
    "datasets": """id portal_id identifier title description publisher_id keywords themes licence licence_title
        access_rights rights issued modified record_modified frequency spatial temporal_start temporal_end language
        landing_page contact_name contact_email contact_url conforms_to applicable_legislation hvd_categories
        provenance relations other_identifiers documentation described_by described_by_type bureau_codes program_codes
        is_part_of parent_id is_series harvested_from translations not_carried source_url source_pointer raw_hash
        exchange status missed_runs missing_since missing_on retired_at cluster_id copy_of first_seen_run last_seen_run
        changed_run""",
    "dataset_aliases": "id dataset_id portal_id identifier run_id",
    "records": "dataset_id raw_hash run_id",
    "record_versions": "id dataset_id run_id replaced_run raw_hash",
    "changes": "id run_id portal_id dataset_id kind fields old_hash new_hash",
    "distributions": """id dataset_id portal_id position identifier title description access_url download_url format
        media_type byte_size checksum checksum_algorithm licence licence_title rights issued modified language
        conforms_to described_by described_by_type documentation status availability is_retired first_seen_run
        last_seen_run""",
    "data_services": """id dataset_id portal_id identifier title description endpoint_url endpoint_description licence
        access_rights documentation conforms_to is_retired first_seen_run last_seen_run""",
    "resource_checks": """url outcome fault detail method status final_url redirects redirect_chain content_type charset
        content_language script size_bytes last_modified etag cors first_byte_ms elapsed_ms sha256 downloaded_bytes
        is_truncated sha256_undated checksums declared_modified changed_at change_decided_by unchanged_until is_changed
        is_volatile checked_at run_id stable_checks next_check_at uptime uptime_checks ok_since failing_since
        failed_checks tls_fault tls_version certificate_expires_on exchange last_known""",
    "addresses": "key url",
    "check_runs": "number id second",
    "check_codes": "number outcome fault is_changed",
    "check_strips": "address digest checks changes run runs second seconds elapsed codes",
    "table_reports": """distribution_id run_id url sha256 status format media_type encoding encoding_confidence
        delimiter header_row sheet row_count column_count columns is_sample defects expectations_passed
        expectations_total note elapsed_ms methodology_version rejudged_run columns_before profile kind""",
    "dataset_quality": """dataset_id portal_id publisher_id run_id score score_low score_high grade findable accessible
        open usable timely sound findings measured applicable unknown open_definition fixes family content
        methodology_version""",
    "distribution_kinds": "key licence_id format_declared format_served unknown open_definition",
    "measured_distributions": "distribution_key run_key kind",
    "conformance": """id dataset_id portal_id standard run_id conforms violations warnings results
        methodology_version""",
    "top_fixes": """id run_id entity_level entity_id rank is_large rule_id how_to_fix datasets places gain_points
        effort_hours gain_per_hour cause_id portal_id""",
    "system_agreement": "id run_id portal_id system_a system_b datasets spearman kendall",
    "dashboard": "id run_id portal_id figure title count whole percent version",
    "score_entities": "key entity_id entity_level",
    "score_systems": "key system methodology_version",
    "score_runs": "key id",
    "score_values": """key score score_low score_high grade datasets coverage_pct families ci_low ci_high withheld band
        corrections""",
    "score_rows": "key entity system run value",
    "finding_runs": "portal_key run_key",
    "keys": "key id",
    "rules": "key rule_id rule_title dimension severity fault_party how_to_fix expected",
    "finding_texts": "key text",
    "finding_rows": """key public_id portal_key publisher_key dataset_key distribution_key rule_key state first_seen_key
        last_seen_key runs_failing gain_points observed format_declared format_served http_status checked_at
        fixed_key withdrawn_key carried_key resource_url field first_row error_count rate_per_1000 rows exchange""",
    "causes": """id number portal_id rule_id rule_title root level root_value root_name split entity_level entity_id
        state fault_party confidence first_seen_run last_seen_run fixed_run datasets files findings failing applicable
        rest_failing rest_applicable gain_points publisher_gain_points effort_hours how_to_fix examples""",
    "cause_members": "finding cause",
    "commitments": """id title government country lead source_url source_quote source_note archived_sha256 ogp_url
        is_example start deadline irm_verifiable irm_potential irm_completion irm_early_results irm_ambition
        irm_relevance irm_opened evidence""",
    "commitment_readings": """id run_id commitment_id indicator_id kind measure direction start deadline baseline
        baseline_date target value value_at_deadline numerator denominator coverage_pct progress expected
        trend_per_month forecast_date timing_status candidate_status candidate_runs suggested_completion flags
        failing_datasets evidence_query note is_observed methodology_version""",
    "commitment_members": """id commitment_id indicator_id dataset_id first_seen_run last_seen_run is_in_scope passes
        waived reason""",
    "census": """id portal_id key state reason dataset_id points evidence candidates waiting searched confirmed_by
        confirmed_on run_id since_run state_before""",
    "census_claims": "id dataset_id portal_id key verdict state points evidence run_id",
    "census_changes": "id run_id portal_id key state dataset_id",
    "sent": """id run_id channel entity_level entity_id since_run findings_new findings_fixed sent_at""",
    "replies": """id finding_id dataset_id reply promised_on note replied_by is_name_public is_text_approved replied_on
        imported_at carried_from number outcome checked_at""",
    "reports": """id portal_id dataset_id distribution_id url what who is_name_public is_text_approved reported_on
        imported_at""",
    "withholdings": "id dataset_id portal_id run_id reason withheld_at lifted_at",
    "corrections": """id reason field finding_id reply_id portal_id dataset_id rule_id run_id observed_before
        score_before score_after corrected_at""",
}

PRIVATE_VIEWS = frozenset({"answers"})
"""Views that the public file does not have: what they read is private."""

_OURS = frozenset(
    """id portal_id dataset_id distribution_id publisher_id finding_id reply_id cause_id parent_id copy_of
    cluster_id run_id first_seen_run last_seen_run changed_run missing_since rule_id state status severity kind
    imported_portal catalogue_id origin_id type verdict grade outcome system entity_level entity_id key raw_hash sha256
    country email contact_email""".split()  # noqa: SIM905  # as the lists above
)
"""Columns that hold only what we wrote or chose: ids of ours, runs, codes and hashes, and the addresses of offices."""


def _columns(name: str) -> dict[str, ColumnSpec]:
    columns = {column: TABLES[name].columns[column] for column in _LISTED[name].split()}
    return columns | (metric_columns(METRIC_TABLES[name]) if name in METRIC_TABLES else {})


# What was taken in is the public part of another catalogue, without contacts of persons.
_LISTED |= {name: " ".join(table.columns) for name, table in imported.TABLES.items()}

PUBLIC: dict[str, dict[str, ColumnSpec]] = {name: _columns(name) for name in TABLES if name in _LISTED}
"""The public tables, and the public columns of each with their declarations, by name.

Some, such as ``resource_checks`` and ``distributions``, are tables in the public file and views in the catalogue. Of
the other views, all are public but ``PRIVATE_VIEWS``; they show what is public of the tables that they read.
"""


def is_free(table: str, column: str) -> bool:
    """Return whether strangers may have written in a public column: e-mail addresses in it are not public.

    That is every column of texts but those that hold only what we wrote. In the tables of addresses that were asked,
    and of findings, an address of the web is a key: there it is changed in the same way.
    """
    spec = PUBLIC[table][column]
    return spec.type in (str, list, dict) and column not in _OURS


def is_public(table: str, column: str) -> bool:
    """Return whether the public file has the column ``column`` of the table or view ``table``.

    A view has the columns that it declares. One that shows whole rows of a table has the public ones of that table.
    """
    if table in PUBLIC:
        return column in PUBLIC[table]
    if table not in VIEWS or table in PRIVATE_VIEWS:
        return False
    view = VIEWS[table]
    return column in view.columns or view.table is None or is_public(view.table, column)
