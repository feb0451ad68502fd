"""The files of a dataset on its page: what was promised, what was served, the last checks, and what the tables hold."""

from __future__ import annotations

import math
from itertools import groupby
from typing import Any

from catalog.db.schema.views import MEASURED, address
from catalog.site.columns import gone
from catalog.site.pages.page import Visit
from catalog.site.stored_json import listed, stored

__all__ = ["file_count", "file_page", "file_pages", "files_of", "ranges", "shorten_file"]

_FIRST, _FURTHER = 8, 12
"""Files on the first page of a dataset, which says more besides, and on each further one: no page may be longer than
8,000 pixels on a phone."""
_COLUMNS = 60
"""Columns of a table that are shown."""
_DEFECTS = 20
_DISTINCT_MIN = 10
"""Different values that a column must have for its range to be shown."""
_EXACT_BELOW = 3000
"""Numbers below it may stand in a profile as they stand in the table."""
# "present" columns of the record, what was served (only these headers), and the report about the table.
_FILE = f"""
select d.id, d.position, d.title, {address()} as url, d.format,
       d.media_type, d.byte_size, d.licence, d.licence_title, d.is_retired, d.modified, d.last_seen_run,
       c.outcome, c.fault, c.detail, c.status as http_status, c.final_url, c.redirects, c.redirect_chain,
       c.content_type, c.size_bytes, c.last_modified, c.cors, c.checked_at, c.changed_at, c.ok_since, c.failing_since,
       c.uptime, c.uptime_checks, c.sha256, q.format_declared, q.format_served, q.licence_id, t.status as table_status,
       t.row_count, t.column_count, t.is_sample, t.defects, t.profile, t.columns as names,
       t.columns_before
from distributions d left join resource_checks c on c.url = {address()} {MEASURED}
left join table_reports t on t.distribution_id = d.id"""  # noqa: S608  # SQL of ours
_OF_DATASET = f"{_FILE} where d.dataset_id = :id order by d.is_retired, d.position, d.id limit :limit offset :offset"
_CHECKS = "select outcome from resource_history where url = :url order by checked_at"
_COUNT = "select count(*) as files from distributions where dataset_id = :id"
_PLACE = """
select dataset_id, (select count(*) from distributions o where o.dataset_id = d.dataset_id
  and (coalesce(o.is_retired, 0), coalesce(o.position, -1), o.id)
    < (coalesce(d.is_retired, 0), coalesce(d.position, -1), d.id)) as place
from distributions d where d.id = :id"""


def file_count(visit: Visit, dataset_id: str) -> int:
    """Return the number of files and services of a dataset, those that it no longer lists included."""
    return int((visit.row(_COUNT, id=dataset_id) or {"files": 0})["files"])


def file_page(visit: Visit, distribution_id: str) -> tuple[str, int] | None:
    """Return the dataset of a file and the number of the page of that dataset which shows it; None if there is none."""
    row = visit.row(_PLACE, id=distribution_id)
    return (row["dataset_id"], file_pages(row["place"] + 1)) if row else None


def file_pages(files: int) -> int:
    """Return how many pages the files of a dataset fill, one at least. ``files``: their number."""
    return 1 + max(0, -(-(files - _FIRST) // _FURTHER))


def files_of(visit: Visit, dataset_id: str, number: int) -> list[dict[str, Any]]:
    """Return the files on page ``number`` of a dataset, from 1.

    Each has what the record declares, what its address answered, the outcomes of its last checks (the oldest first),
    and of a table its columns and defects, but no cell.
    """
    first = 0 if number == 1 else _FIRST + (number - 2) * _FURTHER
    rows = visit.rows(_OF_DATASET, id=dataset_id, limit=_FIRST if number == 1 else _FURTHER, offset=first)
    for row in rows:
        row["checks"] = [one["outcome"] for one in visit.rows(_CHECKS, url=row["url"])] if row["url"] else []
        row["redirect_chain"] = listed(row["redirect_chain"])
        row["defects"] = [_defect(visit, one) for one in listed(row["defects"])[:_DEFECTS] if isinstance(one, dict)]
        row["columns"] = _columns(row.pop("profile"))
        now, before = (list(map(str, listed(row.pop(name)))) for name in ("names", "columns_before"))
        # Drift: what the table had when it was last read in another form.
        row["lost_columns"] = [name[:80] for name in gone(before, now)][:_COLUMNS]
        row["new_columns"] = [name[:80] for name in gone(now, before)][:_COLUMNS] if before else []
    return rows


def shorten_file(file: dict[str, Any], seen: str | None) -> dict[str, Any]:
    """Return a file of :func:`files_of` for the mirror, without zeros, without a detected format that equals the
    declared one, and without the last run in which it was seen if that is ``seen``, the last run of its dataset.

    ``checks`` become pairs of an outcome and the number of times in a row that it came, the oldest first.
    """
    short = {name: value for name, value in file.items() if value and (name, value) != ("last_seen_run", seen)}
    if short.get("format_declared") == short.get("format"):
        short.pop("format_declared", None)
    return short | {"checks": [[outcome, len([*alike])] for outcome, alike in groupby(file["checks"])]}


def _defect(visit: Visit, defect: dict[str, Any]) -> dict[str, Any]:
    rule = str(defect.get("rule") or "")
    return {
        "rule": rule,
        "what": visit.words.defects.get(rule, defect.get("message") or rule),
        "column": defect.get("field"),
        "count": defect.get("count"),
        "lines": [line for line in defect.get("rows") or [defect.get("first_row")] if isinstance(line, int)],
    }


def _columns(cell: str | None) -> list[dict[str, Any]]:
    """Return the columns of a stored profile: name, kind, filled share and range. Everything else is left out."""
    profile = stored(cell, dict)
    found, rows = profile.get("columns"), profile.get("row_count") or 0
    return [
        {
            "name": column.get("name"),
            "kind": column.get("kind"),
            "filled_pct": 100 * (column.get("filled") or 0) / rows if rows else None,
            "distinct": column.get("distinct"),
            "range": ranges(column),
        }
        for column in (found if isinstance(found, list) else [])[:_COLUMNS]
        if isinstance(column, dict)
    ]


def ranges(column: dict[str, Any]) -> list[Any] | None:
    """Return the smallest and the largest value of a column of a profile, rounded; None if they must not be shown.

    They are shown only for numbers and dates with ten or more distinct values, because with fewer they come close to
    showing cells. Dates are given by month. Numbers are shown only if both are 3,000 or more (or -3,000 or less),
    because :func:`quality.tables.scan.masking.coarse` leaves whole numbers below that as they are.
    """
    low, high = column.get("minimum"), column.get("maximum")
    if (column.get("distinct") or 0) < _DISTINCT_MIN or low is None or high is None:
        return None
    if column.get("kind") == "date":
        return [str(low)[:7], str(high)[:7]]
    if column.get("kind") not in ("number", "integer") or not all(isinstance(one, (int, float)) for one in (low, high)):
        return None
    is_rounded = all(math.isfinite(one) and abs(one) >= _EXACT_BELOW for one in (low, high))
    return [low, high] if is_rounded else None
