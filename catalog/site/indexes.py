"""Indexes that only the public file has; in the catalogue they would slow down the night.

No condition may call a JSON function: where functions in the schema are not trusted, SQLite would refuse to open the
file.
"""

from __future__ import annotations

__all__ = ["INDEXES"]

INDEXES = {
    "public_datasets_first_seen_run": "on datasets (first_seen_run)",
    "public_datasets_changed_run": "on datasets (changed_run, first_seen_run)",
    # All that the pages of the catalogue for programs are chosen by.
    "public_datasets_feed": "on datasets (status, id, changed_run, first_seen_run, portal_id)",
    "public_datasets_missing_since": "on datasets (missing_since) where missing_since is not null",
    "public_datasets_retired": "on datasets (retired_at, id) where status = 'retired'",
    "public_datasets_cluster": "on datasets (cluster_id) where cluster_id is not null",
    "public_dataset_quality_publisher_id": "on dataset_quality (publisher_id)",
    "public_dataset_quality_score": "on dataset_quality (score)",
    "public_distributions_access_url": "on distributions (access_url)",
    "public_distributions_download_url": "on distributions (download_url)",
    "public_distributions_retired": "on distributions (last_seen_run, id) where is_retired = 1",
    "public_finding_rows_first_seen_key": "on finding_rows (first_seen_key)",
    "public_finding_rows_fixed_key": "on finding_rows (fixed_key) where fixed_key is not null",
    "public_finding_rows_withdrawn_key": "on finding_rows (withdrawn_key) where withdrawn_key is not null",
    "public_finding_rows_gain_points": "on finding_rows (gain_points)",
    "public_finding_rows_distribution_key": "on finding_rows (distribution_key)",
    "public_finding_rows_rule_key": "on finding_rows (rule_key)",
    "public_changes_run": "on changes (run_id, dataset_id, kind)",
    "public_harvests_portal": "on harvests (portal_id, run_id)",
    "public_reports_columns": "on table_reports (run_id, distribution_id) where columns_before != columns",
    "public_measured_kinds": "on measured_distributions (kind)",
    "public_corrections": "on corrections (corrected_at, id)",
}
"""What follows "create index <name>", by the name of the index."""
