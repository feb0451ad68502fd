"""Store the results of the expectations on a portal's datasets as a whole (``catalogue.toml``)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from catalog.db.rows import plain
from catalog.db.store import Catalog

__all__ = ["dataset_facts", "portals_to_judge", "write_gates"]


def portals_to_judge(catalog: Catalog, run_id: str, portal_ids: Sequence[str]) -> list[str]:
    """Return those of ``portal_ids``, sorted, that the run has harvested but has not yet checked against expectations.

    The expectations, those of ``catalogue.toml``, are conditions on all datasets of a portal together. Portals whose
    harvest failed or has not ended are left out.
    """
    marks = ", ".join("?" * len(portal_ids))
    sql = f"""select portal_id from harvests where run_id = ? and verdict in ('complete', 'partial', 'suspect')
              and suite is null and portal_id in ({marks}) order by portal_id"""
    return [row["portal_id"] for row in catalog.rows(sql, [run_id, *portal_ids])]


def dataset_facts(catalog: Catalog, portal_id: str) -> Iterator[dict[str, Any]]:
    """Yield one row for each dataset that a portal currently lists, to be checked against ``catalogue.toml``.

    A row has title, description, identifier, modified and licence, each None if not declared. It also has the numbers
    ``distributions`` and ``urls`` (addresses of distributions and data services). If a dataset has no modified date or
    licence, that of its distributions is given. Rows are sorted by dataset id.
    """
    yield from catalog.each(
        # No join: without statistics SQLite looks for the parts of each dataset among all parts of the portal.
        """select max(title) as title, max(description) as description, max(identifier) as identifier,
             coalesce(max(own_modified), max(modified)) as modified,
             coalesce(max(own_licence), max(licence), max(licence_title)) as licence, count(part) as distributions,
             count(url) + (select count(endpoint_url) from current_services s where s.dataset_id = x.id) as urls
           from (
             select id, 1 as is_listed, title, description, identifier, modified as own_modified,
               coalesce(licence, licence_title) as own_licence, null as part, null as url, null as modified,
               null as licence, null as licence_title
             from present_datasets where portal_id = :portal
             union all
             select dataset_id, 0, null, null, null, null, null, id, url, modified, licence, licence_title
             from current_distributions where portal_id = :portal) x
           group by id having max(is_listed) order by id""",
        {"portal": portal_id},
    )


def write_gates(
    catalog: Catalog, run_id: str, portal_id: str, results: Sequence[Mapping[str, Any]], failed: Sequence[str]
) -> None:
    """Store the results of a portal's expectations in the row of its harvest in the run; nothing is stored if the run
    did not harvest it.

    ``results``: one mapping of JSON values for each expectation, stored as it is. ``failed``: a sentence for each
    failed gate; a gate is an expectation that a harvest must meet.
    """
    with catalog.writing():
        catalog.db.conn.execute(
            "update harvests set suite = ?, gates_failed = ? where run_id = ? and portal_id = ?",
            [plain(list(results)) or "[]", plain(list(failed)), run_id, portal_id],
        )
