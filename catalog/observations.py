"""Writing what was observed: resource checks and table reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any

from catalog.model import ResourceCheck, TableReport
from catalog.rows import plain
from catalog.store import Catalog

__all__ = ["drop_stale_reports", "write_checks", "write_reports"]


def write_checks(catalog: Catalog, run_id: str, checks: Sequence[ResourceCheck]) -> None:
    """Write checks, and since when each address answers or fails. An unknown outcome changes neither."""
    with catalog.writing():
        catalog.upsert(
            "resource_checks",
            [
                {f.name: plain(getattr(check, f.name)) for f in fields(check)}
                | {
                    "run_id": run_id,
                    "ok_since": check.checked_at if check.outcome == "ok" else None,
                    "failing_since": check.checked_at if check.outcome in ("broken", "invalid") else None,
                    "last_known": check.outcome if check.outcome in ("ok", "broken") else None,
                }
                for check in checks
            ],
            merge={
                "ok_since": """case when excluded.ok_since is not null
                    then coalesce(resource_checks.ok_since, excluded.ok_since)
                    when excluded.failing_since is not null then null else resource_checks.ok_since end""",
                "failing_since": """case when excluded.failing_since is not null
                    then coalesce(resource_checks.failing_since, excluded.failing_since)
                    when excluded.ok_since is not null then null else resource_checks.failing_since end""",
                "last_known": "coalesce(excluded.last_known, resource_checks.last_known)",
            },
        )


def write_reports(catalog: Catalog, run_id: str, reports: Sequence[tuple[str, str, str, TableReport]]) -> None:
    """Write reports, given as (distribution id, address, SHA-256 of the bytes, report)."""
    with catalog.writing():
        catalog.upsert("table_reports", [_row(run_id, *report) for report in reports])


def _row(run_id: str, distribution_id: str, url: str, sha256: str, report: TableReport) -> dict[str, Any]:
    values = {f.name: plain(getattr(report, f.name)) for f in fields(report) if f.name != "defects"}
    defects = plain([asdict(defect) for defect in report.defects])
    key = {"distribution_id": distribution_id, "run_id": run_id, "url": url, "sha256": sha256}
    return {**key, **values, "defects": defects}


def drop_stale_reports(catalog: Catalog, portal_id: str) -> None:
    """Forget reports on files that are served no longer: what stands now was not looked into."""
    with catalog.writing():
        catalog.db.conn.execute(
            """delete from table_reports where distribution_id in (
                 select d.id from distributions d
                 left join resource_checks c on c.url = coalesce(d.download_url, d.access_url)
                 where d.portal_id = ? and (d.is_retired or c.outcome in ('broken', 'invalid')
                   or (c.outcome = 'ok' and c.sha256 is null)))""",
            [portal_id],
        )
