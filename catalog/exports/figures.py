"""The percentages of a scorecard, each as one SQL expression that the export counts by and ``queries.csv`` publishes.

So a clerk who runs a query against the public catalogue counts exactly what the export counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from catalog.db.schema.views import is_present
from catalog.repositories.scores import COUNTED

__all__ = ["KEYS", "figures", "queries"]

KEYS = {"portal": "p.id", "publisher": "d.publisher_id", "government": "g.name"}
"""SQL that names the entity of a dataset, in queries where ``p`` is its portal, ``g`` the government responsible for
that, and ``d`` the dataset."""

_DATASETS = """datasets d join portals p on p.id = d.portal_id join governments g on g.portal_id = p.id
 left join dataset_quality q on q.dataset_id = d.id"""
_FILES = """distribution_quality q join datasets d on d.id = q.dataset_id join portals p on p.id = d.portal_id
 join governments g on g.portal_id = p.id left join table_reports t on t.distribution_id = q.distribution_id"""
_LOOKED_INTO = "count(*) filter (where t.status in ('valid', 'invalid'))"
_SERVED = "exists (select 1 from current_services s where s.dataset_id = d.id)"

_OF_DATASETS = {
    "fresh_pct": "round(100 * avg(q.up_to_date), 2)",
    "contact_pct": "round(100 * avg(q.contact_present), 2)",
    "api_pct": f"round(100.0 * avg(case when {is_present()} then {_SERVED} end), 2)",
}
_OF_FILES = {
    "links_ok_pct": "round(100 * avg(q.link_ok), 2)",
    "format_match_pct": "round(100 * avg(q.format_truthful), 2)",
    "licence_open_pct": "round(100 * avg(q.licence_open), 2)",
    "machine_readable_pct": "round(100 * avg(q.machine_readable), 2)",
    "schema_pct": "round(100 * avg(q.documentation_present), 2)",
    "tables_valid_pct": f"round(100.0 * count(*) filter (where t.status = 'valid') / nullif({_LOOKED_INTO}, 0), 2)",
}
_COUNTS = {"tables_checked": _LOOKED_INTO, "distributions": "count(*)"}


def figures(kind: str) -> str:
    """Return the SQL columns of the scorecard's percentages and counts, for a query over the tables of :func:`sources`.

    ``kind``: "datasets" for the figures counted over datasets, "files" for those counted over distributions.
    """
    chosen = _OF_DATASETS if kind == "datasets" else _COUNTS | _OF_FILES
    return ", ".join(f"{sql} as {name}" for name, sql in chosen.items())


def sources(kind: str) -> str:
    """Return what follows ``from`` in an SQL query for the columns of :func:`figures`: the tables and their joins.

    ``kind``: "datasets" or "files", as for :func:`figures`.
    """
    return _DATASETS if kind == "datasets" else _FILES


def queries(levels: tuple[str, ...] = ("government", "portal", "publisher")) -> Iterator[dict[str, Any]]:
    """Yield the rows of ``queries.csv``: one SQL query for each level and each percentage of the scorecard.

    A query computes the percentage from the public catalogue. It has one parameter, ``:entity``, the id of a
    government, portal or publisher. Only the query of ``coverage_pct`` does not count: it reads the value that was
    stored with the last score. ``levels``: the levels to give queries for.
    """
    for level in levels:
        for figure, sql in _of(level).items():
            text = " ".join(sql.split())
            yield {
                "entity_level": level,
                "figure": figure,
                "sql": text,
                "query_url": f"/catalog?sql={quote(text, safe='')}&entity=",
            }


def _of(level: str) -> dict[str, str]:
    # Only constants of this package are inserted into the text.
    found = {}
    for kind, chosen in (("datasets", _OF_DATASETS), ("files", _OF_FILES)):
        for name, sql in chosen.items():
            found[name] = f"select {sql} from {sources(kind)} where {COUNTED[level]} and {KEYS[level]} = :entity"
    found["coverage_pct"] = (
        "select s.coverage_pct from score_history s where s.system = 'winnow' and "
        f"s.entity_level = '{level}' and s.entity_id = :entity order by s.run_id desc limit 1"
    )
    return dict(sorted(found.items()))
