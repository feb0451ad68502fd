"""Count the narrow rows of findings as they are stored: there can be millions.

Everybody else reads the view ``findings``, which says the same and is several times as slow, because it looks up
every id and text of every row. Here each is looked up once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from catalog.db.schema.found import public_id
from catalog.db.schema.views import NOT_ENDED, is_open, state_in
from catalog.db.store import Catalog
from catalog.repositories.withheld import withheld

__all__ = ["about_portals", "dataset_sums", "finding_counts", "life_counts", "newest", "sums"]

_SUM = f"""count(*), sum(f.key), total(f.gain_points), sum(f.last_seen_key), sum(f.observed), sum(f.field),
    sum(f.error_count), sum(f.exchange), sum((f.key & 4095) * case f.state when 'new' then 1 when 'open' then 1
      when 'disputed' then 2 when 'waived' then 3 else 4 end)
  from finding_rows f where {state_in(NOT_ENDED)}"""
_CAUSE_SUM = """'causes', count(*), sum(m.cause), sum((m.finding & 65535) * ((m.cause * 40503) & 65535))
  from cause_members m"""


_DATASET_SUM = """count(*), sum(f.key), total(f.gain_points), sum(f.first_seen_key), sum(f.last_seen_key),
    sum(f.fixed_key), sum(f.withdrawn_key), sum(f.rule_key), sum(f.observed), sum(f.field), sum(f.error_count),
    sum(f.exchange), sum(f.http_status), sum(f.format_served), sum(f.format_declared), sum(f.first_row), sum(f.rows),
    total(f.rate_per_1000), sum((f.key & 4095) * case f.state when 'new' then 1 when 'open' then 1
      when 'disputed' then 2 when 'waived' then 3 when 'fixed' then 4 when 'withdrawn' then 5 else 6 end),
    sum(m.cause), sum((f.key & 65535) * ((m.cause * 40503) & 65535))"""
_CHUNK = 250
"""Datasets read with one query."""


def sums(catalog: Catalog, *, by_publisher: bool = False) -> list[tuple[Any, ...]]:
    """Return checksums of all findings that have not ended and of their causes, to notice whether any of them has
    changed.

    They stay the same if only the state changes from new to open. ``by_publisher``: False gives two rows, one for the
    findings and one for the causes. True gives up to two rows for each publisher, which begin with the id of the portal
    and the id of the publisher or None.
    """
    execute = catalog.db.conn.execute
    if not by_publisher:
        return [*execute(f"select {_SUM}"), *execute(f"select {_CAUSE_SUM}")]
    rows = execute(f"select f.portal_key, f.publisher_key, {_SUM} group by 1, 2").fetchall()
    rows += execute(
        f"""select f.portal_key, f.publisher_key, {_CAUSE_SUM} cross join finding_rows f on f.key = m.finding
            group by 1, 2"""
    )
    ids = _ids(catalog, {key for row in rows for key in row[:2] if key is not None})
    return [(ids.get(row[0]), ids.get(row[1]), *row[2:]) for row in rows]


def dataset_sums(catalog: Catalog, run_id: str, dataset_ids: Sequence[str]) -> dict[str, tuple[Any, ...]]:
    """Return checksums of the findings of each dataset and of their causes, by dataset id, to notice whether any of
    them has changed.

    Counted are the findings that have not ended, and those fixed or withdrawn in the run ``run_id``. They stay the same
    if only the state changes from new to open. Datasets without such a finding are left out.
    """
    run = catalog.value("select key from keys where id = ?", [run_id])
    found: dict[str, tuple[Any, ...]] = {}
    for start in range(0, len(dataset_ids), _CHUNK):
        chunk = dataset_ids[start : start + _CHUNK]
        rows = catalog.db.conn.execute(
            f"""select k.id, {_DATASET_SUM} from keys k cross join finding_rows f on f.dataset_key = k.key
                left join cause_members m on m.finding = f.key
                where k.id in ({", ".join("?" * len(chunk))})
                  and ({state_in(NOT_ENDED)} or f.fixed_key = ? or f.withdrawn_key = ?)
                group by f.dataset_key""",
            [*chunk, run, run],
        )
        found.update((row[0], row[1:]) for row in rows)
    return found


def about_portals(catalog: Catalog) -> list[tuple[Any, ...]]:
    """Return the stored findings about portals themselves, as tuples to notice whether any of them has changed.

    A tuple begins with the id of the portal and None (no publisher). Columns of ``finding_rows`` follow.
    """
    return catalog.db.conn.execute(
        """select (select id from keys where key = f.portal_key), null, f.key, f.rule_key, f.observed,
             replace(f.state, 'new', 'open'), f.fixed_key, f.withdrawn_key
           from finding_rows f where f.dataset_key is null"""
    ).fetchall()


def finding_counts(catalog: Catalog, run_id: str) -> list[dict[str, Any]]:
    """Return the numbers of findings for each portal, publisher and value of ``is_copy``.

    ``is_copy`` is 1 for findings of datasets that are copies of a dataset in another portal, 0 for those of other
    datasets, and None for findings about a portal itself. A row has portal_id, publisher_id, is_copy, findings_open,
    findings_new and findings_fixed (those fixed in the run ``run_id``).
    """
    run = catalog.value("select key from keys where id = ?", [run_id])
    rows = catalog.rows(
        f"""select f.portal_key, f.publisher_key, f.dataset_key in (select k.key from datasets d
                join keys k on k.id = d.id where d.copy_of is not null) as is_copy,
              count(*) filter (where {is_open()}) as findings_open,
              count(*) filter (where f.state = 'new') as findings_new,
              count(*) filter (where f.fixed_key = :run) as findings_fixed
            from finding_rows f group by 1, 2, 3""",
        {"run": run},
    )
    ids = _ids(catalog, {row[name] for row in rows for name in ("portal_key", "publisher_key")} - {None})
    return [
        {**row, "portal_id": ids.get(row["portal_key"]), "publisher_id": ids.get(row["publisher_key"])} for row in rows
    ]


def life_counts(catalog: Catalog, portal_ids: Sequence[str]) -> tuple[dict[str, int], dict[str, int]]:
    """Return how many findings of portals each run found first, and how many were fixed in each run.

    Both results are dicts from run id to a number; runs without such a finding are left out.
    """
    first: Counter[int] = Counter()
    fixed: Counter[int] = Counter()
    for portal_id in portal_ids:
        for begun, ended, count in catalog.db.conn.execute(
            """select first_seen_key, fixed_key, count(*) from finding_rows
               where portal_key = (select key from keys where id = ?) group by 1, 2""",
            [portal_id],
        ):
            first[begun] += count
            fixed[ended] += count
    ids = _ids(catalog, {*first, *fixed} - {None})
    of_run = [{ids[key]: count for key, count in found.items() if key in ids} for found in (first, fixed)]
    return of_run[0], of_run[1]


def newest(catalog: Catalog, run_id: str, portal_ids: Sequence[str], since: str, most: int) -> list[int]:
    """Return the findings that each run from ``since`` on found first and that are still open, as integer keys sorted
    by run.

    ``portal_ids``: whose findings are wanted. ``most``: limit for each run; those with the highest gain are returned.
    Findings that must not be published as of the run ``run_id`` are left out.
    """
    marks = ", ".join("?" * len(portal_ids))
    rows = catalog.db.conn.execute(
        f"""select key from (
              select f.key, k.id as run, row_number() over
                (partition by f.first_seen_key order by f.gain_points desc, {public_id("f")}) as place
              from finding_rows f join keys k on k.key = f.first_seen_key
              where f.portal_key in (select key from keys where id in ({marks})) and {is_open()} and k.id >= ?
                and f.key not in (select f.key from findings f where {withheld(run_id)}))
            where place <= ? order by run, place""",
        [*portal_ids, since, most],
    )
    return [key for (key,) in rows]


def _ids(catalog: Catalog, keys: set[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    wanted = sorted(keys)
    for start in range(0, len(wanted), 500):
        chunk = wanted[start : start + 500]
        sql = f"select key, id from keys where key in ({', '.join('?' * len(chunk))})"
        found.update(catalog.db.conn.execute(sql, chunk).fetchall())
    return found
