"""Read what a census of key datasets needs to know of a portal, and store what it found.

A key dataset is a kind of dataset, such as the budget, that open-data indices look for in every country. A census is
one search of a portal for all of them.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.db.schema import TABLES
from catalog.db.store import Catalog
from catalog.repositories.withholding import WITHHELD, WITHHELD_REASON
from catalog.vocabulary.promises import key_datasets

__all__ = [
    "CensusDataset", "census_changes", "census_of", "claims_of", "complete_harvest", "count_present", "datasets_of",
    "keep_census", "listed_datasets", "portals_asked", "services_seen", "unobserved_keys", "unsettled", "write_census",
]  # fmt: skip

CHUNK = 1_000
OPENING = 1_200
"""Characters of a description that are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CensusDataset:
    """What the catalogue says of a dataset that may be a key dataset.

    ``description``: its first 1,200 characters. ``files``: titles of its files. ``columns``: names of the columns of
    its tables, each once. ``table_kinds``: kinds of table found in its files, each once. ``was_asked``: whether the
    address of one of its files or services was ever requested.
    """

    id: str
    identifier: str | None
    title: str | None
    description: str | None
    publisher_id: str | None
    landing_page: str | None
    keywords: tuple[str, ...]
    themes: tuple[str, ...]
    files: tuple[str, ...]
    columns: tuple[str, ...]
    table_kinds: tuple[str, ...]
    was_asked: bool


def listed_datasets(catalog: Catalog, portal_id: str) -> list[tuple[str, str | None, str | None]]:
    """Return the id, identifier and title of each dataset that a portal lists, sorted by id."""
    listed = "select id, identifier, title from present_datasets where portal_id = ? order by id"
    return catalog.db.conn.execute(listed, [portal_id]).fetchall()


def unsettled(catalog: Catalog, run_id: str, portal_id: str, words: str) -> set[str] | None:
    """Return the ids of the datasets of a portal that a census of the run ``run_id`` must look at.

    Those are the datasets that may be key datasets by the last census, that were scored in a later run than that of
    the last census, or that were never scored. The last census had found nothing in any of the others, and nothing that
    it reads of them has changed. None means that it must look at all datasets: there is no census of an earlier run, or
    its basis (see :func:`write_census`) does not begin with the text ``words`` and a hyphen.
    """
    basis, last = catalog.db.conn.execute(
        "select min(basis), min(run_id) from census where portal_id = ?", [portal_id]
    ).fetchone()
    if basis is None or last >= run_id or not basis.startswith(f"{words}-"):
        return None
    found = catalog.db.conn.execute(
        """select d.id from present_datasets d left join dataset_quality q on q.dataset_id = d.id
           where d.portal_id = :portal and (q.run_id is null or q.run_id > :last)
           union select dataset_id from census_claims where portal_id = :portal""",
        {"portal": portal_id, "last": last},
    )
    return {id for (id,) in found}


def datasets_of(catalog: Catalog, ids: Sequence[str]) -> Iterator[CensusDataset]:
    """Yield the datasets with these ids that portals list, in the order of ``ids``; they are read in chunks of
    1,000."""
    for start in range(0, len(ids), CHUNK):
        chosen = json.dumps(ids[start : start + CHUNK])
        rows = catalog.rows(
            """select d.id, d.identifier, d.title, substr(d.description, 1, ?) as description, d.publisher_id,
                 d.landing_page, d.keywords, d.themes
               from json_each(?) j cross join present_datasets d on d.id = j.value order by j.key""",
            [OPENING, chosen],
        )
        files = _files(catalog, chosen)
        for row in rows:
            own = files.get(row["id"], [])
            texts: dict[str, Any] = {name: _texts(row.pop(name)) for name in ("keywords", "themes")}
            yield CensusDataset(
                **row,
                **texts,
                files=tuple(one["title"] for one in own if one["title"]),
                columns=tuple(dict.fromkeys(name for one in own for name in _texts(one["columns"]))),
                table_kinds=tuple(dict.fromkeys(one["kind"] for one in own if one["kind"])),
                was_asked=any(one["was_asked"] for one in own),
            )


def _files(catalog: Catalog, chosen: str) -> Mapping[str, list[dict[str, Any]]]:
    rows = catalog.rows(
        """select d.dataset_id, d.title, t.columns, t.kind, c.url is not null as was_asked
           from json_each(?) j cross join current_distributions d on d.dataset_id = j.value
           left join table_reports t on t.distribution_id = d.id
           left join resource_checks c on c.url = d.url order by d.dataset_id, d.position""",
        [chosen],
    )
    rows += catalog.rows(
        """select s.dataset_id, null as title, null as columns, null as kind, c.url is not null as was_asked
           from json_each(?) j cross join current_services s on s.dataset_id = j.value
           left join resource_checks c on c.url = s.endpoint_url""",
        [chosen],
    )
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        found[row["dataset_id"]].append(row)
    return found


