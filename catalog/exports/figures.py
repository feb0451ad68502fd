"""The percentages of a scorecard, each as one SQL expression that the export counts by and ``queries.csv`` publishes.

So a clerk who runs a query against the public catalogue counts exactly what the export counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from catalog.db.schema.views import is_present
from catalog.repositories.scores import COUNTED

__all__ = ["KEYS", "figures", "file_figures", "queries", "sources"]

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
_SHARES = {
    "links_ok_pct": "link_ok",
    "format_match_pct": "format_truthful",
    "licence_open_pct": "licence_open",
    "machine_readable_pct": "machine_readable",
    "schema_pct": "documentation_present",
}
"""Percentages of distributions, and the metrics that they are the mean of."""
_OF_FILES = {name: f"round(100 * avg(q.{metric}), 2)" for name, metric in _SHARES.items()} | {
    "tables_valid_pct": f"round(100.0 * count(*) filter (where t.status = 'valid') / nullif({_LOOKED_INTO}, 0), 2)",
}


def figures() -> str:
    """Return the SQL columns of the percentages that are counted over datasets, for a query over the tables of
    :func:`sources`."""
    return ", ".join(f"{sql} as {name}" for name, sql in _OF_DATASETS.items())


def file_figures() -> str:
    """Return an SQL query for the figures that are counted over distributions, for all entities at once.

    A row has the level and the id of an entity, numbers of distributions and of tables that were looked into, and the
    percentages. They are those of ``queries.csv``: distributions with equal measurements are counted first, because a
    portal repeats itself, so that they are read once and not once for each level.
    """
    metrics = ", ".join(f"q.{metric}" for metric in _SHARES.values())
    looked_into = "sum(q.files) filter (where q.status in ('valid', 'invalid'))"
    valid = "coalesce(sum(q.files) filter (where q.status = 'valid'), 0)"
    columns = ", ".join(
        [
            f"coalesce({looked_into}, 0) as tables_checked",
            "sum(q.files) as distributions",
            *(f"round(100 * {_mean(metric)}, 2) as {name}" for name, metric in _SHARES.items()),
            f"round(100.0 * {valid} / {looked_into}, 2) as tables_valid_pct",
        ]
    )
    # Only constants of this package are inserted into the text.
    of_level = " union all ".join(
        f"""select '{level}' as entity_level, {key} as entity_id, {columns}
            from counted q join governments g on g.portal_id = q.portal_id
            where {COUNTED[level].replace("d.", "q.")} group by 2"""
        for level, key in (("portal", "q.portal_id"), ("publisher", "q.publisher_id"), ("government", "g.name"))
    )
    return f"""with of_dataset as materialized (
          select q.dataset_id, t.status, {metrics}, count(*) as files
          from distribution_quality q left join table_reports t on t.distribution_id = q.distribution_id
          group by {_numbers(2 + len(_SHARES))}),
        counted as materialized (
          select d.portal_id, d.publisher_id, d.copy_of, q.status, {metrics}, sum(q.files) as files
          from of_dataset q join datasets d on d.id = q.dataset_id join portals p on p.id = d.portal_id
          group by {_numbers(4 + len(_SHARES))})
        {of_level}"""


def _mean(metric: str) -> str:
    return f"(1.0 * sum(q.{metric} * q.files) / sum(q.files) filter (where q.{metric} is not null))"


def _numbers(columns: int) -> str:
    return ", ".join(str(number) for number in range(1, columns + 1))


def sources(kind: str) -> str:
    """Return what follows ``from`` in an SQL query for figures of the scorecard: the tables and their joins.

    ``kind``: "datasets" for the columns of :func:`figures`, "files" for figures that are counted over distributions.
    """
    return _DATASETS if kind == "datasets" else _FILES


def queries(levels: tuple[str, ...] = ("government", "portal", "publisher")) -> Iterator[dict[str, Any]]:
    """Yield the rows of ``queries.csv``: one SQL query for each level and each percentage of the scorecard.

    A query computes the percentage from the public catalogue. It has one parameter, ``:entity``, the id of a portal or
    publisher or the name of a government. Only the query of ``coverage_pct`` does not count: it reads the value that
    was stored with the last score. ``levels``: the levels to give queries for.
    """
    for level in levels:
        for figure, sql in _of(level).items():
            text = " ".join(sql.split())
            yield {
                "entity_level": level,
                "figure": figure,
                "sql": text,
                "query_url": f"/figure/{level}-{figure}?entity=",
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
