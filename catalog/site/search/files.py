"""Choose the file of a dataset that a visitor wants first."""

from __future__ import annotations

from typing import Any

from catalog.db.schema.views import MEASURED, address, is_current
from catalog.site.pages.page import Visit
from catalog.vocabulary.formats import file_format

__all__ = ["best_file"]

_READ = 100
"""Files of a dataset that are compared, the first ones of its record."""
_FILES = f"""
select d.id, d.title, d.position, {address()} as url, d.format as declared, d.download_url, c.outcome, c.size_bytes,
       q.format_served, q.format_declared
from distributions d left join resource_checks c on c.url = {address()} {MEASURED}
where d.dataset_id = :id and {is_current()} order by d.position limit {_READ}"""  # noqa: S608  # SQL of ours
_OUTCOMES = {"ok": 2, "broken": 0, "invalid": 0}


def best_file(visit: Visit, dataset_id: str) -> dict[str, Any] | None:
    """Return the best file of a dataset: id, title, url, outcome, format and size in bytes (None if not known); None if
    it has no file.

    Best is what answers, then what a program can read in an open format, then a file instead of a page about it. Only
    the first 100 files of the record are compared.
    """
    rows = visit.rows(_FILES, id=dataset_id)
    if not rows:
        return None
    best = max(rows, key=_worth)
    return {
        "id": best["id"],
        "title": best["title"],
        "url": best["url"],
        "outcome": best["outcome"],
        "format": best["format_served"] or best["format_declared"] or best["declared"],
        "size_bytes": best["size_bytes"],
    }


def _worth(row: dict[str, Any]) -> tuple[int, int, bool, int]:
    kind = file_format(row["format_served"] or row["format_declared"])
    readable = (kind.is_machine_readable + kind.is_non_proprietary) if kind else 0
    return _OUTCOMES.get(row["outcome"], 1), readable, bool(row["download_url"]), -(row["position"] or 0)