def _texts(cell: str | None) -> tuple[str, ...]:
    return tuple(one for one in json.loads(cell) if isinstance(one, str)) if cell else ()


def complete_harvest(catalog: Catalog, portal_id: str, run_id: str) -> str | None:
    """Return the id of the last run, up to and including ``run_id``, whose harvest of a portal was complete; None if
    there is none."""
    found = catalog.value(
        "select max(run_id) from harvests where portal_id = ? and run_id <= ? and verdict = 'complete'",
        [portal_id, run_id],
    )
    return str(found) if found else None


def portals_asked(catalog: Catalog, run_id: str) -> list[dict[str, Any]]:
    """Return the portals whose harvest was begun in the run ``run_id`` or an earlier one, sorted by id.

    A row has id, title, url and government.
    """
    return catalog.rows(
        """select id, title, url, government from portals p
           where exists (select 1 from harvests h where h.portal_id = p.id and h.run_id <= ?) order by id""",
        [run_id],
    )


def census_of(
    catalog: Catalog, portal_id: str | None = None, *, government: str | None = None, is_shown: bool = False
) -> list[dict[str, Any]]:
    """Return the rows of the last census of a portal, one for each key dataset, with the names of what they refer to.
    ``portal_id``: None returns those of all portals. ``government``: name of the only one whose portals are wanted.
    ``is_shown``: whether the rows are for a file that others read; then a row whose dataset is withheld keeps the state
    and the id, and names nothing of the dataset.

    A row has the columns of ``census``, and portal_title, government, dataset_title, dataset_url and publisher_id. Rows
    are sorted by portal. Those of a portal are in the order in which the vocabulary lists the key datasets; a key that
    the vocabulary no longer has comes last.
    """
    order = {key: at for at, key in enumerate(one.id for one in key_datasets())}
    rows = catalog.rows(
        """select c.*, p.title as portal_title, g.name as government, d.title as dataset_title,
             coalesce(d.landing_page, d.source_url) as dataset_url, d.publisher_id
           from census c join portals p on p.id = c.portal_id left join governments g on g.portal_id = p.id
           left join datasets d on d.id = c.dataset_id
           where (:portal is null or c.portal_id = :portal) and (:government is null or g.name = :government)""",
        {"portal": portal_id, "government": government},
    )
    hidden = {key for (key,) in catalog.db.conn.execute(WITHHELD)} if is_shown else set()
    for row in rows:
        if row["dataset_id"] in hidden:
            row |= dict.fromkeys(("dataset_title", "dataset_url", "points", "evidence", "confirmed_by"))
            row["reason"] = WITHHELD_REASON
    return sorted(rows, key=lambda row: (row["portal_id"], order.get(row["key"], len(order)), row["key"]))


def claims_of(catalog: Catalog, portal_id: str, verdicts: Sequence[str]) -> list[dict[str, Any]]:
    """Return the datasets of a portal that may be key datasets: rows of ``census_claims`` with the title, identifier
    and url of the dataset.

    ``verdicts``: only rows with one of these verdicts are returned. Rows are sorted by key dataset; for each, those
    with the most points come first. The url is the landing page or, if there is none, the address of the response that
    held the record.
    """
    return catalog.rows(
        """select c.*, d.title, d.identifier, coalesce(d.landing_page, d.source_url) as url
           from census_claims c join datasets d on d.id = c.dataset_id
           where c.portal_id = ? and c.verdict in (select value from json_each(?))
           order by c.key, c.points desc, c.dataset_id""",
        [portal_id, json.dumps(list(verdicts))],
    )


def census_changes(catalog: Catalog, portal_id: str) -> list[dict[str, Any]]:
    """Return every change of a portal's census, the oldest first, as rows with run_id, key, state and dataset_id.

    ``key`` is the id of a key dataset. ``state`` and ``dataset_id`` are what the census of the run ``run_id`` gave the
    key dataset; ``dataset_id`` is None if no dataset was found for it.
    """
    return catalog.rows(
        "select run_id, key, state, dataset_id from census_changes where portal_id = ? order by run_id, key",
        [portal_id],
    )


