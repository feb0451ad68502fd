"""Write observations: resource checks and table reports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Any

from catalog.db.rows import plain
from catalog.db.store import Catalog
from catalog.model import ResourceCheck, TableReport
from catalog.repositories.check_history import remember
from catalog.repositories.differing import write_differing
from specs.table_rules import table_rules_version

__all__ = ["BrokenRule", "drop_stale_reports", "judged", "checked_since", "outcome_of", "write_checks", "write_reports"]

_OF_THE_FILE = (
    "size_bytes", "content_type", "charset", "content_language", "script", "last_modified", "etag", "cors",
    "file_path", "sha256", "downloaded_bytes", "is_truncated", "sha256_undated", "checksums", "declared_modified",
    "changed_at", "change_decided_by", "unchanged_until", "is_volatile",
)  # fmt: skip
"""Columns that a check without a response leaves unchanged: the file on disk came from that address."""


_NAMES = tuple(f.name for f in fields(ResourceCheck))


def _cell(value: Any) -> Any:
    return value if value is None or type(value) is int else plain(value)


@dataclass(frozen=True, slots=True)
class BrokenRule:
    """When a failing address is called broken: after ``checks`` failed checks in a row, and ``days`` days after the
    first of them.

    Both conditions must hold.
    """

    checks: int = 3
    days: int = 2


def judged(check: ResourceCheck, before: Mapping[str, Any] | None, rule: BrokenRule) -> ResourceCheck:
    """Return ``check`` with its number of failed checks in a row, and with the outcome "broken" or "failing" if it
    failed.

    ``before``: the row of this address in ``resource_checks``, as of the previous check; None if there was none.
    ``rule`` says how many failures over how many days make an address broken. A check with the outcome "ok" or
    "invalid" is returned unchanged. One with the outcome "unknown" keeps the failures before it, and adds none. Any
    other check has failed: its ``detail`` then also says how often the address failed in a row, and since when.
    """
    failed = (before["failed_checks"] or 0) if before else 0
    since = before["failing_since"] if before else None
    if check.outcome in ("ok", "invalid"):
        return check
    if check.outcome == "unknown":
        return replace(check, failed_checks=failed, failing_since=since)
    failed, since = failed + 1, since or check.checked_at
    days = (_day(check.checked_at) - _day(since)).days
    is_broken = failed >= rule.checks and days >= rule.days
    return replace(
        check,
        outcome="broken" if is_broken else "failing",
        failed_checks=failed,
        failing_since=since,
        detail=f"{check.detail}; failed {failed} {'time' if failed == 1 else 'times'} since {since[:10]}",
    )


def _day(instant: str) -> datetime:
    return datetime.fromisoformat(instant[:10])


def write_checks(
    catalog: Catalog, run_id: str, checks: Sequence[ResourceCheck], rules: Mapping[str, BrokenRule] | None = None
) -> None:
    """Write the checks of a run into ``resource_checks`` and into the history of each address.

    ``rules``: by address, how many failures over how many days make it broken; other addresses get the default
    ``BrokenRule``. These columns of an address are updated too: the time since when it has worked, its last outcome
    other than unknown or failing, and its uptime, see :func:`catalog.repositories.check_history.remember`. A check with
    another outcome than ok or invalid leaves the columns about the file, such as size and hash, as they are.
    """
    with catalog.writing():
        before = {
            row["url"]: row
            for start in range(0, len(checks), 500)
            for row in _known(catalog, [check.url for check in checks[start : start + 500]])
        }
        rows = []
        for look in checks:
            check = judged(look, before.get(look.url), (rules or {}).get(look.url, BrokenRule()))
            known = check.outcome if check.outcome in ("ok", "broken", "invalid") else None
            row = {name: _cell(getattr(check, name)) for name in _NAMES}
            row["ok_since"] = check.checked_at if check.outcome == "ok" else None
            rows.append(row | {"run_id": run_id, "last_known": known})
        remember(catalog, run_id, rows)
        is_new = "case when excluded.outcome in ('ok', 'invalid') then"
        kept = {name: f"{is_new} excluded.{name} else resource_checks.{name} end" for name in _OF_THE_FILE}
        catalog.upsert(
            "resource_checks",
            rows,
            merge={
                **kept,
                "ok_since": """case excluded.outcome when 'unknown' then resource_checks.ok_since
                    when 'ok' then coalesce(resource_checks.ok_since, excluded.ok_since) end""",
                "last_known": "coalesce(excluded.last_known, resource_checks.last_known)",
            },
        )


def _known(catalog: Catalog, urls: Sequence[str]) -> list[dict[str, Any]]:
    marks = ", ".join("?" * len(urls))
    sql = f"select url, failed_checks, failing_since from resource_checks where url in ({marks})"
    return catalog.rows(sql, urls)


def outcome_of(catalog: Catalog, url: str) -> str | None:
    """Return the outcome of the last check of the address ``url``: ok, failing, broken, invalid or unknown.

    None if the address was never checked.
    """
    found = catalog.value("select outcome from resource_checks where url = ?", [url])
    return str(found) if found else None


def checked_since(catalog: Catalog, urls: Iterable[str], begun: str) -> set[str]:
    """Return those of the addresses ``urls`` whose last check was made at or after the instant ``begun`` (ISO 8601,
    UTC, as :func:`~catalog.db.store.now` returns it), or found that they are no addresses that can be asked."""
    sql = "select 1 from resource_checks where url = ? and (checked_at >= ? or outcome = 'invalid')"
    return {url for url in urls if catalog.value(sql, [url, begun])}


def write_reports(catalog: Catalog, run_id: str, reports: Sequence[tuple[str, str, str, TableReport]]) -> None:
    """Write the reports of a run on downloaded files.

    ``reports``: tuples (distribution id, address of the download, SHA-256 of the downloaded bytes, report). A report
    replaces the earlier one on the same distribution; the column names of the last earlier report that had any are kept
    beside the new ones. If a report says that our own check and Great Expectations disagree about a rule, a harvest
    error is written for it.
    """
    with catalog.writing():
        catalog.packed.learn_reports()
        rows = [_row(run_id, *report) for report in reports]
        for name in ("report", "profile"):
            told = [row for row in rows if row[name] is not None]
            for row, frame in zip(told, catalog.packed.pack(None, [row[name] for row in told]), strict=True):
                row[name] = frame
        catalog.upsert("table_reports", rows, merge=_KNOWN)
    for distribution_id, url, _, report in reports:
        if rules := report.report.get("differing"):
            portal_id = catalog.value("select portal_id from distributions where id = ?", (distribution_id,))
            write_differing(catalog, run_id, str(portal_id), rules, url)


_SAME = "table_reports.sha256 is excluded.sha256"
_KNOWN = {
    # A report without a result, as of a file that could not be inspected, leaves earlier facts unchanged.
    "rejudged_run": f"""case when {_SAME} and table_reports.methodology_version is not excluded.methodology_version
        then excluded.run_id when {_SAME} then table_reports.rejudged_run end""",
    "columns_before": """case when coalesce(table_reports.columns, '[]') = '[]' then table_reports.columns_before
        else table_reports.columns end""",
}
"""Columns about the previous report."""


def _row(run_id: str, distribution_id: str, url: str, sha256: str, report: TableReport) -> dict[str, Any]:
    values = {f.name: plain(getattr(report, f.name)) for f in fields(report) if f.name != "defects"}
    defects = plain([asdict(defect) for defect in report.defects])
    key = {"distribution_id": distribution_id, "run_id": run_id, "url": url, "sha256": sha256}
    key["methodology_version"] = table_rules_version()
    values |= {"rejudged_run": None, "columns_before": None}
    return {**key, **values, "defects": defects}


def drop_stale_reports(catalog: Catalog, portal_id: str) -> None:
    """Delete a portal's reports on files that no longer exist or are no longer served.

    These are reports on retired distributions, on addresses whose last check had the outcome broken or invalid, and on
    addresses that worked at their last check but gave no bytes to store.
    """
    with catalog.writing():
        catalog.db.conn.execute(
            """delete from table_reports where distribution_id in (
                 select id from distributions where portal_id = :portal and is_retired
                 union all
                 select d.id from current_distributions d join resource_checks c on c.url = d.url
                 where d.portal_id = :portal
                   and (c.outcome in ('broken', 'invalid') or (c.outcome = 'ok' and c.sha256 is null)))""",
            {"portal": portal_id},
        )
