"""Indexes of the public file that only pages of the site need; in the catalogue they would slow down the night."""

from __future__ import annotations

__all__ = ["PAGE_INDEXES"]

PAGE_INDEXES = {
    "page_harvests_portal": "on harvests (portal_id, run_id)",
    "page_datasets_retired": "on datasets (retired_at, id) where status = 'retired'",
    "page_distributions_retired": "on distributions (last_seen_run, id) where is_retired = 1",
    "page_reports_columns": "on table_reports (run_id, distribution_id) where columns_before != columns",
    "page_datasets_cluster": "on datasets (cluster_id) where cluster_id is not null",
    "page_measured_kinds": "on measured_distributions (kind)",
    "page_corrections": "on corrections (corrected_at, id)",
}
"""What follows "create index <name>", by the name of the index."""
