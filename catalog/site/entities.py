"""Add to the public file what the pages of governments, portals and publishers read: one row for each, worked out once.

A page could work it out itself, but on a catalogue of 50,000 datasets that takes seconds, and a visitor waits for it.
The tables stand only in the public file; the catalogue itself does not have them.
"""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from catalog.db.schema import metric_columns
from catalog.db.schema.views import MEASURED, is_open
from catalog.db.store import started
from catalog.exports.folders import folder_name
from catalog.exports.grades import grade_range, grade_text
from catalog.exports.peers import add_peers
from catalog.site.countries import government_level
from specs.methodology import is_comparable
from specs.metrics import dimensions, metrics

__all__ = ["KINDS", "SITE_TABLES", "add_site_tables"]

KINDS = ("government", "portal", "publisher")
"""Kinds of entities that have a page, a badge, a card and a feed."""
_TIMES = ("answers", "answer_days", "fixes", "fix_days", "promises", "promise_days", "promises_kept", "kept_days")
_SCORE = (
    "run_id", "methodology_version", "score", "score_low", "score_high", "ci_low", "ci_high", "coverage_pct",
    "families", "withheld",
)  # fmt: skip
_ENTITY = (
    "kind", "id", "slug", "name", "country", "level", "is_national", "government", "portal_id", "portal_type", "url",
    "portals", "publishers", "datasets", "datasets_withheld", "files", "addresses", "asked", "findings", *_SCORE,
    "grade_best", "grade_worst", "score_before", "run_before", "peer_group", "peer_count", "rank", *dimensions(),
    *_TIMES,
)  # fmt: skip
SITE_TABLES: Mapping[str, tuple[str, ...]] = {
    "site_entities": _ENTITY,
    "site_examples": ("kind", "id", "dimension", "is_best", "dataset_id", "value"),
    "site_best": ("metric", "dataset_id", "score"),
    "site_licences": ("portal_id", "licence", "distributions", "datasets", "is_open", "open_distributions"),
    "site_figures": ("name", "value"),
    "site_withheld": ("id", "kind", "dataset_id"),
}
"""Tables that only the public file has, with their columns: a row for each government, portal and publisher; for each
government and publisher and each dimension its best and its worst dataset; for each metric a dataset that passes; for
each portal its licences; the figures of the front page by name; and the ids of datasets whose content is withheld, of
their files and findings."""
_INDEXES = (
    ("site_entities", "kind, slug"), ("site_entities", "kind, id"), ("site_entities", "kind, government"),
    ("site_entities", "kind, portal_id"), ("site_entities", "kind, peer_group, rank"), ("site_examples", "kind, id"),
    ("site_withheld", "id"),
)  # fmt: skip
_MONTH = timedelta(days=28)
"""Time over which the front page says who moved."""
_READ_FOR_BEST = 1_000
"""Datasets, the best first, among which one is looked for that passes a metric."""

Row = dict[str, Any]


def add_site_tables(
    copy: sqlite3.Connection,
    times: Mapping[tuple[str, str], Mapping[str, Any]],
    levels: Mapping[str, str | None] | None = None,
) -> None:
    """Write the tables :data:`SITE_TABLES` into a public copy of a catalogue, from what stands in it.

    Call it when everything that must not be published is taken out, on the connection that
    :func:`catalog.repositories.set_apart.set_apart` was called with: datasets whose content is withheld are counted,
    and their dimensions too. ``times``: response times by (kind, id), from
    :func:`catalog.repositories.response_times.response_times`; letters are not public, so they cannot be told from the
    copy. ``levels``: what the file of each portal says its government to be, by the portal's id; those are not public
    either.
    """
    for table, names in SITE_TABLES.items():
        copy.execute(f"drop table if exists {table}")
        copy.execute(f"create table {table} ({', '.join(f'[{column}]' for column in names)})")
    entities = _entities(copy, times, levels or {})
    _insert(copy, "site_entities", entities)
    _set_grades(copy, entities)
    _insert(copy, "site_examples", _examples(copy))
    _insert(copy, "site_best", _best(copy))
    _insert(copy, "site_licences", _rows(copy, _LICENCES))
    _insert(copy, "site_figures", ({"name": name, "value": value} for name, value in _figures(copy).items()))
    copy.execute(
        "insert into site_withheld select id, kind, dataset_id from temp.apart where kind != 'cause' order by id, kind"
    )
    for number, (table, columns) in enumerate(_INDEXES):
        copy.execute(f"create index site_{number} on {table} ({columns})")


