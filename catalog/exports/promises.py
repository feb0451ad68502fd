"""The rows of ``commitments.csv``, and which commitments a dataset fails.

A catalogue without commitments lacks these tables, or has them empty: then there are no rows.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import Any
from urllib.parse import quote

from catalog.db.store import Catalog

__all__ = ["OVERALL", "commitment_counts", "commitment_rows", "has_commitments"]

OVERALL = "_overall"
_TABLES = {"commitments", "commitment_readings", "commitment_members"}


def has_commitments(catalog: Catalog) -> bool:
    """Return whether the catalogue has the tables for commitments. They may be empty."""
    found = catalog.rows("select name from sqlite_master where type = 'table' and name like 'commitment%'")
    return {row["name"] for row in found} >= _TABLES


def commitment_rows(
    catalog: Catalog, head: dict[str, Any], *, government: str | None = None, publisher_id: str | None = None
) -> Iterator[dict[str, Any]]:
    """Yield the rows of ``commitments.csv``: the reading (value and status) of each indicator of each commitment in a
    run. None are yielded if the catalogue has no tables for commitments.

    ``head``: run, day and versions, see :func:`catalog.exports.cards.head_of`. ``government``: name of the only
    government whose commitments are wanted. ``publisher_id``: id of a publisher; only commitments with one of its
    datasets in their scope are returned. None means no restriction.
    """
    if not has_commitments(catalog):
        return
    readings = catalog.rows(
        """select r.*, c.ogp_url, c.country as country_iso3, c.title, c.lead, c.government,
             c.irm_completion, c.irm_potential, c.irm_early_results, c.irm_ambition, c.irm_opened,
             case c.irm_relevance when 1 then 'yes' when 0 then 'no' end as irm_relevance, c.is_example,
             coalesce(r.start, c.start) as begins, coalesce(r.deadline, c.deadline) as ends,
             (select b.value from commitment_readings b where b.commitment_id = r.commitment_id
                and b.indicator_id = r.indicator_id and b.run_id < r.run_id
                order by b.run_id desc limit 1) as value_prev
           from commitment_readings r join commitments c on c.id = r.commitment_id
           where r.run_id = :run and (:government is null or c.government = :government)
             and (:publisher is null or exists (select 1 from commitment_members m
               join datasets d on d.id = m.dataset_id
               where m.commitment_id = r.commitment_id and m.is_in_scope and d.publisher_id = :publisher))
           order by r.commitment_id, r.indicator_id != '_overall', r.indicator_id""",
        {"run": head["run_id"], "government": government, "publisher": publisher_id},
    )
    for row in readings:
        yield {
            **row,
            **head,
            "start": row["begins"],
            "deadline": row["ends"],
            "days_left": _days(head["run_date"], row["ends"]),
            "evidence_url": _address(row.get("evidence_query")),
            "flags": _flags(row.get("flags"), is_example=bool(row["is_example"])),
        }


def _days(today: str, deadline: str | None) -> int | None:
    try:
        return (date.fromisoformat(deadline or "") - date.fromisoformat(today)).days
    except ValueError:
        return None


def _flags(listed: str | None, *, is_example: bool) -> str | None:
    """Return a JSON list as text separated by semicolons; partly invented examples say so in every row."""
    found = json.loads(listed) if listed and listed.startswith("[") else [listed] if listed else []
    return ";".join(map(str, (["example"] if is_example else []) + found)) or None


def _address(query: str | None) -> str | None:
    if not query or query.startswith(("/", "http://", "https://")):
        return query
    return f"/catalog?sql={quote(query, safe='')}"


def commitment_counts(catalog: Catalog, run_id: str, level: str, key: str) -> dict[str, dict[str, int]]:
    """Return how many commitments each government, portal or publisher has, by its id, with counts by status.

    ``level``: government, portal or publisher. ``key``: the SQL expression of ``figures.KEYS`` for that level. The
    counts, as of the run ``run_id``, are commitments (all of them), on_track, at_risk, off_track and missed. Entities
    without a commitment are left out. A commitment belongs to its government, and to every portal and publisher with a
    dataset in its scope. Empty if the catalogue has no tables for commitments.
    """
    if not has_commitments(catalog):
        return {}
    whose = (
        "select c.id as commitment_id, c.government as entity_id from commitments c"
        if level == "government"
        # The key is a constant of this package.
        else f"""select distinct m.commitment_id, {key} as entity_id from commitment_members m
            join datasets d on d.id = m.dataset_id join portals p on p.id = d.portal_id where m.is_in_scope"""  # noqa: S608  # a constant of ours
    )
    rows = catalog.rows(
        f"""select w.entity_id, count(*) as commitments,
              count(*) filter (where r.timing_status = 'on_track') as on_track,
              count(*) filter (where r.timing_status = 'at_risk') as at_risk,
              count(*) filter (where r.timing_status = 'off_track') as off_track,
              count(*) filter (where r.timing_status = 'missed') as missed
            from ({whose}) w left join commitment_readings r on r.commitment_id = w.commitment_id
              and r.run_id = :run and r.indicator_id = '_overall'
            where w.entity_id is not null group by 1""",  # noqa: S608  # SQL of ours
        {"run": run_id},
    )
    return {row.pop("entity_id"): row for row in rows}
