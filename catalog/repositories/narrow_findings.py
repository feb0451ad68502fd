"""Count the narrow rows of findings as they are stored: there can be millions.

Everybody else reads the view ``findings``, which says the same and is several times as slow, because it looks up
every id and text of every row. Here each is looked up once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from catalog.db.schema.found import is_new, public_id
from catalog.db.schema.views import NOT_ENDED, is_open, state_in
from catalog.db.store import Catalog
from catalog.repositories.withheld import withheld

__all__ = ["SUMS", "about_portals", "dataset_sums", "ended_sums", "finding_counts", "life_counts", "newest", "sums"]

_SUM = """count(*), sum(f.key), sum(cast(f.gain_points * 1000000 as integer)), sum(f.first_seen_key),
    sum(f.last_seen_key), sum(f.rule_key), sum(f.observed), sum(f.field), sum(f.error_count), sum(f.exchange),
    sum(f.http_status), sum(f.rows),
    sum((f.key & 4095) * case f.state when 'new' then 1 when 'open' then 1
      when 'disputed' then 2 when 'waived' then 3 else 4 end)"""
_CHUNK = 500
"""Rows whose ids are looked up at once."""
_FEW = 20_000
"""Findings of runs that are sorted in memory."""
_CAUSE_SUM = "sum(m.cause), sum((m.finding & 65535) * ((m.cause * 40503) & 65535))"


SUMS = 13
"""Checksums of findings in a row of :func:`dataset_sums`, from the fifth value on; those of their causes follow."""


def sums(catalog: Catalog, of_datasets: Sequence[int] | None = None) -> tuple[Any, ...]:
    """Return checksums of all findings that have not ended and of their causes, to notice whether any of them has
    changed.

    They stay the same if only the state changes from new to open. ``of_datasets``: if the rows of :func:`dataset_sums`
    have been read, their ``SUMS`` checksums of findings, each added up over all rows. Then only the few findings that
    belong to no dataset are read, and the result is the same as with None.
    """
    execute = catalog.db.conn.execute
    where = "true" if of_datasets is None else "f.dataset_key is null"
    read = execute(f"select {_SUM} from finding_rows f where {state_in(NOT_ENDED)} and {where}").fetchone()
    found = [(one or 0) + other for one, other in zip(read, of_datasets or [0] * SUMS, strict=True)]
    return *found, *execute(f"select count(*), {_CAUSE_SUM} from cause_members m").fetchone()


def dataset_sums(catalog: Catalog) -> Iterator[tuple[Any, ...]]:
    """Yield, for each dataset with findings that have not ended, checksums of them and of their causes.

    A tuple begins with the ids of the dataset, of its portal, and of two publishers of the findings: those that were
    stored first and last. They are mostly the same one; None if no finding has a publisher. The checksums follow, which
    are meant for comparison only. They stay the same if only the state changes from new to open.
    """
    rows = catalog.db.conn.execute(
        f"""select f.dataset_key, min(f.portal_key), min(f.publisher_key), max(f.publisher_key), {_SUM}, {_CAUSE_SUM}
            from finding_rows f left join cause_members m on m.finding = f.key
            where {state_in(NOT_ENDED)} and f.dataset_key is not null group by f.dataset_key"""
    )
    ids = _Ids(catalog)
    while found := rows.fetchmany(_CHUNK):
        datasets = _ids(catalog, {row[0] for row in found})
        for (
            key,
            *others,
        ) in found:
            yield datasets.get(key), *(ids[one] for one in others[:3]), *others[3:]


def ended_sums(catalog: Catalog, run_id: str) -> dict[str, tuple[Any, ...]]:
    """Return checksums of the findings that were fixed or withdrawn in the run ``run_id``.

    The result maps dataset id to a tuple: the number of these findings, then two sums over them. The key None stands
    for findings about portals themselves.
    """
    run = catalog.value("select key from keys where id = ?", [run_id])
    rows = catalog.db.conn.execute(
        """select (select id from keys where key = f.dataset_key), count(*), sum(f.key), sum(f.rule_key)
           from finding_rows f where f.fixed_key = :run or f.withdrawn_key = :run group by f.dataset_key""",
        {"run": run},
    )
    return {row[0]: row[1:] for row in rows}


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
    """Return the numbers of findings for each portal, publisher and value of ``is_copy``, in no particular order.

    ``is_copy`` is 1 for findings of datasets that are copies of a dataset in another portal, 0 for those of other
    datasets, and None for findings about a portal itself. A row has portal_id, publisher_id, is_copy, findings_open
    (state new or open), findings_new (state new) and findings_fixed (those fixed in the run ``run_id``).
    """
    run = catalog.value("select key from keys where id = ?", [run_id])
    counted = f"""count(*) filter (where {is_open()}), count(*) filter (where {is_new()}),
        count(*) filter (where f.fixed_key is {int(run or -1)})"""
    select = catalog.db.conn.execute
    copies = {
        key for (key,) in select("select k.key from datasets d join keys k on k.id = d.id where d.copy_of is not null")
    }
    found: dict[tuple[int, int | None, int | None], list[int]] = {}

    def add(portal: int, publisher: int | None, is_copy: int | None, *numbers: int) -> None:
        before = found.setdefault((portal, publisher, is_copy), [0, 0, 0])
        before[:] = [one + other for one, other in zip(before, numbers, strict=True)]

    # By dataset there is an index, and nothing is to be sorted.
    for key, portal, last_portal, publisher, last, known, total, *numbers in select(
        f"""select f.dataset_key, min(f.portal_key), max(f.portal_key), min(f.publisher_key), max(f.publisher_key),
              count(f.publisher_key), count(*), {counted}
            from finding_rows f group by f.dataset_key"""
    ):
        if portal == last_portal and publisher == last and known in (0, total):
            add(portal, publisher, None if key is None else int(key in copies), *numbers)
            continue
        # The dataset has had several publishers, or these are findings about portals themselves.
        for of_portal, of_publisher, *own in select(
            f"""select f.portal_key, f.publisher_key, {counted} from finding_rows f where f.dataset_key is ?
                group by 1, 2""",
            [key],
        ):
            add(of_portal, of_publisher, None if key is None else int(key in copies), *own)
    ids = _Ids(catalog)
    told = []
    for (portal, publisher, is_copy), (opened, new, fixed) in found.items():
        whose = {"portal_id": ids[portal], "publisher_id": ids[publisher], "is_copy": is_copy}
        told.append(whose | {"findings_open": opened, "findings_new": new, "findings_fixed": fixed})
    return told


def life_counts(catalog: Catalog, portal_ids: Sequence[str]) -> tuple[dict[str, int], dict[str, int]]:
    """Return how many findings of the portals ``portal_ids`` each run found first, and how many were fixed in each run.

    Both results are dicts from run id to a number; runs without such a finding are left out.
    """
    first: Counter[int] = Counter()
    fixed: Counter[int] = Counter()
    for begun, ended, count in catalog.db.conn.execute(
        f"""select f.first_seen_key, f.fixed_key, count(*) from finding_rows f
            where {_of_portals(catalog, portal_ids)} group by 1, 2"""
    ):
        first[begun] += count
        fixed[ended] += count
    ids = _ids(catalog, {*first, *fixed} - {None})
    of_run = [{ids[key]: count for key, count in found.items() if key in ids} for found in (first, fixed)]
    return of_run[0], of_run[1]


def newest(
    catalog: Catalog, run_id: str, portal_ids: Sequence[str], counts: Mapping[str, int], most: int
) -> dict[str, list[int]]:
    """Return the findings that each run found first and that are open or new now: by run id, a list of their integer
    keys.

    ``portal_ids``: whose findings are wanted. ``counts``: the runs that are wanted, each with the number of findings
    that it found first, see :func:`life_counts`. ``most``: limit for each run; those with the highest gain are
    returned, sorted by gain. Findings that must not be published as of the run ``run_id`` are left out.
    """
    of_portals, select = _of_portals(catalog, portal_ids), catalog.db.conn.execute
    hidden = {key for (key,) in select(f"select f.key from findings f where {withheld(run_id)}")}
    order = f"f.gain_points desc, {public_id('f')}"
    found: dict[str, list[int]] = {}
    few = [run for run, count in counts.items() if 0 < count <= _FEW]
    if few:
        rows = select(
            f"""select (select id from keys where key = f.first_seen_key), f.key from finding_rows f
                where f.first_seen_key in (select key from keys where id in ({", ".join("?" * len(few))}))
                  and {of_portals} and {is_open()} order by 1, {order}""",
            few,
        )
        for run, key in rows:
            if key not in hidden:
                found.setdefault(run, []).append(key)
    for run in (run for run, count in counts.items() if count > _FEW):
        # With a limit the best are kept while the rows are read, and the others are not sorted.
        rows = select(
            f"""select f.key from finding_rows f where f.first_seen_key = (select key from keys where id = ?)
                and {of_portals} and {is_open()} order by {order} limit ?""",
            [run, most + len(hidden)],
        )
        found[run] = [key for (key,) in rows if key not in hidden]
    return {run: keys[:most] for run, keys in found.items()}


def _of_portals(catalog: Catalog, portal_ids: Sequence[str]) -> str:
    """Return an SQL condition for findings ``f`` of some portals. If those have most findings, it uses no index,
    because reading all rows in their order is faster."""
    marks = ", ".join("?" * len(portal_ids))
    keys = [key for (key,) in catalog.db.conn.execute(f"select key from keys where id in ({marks})", portal_ids)]
    chosen = f"f.portal_key in ({', '.join(map(str, keys))})"
    own = catalog.value(f"select count(*) from finding_rows f where {chosen}")
    most = catalog.value("select count(*) from finding_rows") // 4
    return f"+{chosen}" if own > most else chosen


class _Ids(dict[int | None, str | None]):
    """Ids by their key, read when they are first asked for."""

    def __init__(self, catalog: Catalog) -> None:
        super().__init__({None: None})
        self._catalog = catalog

    def __missing__(self, key: int) -> str | None:
        self[key] = found = _ids(self._catalog, {key}).get(key)
        return found


def _ids(catalog: Catalog, keys: set[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    wanted = sorted(keys)
    for start in range(0, len(wanted), 500):
        chunk = wanted[start : start + 500]
        sql = f"select key, id from keys where key in ({', '.join('?' * len(chunk))})"
        found.update(catalog.db.conn.execute(sql, chunk).fetchall())
    return found