def _insert(copy: sqlite3.Connection, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
    columns = SITE_TABLES[table]
    marks = ", ".join("?" * len(columns))
    copy.executemany(
        f"insert into {table} values ({marks})",  # noqa: S608  # names above
        ([row.get(column) for column in columns] for row in rows),
    )


def _rows(copy: sqlite3.Connection, sql: str, params: Mapping[str, Any] | None = None) -> list[Row]:
    cursor = copy.execute(sql, params or {})
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


# Only names of the schema and constants of this module are inserted into the texts of queries below.
_NAMED = {
    "government": """select g.name as id, g.name, min(g.country) as country, g.name as government, count(*) as portals,
          min(p.type) as portal_type from governments g join portals p on p.id = g.portal_id
          where g.name is not null group by g.name""",
    "portal": """select p.id, coalesce(nullif(p.title, ''), p.id) as name, p.country, g.name as government,
          p.id as portal_id, p.type as portal_type, p.url, 1 as portals
          from portals p join governments g on g.portal_id = p.id""",
    "publisher": """select b.id, coalesce(nullif(b.name, ''), b.id) as name, p.country, g.name as government,
          p.id as portal_id, p.type as portal_type, 1 as portals
          from publishers b join portals p on p.id = b.portal_id join governments g on g.portal_id = p.id""",
}
_KEY = {"government": "g.name", "portal": "d.portal_id", "publisher": "d.publisher_id"}
_COUNTED = {"government": "d.copy_of is null", "portal": "true", "publisher": "true"}


def _entities(
    copy: sqlite3.Connection, times: Mapping[tuple[str, str], Mapping[str, Any]], levels: Mapping[str, str | None]
) -> list[Row]:
    found: dict[tuple[str, str], Row] = {}
    declared: dict[str, list[str | None]] = defaultdict(list)
    for row in _rows(copy, "select portal_id, name from governments"):
        declared[row["name"]].append(levels.get(row["portal_id"]))
    for kind, sql in _NAMED.items():
        for row in _rows(copy, sql):
            row["kind"], row["slug"] = kind, folder_name(row["id"]) if kind == "government" else row["id"]
            of = kind == "government"
            row["level"] = government_level(row["id"], row["country"], declared[row["id"]]) if of else None
            row["is_national"] = row["level"] == "national"
            found[kind, row["id"]] = row
    for kind in KINDS:
        for row in [*_measured(copy, kind), *_open(copy, kind)]:
            if (entity := found.get((kind, row["id"]))) is not None:
                entity |= row
    for kind, row in _asked(copy):
        if (entity := found.get((kind, row["id"]))) is not None:
            entity |= row
    for row in _scores(copy, "now"):
        if (entity := found.get((row["kind"], row["id"]))) is not None:
            entity |= {name: row[name] for name in _SCORE}
    for row in _scores(copy, "before"):
        entity = found.get((row["kind"], row["id"]), {})
        if is_comparable(entity.get("methodology_version"), row["methodology_version"]):
            entity |= {"score_before": row["score"], "run_before": row["run_id"]}
    for (kind, id), entity in found.items():
        entity |= times.get((kind, id), {})
        grades = grade_range(entity)
        entity["grade_best"], entity["grade_worst"] = grades or (None, None)
    _rank(list(found.values()))
    return list(found.values())


def _set_grades(copy: sqlite3.Connection, entities: Iterable[Row]) -> None:
    """Write into the tables the grades that the pages show: a range where too little was observed for one letter."""
    for kind, table in (("portal", "portals"), ("publisher", "publishers")):
        copy.executemany(
            f"update {table} set grade = ? where id = ?",  # noqa: S608  # names above
            ((grade_text(grade_range(row)), row["id"]) for row in entities if row["kind"] == kind),
        )
    # Who was never asked was not asked on earlier nights either.
    copy.execute(
        """update score_values set grade = public_grade(score, score_low, score_high, 0.0, withheld)
           where grade is not null and key in (
             select r.value from site_entities s join score_entities e on e.entity_id = s.id and e.entity_level = s.kind
             join score_rows r on r.entity = e.key where s.addresses and not coalesce(s.asked, 0))"""
    )


def _rank(rows: list[Row]) -> None:
    """Add peers and ranks."""
    shown = []
    for row in rows:
        shown.append(
            {"entity_level": row["kind"], "country_iso3": row["country"], "portal_type": row["portal_type"]}
            | {name: row.get(name) for name in ("score", "coverage_pct", "addresses", "asked")}
        )
    add_peers(shown)
    for row, peers in zip(rows, shown, strict=True):
        row |= {name: peers.get(name) for name in ("peer_group", "peer_count", "rank")}


def _measured(copy: sqlite3.Connection, kind: str) -> list[Row]:
    means = ", ".join(f"round(avg([{name}]), 2) as [{name}]" for name in dimensions())
    publishers = "count(distinct d.publisher_id)" if kind != "publisher" else "1"
    own = "d.portal_id, d.publisher_id, d.copy_of"
    return _rows(
        copy,
        f"""select {_KEY[kind]} as id, count(*) as datasets, sum(is_apart) as datasets_withheld,
              {publishers} as publishers, {means}
            from (select {own}, 0 as is_apart{_listed([*dimensions()])} from present_datasets d
                  left join dataset_quality q on q.dataset_id = d.id
                  union all select {own}, 1, {", ".join(dimensions())} from apart_measured d) d
            join governments g on g.portal_id = d.portal_id where {_COUNTED[kind]} group by 1""",  # noqa: S608
    )


def _asked(copy: sqlite3.Connection) -> Iterable[tuple[str, Row]]:
    """Yield, with its kind, each entity's numbers of files, of those with an address, and of the addresses asked."""
    sums: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    # Read once for all kinds: there can be a million.
    for row in _rows(
        copy,
        """select g.name as government, d.portal_id as portal, d.publisher_id as publisher,
             d.copy_of is not null as is_copy, count(*) as files, count(f.url) as addresses,
             count(*) filter (where c.outcome in ('ok', 'broken', 'invalid')) as asked
           from current_distributions f join present_datasets d on d.id = f.dataset_id
           join governments g on g.portal_id = d.portal_id left join resource_checks c on c.url = f.url
           group by 1, 2, 3, 4""",
    ):
        for kind in KINDS:
            if row[kind] is not None and not (kind == "government" and row["is_copy"]):
                sums[kind, row[kind]].update({name: row[name] for name in ("files", "addresses", "asked")})
    for (kind, id), counted in sums.items():
        yield kind, {"id": id, **counted}


def _open(copy: sqlite3.Connection, kind: str) -> list[Row]:
    own = "publisher_key" if kind == "publisher" else "portal_key"
    name, join = ("g.name", "join governments g on g.portal_id = k.id") if kind == "government" else ("k.id", "")
    return _rows(
        copy,
        f"""select {name} as id, sum(f.count) as findings from (
              select {own} as key, count(*) as count from finding_rows f where {is_open()} group by 1) f
            join keys k on k.key = f.key {join} group by 1""",  # noqa: S608
    )


def _scores(copy: sqlite3.Connection, which: str) -> list[Row]:
    """Return the Winnow scores of the last run that stored some, or of the last one a month before it; where none is so
    old, of the first."""
    (last,) = copy.execute("select max(id) from score_runs").fetchone()
    if last is None:
        return []
    run = last
    if which == "before":
        day = (started(last) - _MONTH).strftime("%Y%m%dT%H%M%SZ")
        (run,) = copy.execute(
            "select coalesce((select max(id) from score_runs where id <= ?), min(id)) from score_runs", [day]
        ).fetchone()
        if run == last:
            return []
    return _rows(
        copy,
        """select e.entity_level as kind, e.entity_id as id, n.id as run_id, s.methodology_version, v.score,
             v.score_low, v.score_high, v.ci_low, v.ci_high, v.coverage_pct, v.families, v.withheld
           from score_runs n join score_rows r on r.run = n.key join score_systems s on s.key = r.system
           join score_entities e on e.key = r.entity join score_values v on v.key = r.value
           where n.id = :run and s.system = 'winnow'""",
        {"run": run},
    )


def _examples(copy: sqlite3.Connection) -> Iterator[Row]:
    """Yield the best and the worst dataset of each government and publisher in each dimension. Portals are not
    compared."""
    names: list[str] = list(dimensions())
    ends: dict[tuple[str, str, str], list[tuple[float, str]]] = {}
    # One pass over all datasets: a query for each dimension and kind would read them two dozen times.
    for dataset_id, publisher, government, *values in copy.execute(
        f"""select d.id, d.publisher_id, iif({_COUNTED["government"]}, g.name, null){_listed(names)}
            from present_datasets d join dataset_quality q on q.dataset_id = d.id
            join governments g on g.portal_id = d.portal_id order by d.id"""  # noqa: S608
    ):
        for kind, id in (("government", government), ("publisher", publisher)):
            for dimension, value in zip(names, values, strict=True) if id is not None else ():
                if value is not None:
                    found = ends.setdefault((kind, id, dimension), [(value, dataset_id), (value, dataset_id)])
                    if value < found[0][0]:
                        found[0] = (value, dataset_id)
                    elif value > found[1][0]:
                        found[1] = (value, dataset_id)
    for (kind, id, dimension), both in ends.items():
        for is_best, (value, dataset_id) in enumerate(both):
            yield {
                "kind": kind,
                "id": id,
                "dimension": dimension,
                "is_best": is_best,
                "dataset_id": dataset_id,
                "value": value,
            }


def _best(copy: sqlite3.Connection) -> list[Row]:
    """Return for each metric that counts the dataset with the best score that passes it, itself or with a file."""
    missing = {name for name, metric in metrics().items() if metric.weight}
    of_dataset = sorted(missing & set(metric_columns("dataset")))
    of_file = sorted(missing & set(metric_columns("distribution")))
    found: list[Row] = []
    datasets = copy.execute(
        f"""select q.dataset_id, q.score{_listed(of_dataset)} from dataset_quality q
            join present_datasets d on d.id = q.dataset_id
            where q.score is not null order by q.score desc, q.dataset_id limit {_READ_FOR_BEST}"""  # noqa: S608
    )
    for dataset_id, score, *values in datasets:
        passed = {name for name, value in zip(of_dataset, values, strict=True) if value == 1}
        files = copy.execute(
            f"""select 1{_listed(of_file)} from current_distributions d {MEASURED}
                where d.dataset_id = ? and q.key is not null""",  # noqa: S608
            [dataset_id],
        )
        for _, *own in files:
            passed |= {name for name, value in zip(of_file, own, strict=True) if value == 1}
        found += [{"metric": name, "dataset_id": dataset_id, "score": score} for name in sorted(passed & missing)]
        missing -= passed
        if not missing:
            break
    return found


def _listed(columns: list[str]) -> str:
    return "".join(f", q.[{column}]" for column in columns)


_LICENCES = """
select portal_id, licence_id as licence, count(*) as distributions, count(distinct dataset_id) as datasets,
       min(licence_open) as is_open, count(*) filter (where licence_open = 1) as open_distributions
from distribution_quality group by 1, 2"""


def _figures(copy: sqlite3.Connection) -> dict[str, int]:
    counted = {
        "portals": "select count(*) from portals",
        "datasets": "select (select count(*) from present_datasets) + (select count(*) from apart_measured)",
        # Of the datasets that are counted: one that was not found keeps its files until the grace period ends.
        "files": "select count(*) from current_distributions f join present_datasets d on d.id = f.dataset_id",
        "findings": f"select count(*) from finding_rows f where {is_open()}",  # noqa: S608
        "publishers": "select count(*) from publishers",
        "governments": "select count(distinct name) from governments",
    }
    return {name: copy.execute(sql).fetchone()[0] for name, sql in counted.items()}