def unobserved_keys(catalog: Catalog, portal_ids: Iterable[str]) -> frozenset[str]:
    """Return the ids of the key datasets that were not observed in at least one of the portals ``portal_ids``.

    A key dataset was observed in a portal if the last census of the portal has a row for it, with another state than
    "not_observed". So for a portal of which no census was taken, all key datasets are returned.
    """
    keys = {one.id for one in key_datasets()}
    seen = defaultdict(set)
    for row in catalog.rows("select portal_id, key from census where state != 'not_observed'"):
        seen[row["portal_id"]].add(row["key"])
    return frozenset(key for portal_id in portal_ids for key in keys - seen[portal_id])


def keep_census(catalog: Catalog, run_id: str, portal_id: str, basis: str) -> int:
    """Keep the stored census of a portal as the census of the run ``run_id``; return its number of rows.

    ``basis``: hash of what the census depends on besides the datasets, see :func:`write_census`. Change nothing and
    return 0 if no census is stored, if it was stored with another basis or with none, or if a dataset of the portal was
    scored in a later run than that of the census.
    """
    where = "where portal_id = ?"
    if catalog.value(f"select min(basis) from census {where}", [portal_id]) != basis:  # noqa: S608  # a constant
        return 0
    if catalog.value(
        """select exists (select 1 from dataset_quality where portal_id = :portal
             and run_id > (select min(run_id) from census where portal_id = :portal))""",
        {"portal": portal_id},
    ):
        return 0
    with catalog.writing():
        catalog.db.conn.execute(f"update census_claims set run_id = ? {where}", [run_id, portal_id])  # noqa: S608  # SQL of ours
        done = catalog.db.conn.execute(f"update census set run_id = ? {where}", [run_id, portal_id])  # noqa: S608  # SQL of ours
        return int(done.rowcount)


def count_present(catalog: Catalog, portal_id: str) -> int:
    """Return how many datasets a portal lists."""
    return int(catalog.value("select count(*) from present_datasets where portal_id = ?", [portal_id]))


def services_seen(catalog: Catalog, portal_id: str) -> list[tuple[str, str | None]]:
    """Return the endpoints of the data services of the datasets that a portal lists, sorted, as tuples (address,
    outcome of its last check).

    Each endpoint is returned once. The outcome is None if the address was never checked.
    """
    rows = catalog.rows(
        """select distinct s.endpoint_url, c.outcome
           from present_datasets d join current_services s on s.dataset_id = d.id
           left join resource_checks c on c.url = s.endpoint_url
           where d.portal_id = ? and s.endpoint_url is not null order by 1, 2""",
        [portal_id],
    )
    return [(row["endpoint_url"], row["outcome"]) for row in rows]


def write_census(
    catalog: Catalog,
    run_id: str,
    portal_id: str,
    rows: Sequence[Mapping[str, Any]],
    claims: Sequence[Mapping[str, Any]],
    basis: str | None = None,
) -> None:
    """Replace the census of a portal, and add a row to ``census_changes`` for each key dataset whose state, or whose
    dataset, is not that of the census before.

    ``rows``: one for each key dataset, with the columns of ``census`` from ``key`` to ``confirmed_on``. ``claims``: one
    for each dataset that may be a key dataset, with the columns of ``census_claims`` from ``dataset_id`` on, without
    portal and run. ``basis``: hash of what the census depends on besides the datasets, such as the names of portal and
    government and what persons have confirmed; :func:`keep_census` compares it. None means that the census must be
    taken again in the next run.
    """
    before = {row["key"]: row for row in catalog.rows("select * from census where portal_id = ?", [portal_id])}
    kept, changes = [], []
    for row in rows:
        old = before.get(row["key"])
        is_same = old is not None and old["state"] == row["state"]
        kept.append(
            {
                **row,
                "id": f"{portal_id}/{row['key']}",
                "portal_id": portal_id,
                "run_id": run_id,
                "basis": basis,
                "since_run": old["since_run"] if old and is_same else run_id,
                "state_before": old["state_before"] if old and is_same else old["state"] if old else None,
            }
        )
        if old is None or not is_same or old["dataset_id"] != row["dataset_id"]:
            change = {name: row[name] for name in ("key", "state", "dataset_id")}
            one = f"{run_id}/{portal_id}/{row['key']}"
            changes.append({"id": one, "run_id": run_id, "portal_id": portal_id, **change})
    names = list(TABLES["census_claims"].columns)
    with catalog.writing():
        catalog.db.conn.execute("delete from census where portal_id = ?", [portal_id])
        catalog.db.conn.execute("delete from census_claims where portal_id = ?", [portal_id])
        catalog.upsert("census", kept)
        catalog.upsert("census_changes", changes)
        full = (
            {**one, "id": f"{one['dataset_id']}/{one['key']}", "portal_id": portal_id, "run_id": run_id}
            for one in claims
        )
        catalog.upsert_rows("census_claims", names, ([one[name] for name in names] for one in full))
