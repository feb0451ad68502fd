"""Read the narrow rows of findings as they are stored, for what must read all of them: there can be millions.

Everybody else reads the view ``findings``, which says the same and is several times as slow, because it looks up
every id and text of every row. Here each is looked up once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from catalog.db.schema.address import address
from catalog.db.schema.found import is_new, public_id
from catalog.db.schema.views import NOT_ENDED, is_open, state_in
from catalog.db.store import Catalog
from catalog.repositories.withheld import withheld

__all__ = ["NarrowFindings", "about_portals", "finding_counts", "life_counts", "newest", "sums"]

_SUM = f"""count(*), sum(f.key), total(f.gain_points), sum(f.last_seen_key), sum(f.observed), sum(f.field),
    sum(f.error_count), sum(f.exchange), sum((f.key & 4095) * case f.state when 'new' then 1 when 'open' then 1
      when 'disputed' then 2 when 'waived' then 3 else 4 end)
  from finding_rows f where {state_in(NOT_ENDED)}"""
_CAUSE_SUM = """'causes', count(*), sum(m.cause), sum((m.finding & 65535) * ((m.cause * 40503) & 65535))
  from cause_members m"""
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
              count(*) filter (where {is_new()}) as findings_new,
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


class _Texts(dict[int | None, str]):
    """The cells of texts by their key, read when they are first asked for."""

    def __init__(self, catalog: Catalog, cell: Callable[[str], str]) -> None:
        super().__init__({None: ""})
        self._catalog, self._cell = catalog, cell

    def __missing__(self, key: int) -> str:
        if len(self) > 100_000:
            self.clear()
            self[None] = ""
        text = self._catalog.value("select text from finding_texts where key = ?", [key])
        made = self[key] = self._cell(text or "")
        return made


class NarrowFindings:
    """Reads the findings of datasets as of a run: those that have not ended, and those fixed or withdrawn in it.

    A row is a list of CSV cells in the order of :attr:`NAMES`. ``cell``: function that turns a text into a cell, see
    :func:`catalog.exports.csvfile.line_cell`. ``number``: the same for a number. ``fixes``: the usual sentence on how
    to fix a finding, by rule. The cell with that sentence is blank if it is the usual one.
    """

    NAMES = (
        "finding_id", "state", "severity", "first_seen_run", "changed_run", "rule_id", "fault_party", "publisher_id",
        "dataset_id", "dataset_title", "distribution_id", "resource_url", "observed", "http_status", "format_served",
        "format_declared", "field", "first_row", "error_count", "gain_points", "portal_id", "evidence_record",
        "rate_per_1000", "rows", "how_to_fix", "cause_id",
    )  # fmt: skip

    def __init__(
        self,
        catalog: Catalog,
        run_id: str,
        cell: Callable[[str], str],
        number: Callable[[float], str],
        fixes: Mapping[str, str],
    ) -> None:
        self.catalog, self._cell = catalog, cell
        self._texts = _Texts(catalog, cell)
        self._numbers: dict[float | None, str] = {None: ""}
        self._number = number
        self._rules = {
            key: (rule, severity, party, cell(fix) if fix and fix != fixes.get(rule) else "")
            for key, rule, severity, party, fix in catalog.db.conn.execute(
                "select key, rule_id, severity, fault_party, how_to_fix from rules"
            )
        }
        self._runs = {
            key: run
            for key, run in catalog.db.conn.execute("select k.key, k.id from keys k join runs r on r.id = k.id")
        }
        self._causes: dict[int | None, str] = {None: ""}
        self._causes.update(catalog.db.conn.execute("select number, id from causes"))
        self._run = next((key for key, run in self._runs.items() if run == run_id), -1)

    def of_datasets(self, dataset_ids: Sequence[str]) -> Iterator[list[str]]:
        """Yield the rows of the findings of datasets, see the class.

        ``dataset_ids`` are read in groups of 250: the groups come in their order, the datasets of a group sorted by id,
        and the findings of a dataset by gain.
        """
        for start in range(0, len(dataset_ids), _CHUNK):
            yield from self._chunk(dataset_ids[start : start + _CHUNK])

    def _chunk(self, ids: Sequence[str]) -> Iterator[list[str]]:
        connection, cell = self.catalog.db.conn, self._cell
        marks = ", ".join("?" * len(ids))
        datasets = {
            key: (publisher or "", dataset_id, cell(title or ""), portal_id)
            for key, publisher, dataset_id, title, portal_id in connection.execute(
                f"""select k.key, d.publisher_id, d.id, d.title, d.portal_id
                    from datasets d join keys k on k.id = d.id where d.id in ({marks}) order by d.id""",
                ids,
            )
        }
        parts: dict[int | None, tuple[str, str]] = {None: ("", "")}
        for key, part_id, url in connection.execute(
            f"""select k.key, d.id, {address("d")} from distributions d join keys k on k.id = d.id
                where d.dataset_id in ({marks})""",
            ids,
        ):
            parts[key] = part_id, cell(url or "")
        marks = ", ".join("?" * len(datasets))
        rows: dict[int, list[tuple[Any, ...]]] = {key: [] for key in datasets}
        for row in connection.execute(
            f"""select f.dataset_key, f.gain_points, f.public_id, f.state, f.rule_key, f.distribution_key,
                  f.first_seen_key, f.last_seen_key, f.fixed_key, f.withdrawn_key, f.observed, f.http_status,
                  f.format_served, f.format_declared, f.field, f.first_row, f.error_count, f.exchange,
                  f.rate_per_1000, f.rows, f.resource_url, m.cause
                from finding_rows f left join cause_members m on m.finding = f.key where f.dataset_key in ({marks})
                  and ({state_in(NOT_ENDED)} or f.fixed_key = {self._run} or f.withdrawn_key = {self._run})""",
            list(datasets),
        ):
            rows[row[0]].append(row)
        for key, found in rows.items():
            found.sort(key=_order)
            about = datasets[key]
            for row in found:
                yield self._line(row, about, parts)

    def _line(
        self, row: tuple[Any, ...], about: tuple[str, str, str, str], parts: dict[int | None, tuple[str, str]]
    ) -> list[str]:
        (
            _, gain, public, state, rule_key, part_key, first, last, fixed, withdrawn, observed, status, served,
            declared, field, first_row, count, exchange, rate, lines, url, cause,
        ) = row  # fmt: skip
        rule, severity, party, fix = self._rules[rule_key]
        part = parts.get(part_key)
        if part is None:
            # A distribution that is no longer there.
            part = parts[part_key] = (_ids(self.catalog, {part_key}).get(part_key, ""), "")
        texts, runs = self._texts, self._runs
        shown = self._numbers.get(gain)
        if shown is None:
            shown = self._numbers[gain] = self._number(gain)
        return [
            public.hex() if public.__class__ is bytes else public,
            "open" if state == "new" else state,
            severity,
            runs.get(first, ""),
            runs.get(fixed or withdrawn or last, ""),
            rule,
            party,
            about[0],
            about[1],
            about[2],
            part[0],
            part[1] if url is None else self._cell(url),
            texts[observed],
            "" if status is None else str(status),
            texts[served],
            texts[declared],
            texts[field],
            "" if first_row is None else str(first_row),
            "" if count is None else str(count),
            shown,
            about[3],
            texts[exchange],
            "" if rate is None else self._number(rate),
            texts[lines],
            fix,
            self._causes[cause],
        ]


def _order(row: tuple[Any, ...]) -> tuple[float, str]:
    """Order by gain, greatest first, then by id; without a gain it comes last."""
    gain, public = row[1], row[2]
    return (-gain if gain is not None else 1.0, public.hex() if public.__class__ is bytes else public)
