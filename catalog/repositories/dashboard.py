"""The figures of the Project Open Data dashboard, each from one query that anyone can repeat.

Addresses are those of distributions, each counted once; addresses that were never requested are in none of the
figures.
"""

from __future__ import annotations

from typing import Any

from catalog.db.store import Catalog
from catalog.repositories.scores import replace_rows
from specs.dashboard import dashboard_version, figures

__all__ = ["QUERIES", "write_dashboard"]

_LINKS = """
    select distinct c.url, c.status, c.redirects, c.content_type from current_distributions d
    join present_datasets s on s.id = d.dataset_id
    join resource_checks c on c.url in (d.access_url, d.download_url)
    where d.portal_id = :portal"""
_PRESENT = "from present_datasets d where d.portal_id = :portal"


def _links(condition: str) -> str:
    return f"select count(*) filter (where {condition}), count(*) from ({_LINKS})"


QUERIES = {
    "valid_records": """select count(*) filter (where conforms), count(*) from conformance
        where portal_id = :portal and standard like 'dcat_us%'""",
    "datasets_with_download": f"""select count(*) filter (where exists (select 1 from current_distributions x
        where x.dataset_id = d.id and x.is_download)), count(*) {_PRESENT}""",
    "links_working": _links("status between 200 and 299"),
    "links_redirected": _links("redirects > 0"),
    "links_client_error": _links("status between 400 and 499"),
    "links_server_error": _links("status between 500 and 599"),
    "links_no_answer": _links("status is null"),
    "format_correct": """select sum(media_type_in_content_type), count(media_type_in_content_type)
        from distribution_quality where portal_id = :portal""",
    "format_html": f"""select count(*) filter (where content_type like '%html%'), count(*) from ({_LINKS})
        where status between 200 and 299""",
    "format_pdf": f"""select count(*) filter (where content_type like '%pdf%'), count(*) from ({_LINKS})
        where status between 200 and 299""",
    "redacted_without_rights": f"""select count(*) filter (where d.rights is null), count(*) {_PRESENT}
        and exists (select 1 from records r where r.dataset_id = d.id and r.is_redacted)""",
    "licence_present": """select count(*) filter (where licence_set = 1), count(licence_set)
        from dataset_quality where portal_id = :portal""",
    "growth": """select max(case when run_id = :run then datasets end) - max(case when run_id = (select max(run_id)
            from harvests where portal_id = :portal and verdict = 'complete' and run_id <= :quarter) then datasets end),
          max(case when run_id = (select max(run_id) from harvests where portal_id = :portal and verdict = 'complete'
            and run_id <= :quarter) then datasets end)
        from harvests where portal_id = :portal and verdict = 'complete'""",
}
"""SQL of each figure: the count, and the total it is a share of. ``:quarter`` is the id of a run 91 days before."""


def write_dashboard(catalog: Catalog, run_id: str, portal_id: str, quarter_before: str) -> None:
    """Replace a portal's figures of the Project Open Data dashboard by its present ones, as of the run ``run_id``.

    ``quarter_before``: an id in the form of a run's id, for the time 91 days earlier; there need not be such a run. The
    figure "growth" compares the number of datasets with that of the last complete harvest up to this time. A figure is
    a count, and its percentage of a total; the percentage is None if the total is 0 or unknown.
    """
    params = {"portal": portal_id, "run": run_id, "quarter": quarter_before}
    rows: list[dict[str, Any]] = []
    # Seven figures read the addresses of the portal, which takes seconds on a large one: they are found once.
    catalog.db.conn.execute(f"create temp table portal_links as {_LINKS}", params)
    found = {
        name: catalog.db.conn.execute(QUERIES[name].replace(f"({_LINKS})", "portal_links"), params).fetchone()
        for name in figures()
    }
    catalog.db.conn.execute("drop table temp.portal_links")
    for name, figure in figures().items():
        count, whole = found[name]
        rows.append(
            {
                "id": f"{portal_id}/{name}",
                "run_id": run_id,
                "portal_id": portal_id,
                "figure": name,
                "title": figure.title,
                "count": count,
                "whole": whole,
                "percent": round(100 * count / whole, 2) if whole and count is not None else None,
                "version": dashboard_version(),
            }
        )
    replace_rows(catalog, "dashboard", rows, "portal_id", portal_id)
