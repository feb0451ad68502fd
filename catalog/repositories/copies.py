"""Find the same dataset in several portals, and which of them is the origin.

National portals list what cities publish. Datasets of different portals belong together if they share a DOI, a
global identifier (an address or UUID), a page, or most of their files, by address or by content. A key that occurs
in several datasets of one portal is ignored. In a cluster only the origin counts for its government; its copies are
linked to it. If no origin can be found, every member counts.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import chain, combinations, product
from typing import Any
from urllib.parse import urlsplit

from catalog.db.store import Catalog
from catalog.model import stable_id

__all__ = ["find_copies", "global_keys"]

_DOI = re.compile(r"\b10\.\d{4,9}/[^\s\"'<>?#]+", re.IGNORECASE)
_UUID = re.compile(r"^\{?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\}?$", re.IGNORECASE)
MIN_BYTES = 512
"""Bytes; smaller files may be identical by chance: an empty table, an error message."""
SHARED = 0.5
"""Share of the smaller dataset's files that two datasets must have in common."""
EACH = 12
"""Datasets with the same file that are compared each with each other; further ones only with the first, so that a file
in many portals does not make thousands of pairs."""

_ADDRESS = "rtrim(replace(replace(lower({}), 'https://', ''), 'http://', ''), '/')"
# Only constants of this module are inserted into the text.
_KEYS = f"""
    insert or ignore into temp.copy_keys
    select 'file:' || {_ADDRESS.format("d.url")}, d.dataset_id, d.portal_id
      from current_distributions d join present_datasets s on s.id = d.dataset_id
      where d.url like '%://%/_%'
    union all
    select 'sha256:' || c.sha256, d.dataset_id, d.portal_id
      from current_distributions d join present_datasets s on s.id = d.dataset_id
      join resource_checks c on c.url = d.url
      where c.sha256 is not null and c.downloaded_bytes >= {MIN_BYTES} and not c.is_truncated
    union all
    select 'page:' || {_ADDRESS.format("landing_page")}, id, portal_id
      from present_datasets where landing_page like '%://%/_%'
"""


def global_keys(identifier: str | None, others: str | None, page: str | None) -> list[str]:
    """Return keys, sorted, by which a dataset can be recognised in any portal: its DOIs, addresses, URNs and UUIDs.

    Each key begins with a prefix for its kind, such as "doi:". ``identifier``: the portal's own identifier of the
    dataset. ``others``: its further identifiers as a JSON list in text. ``page``: address of its landing page; only a
    DOI in it gives a key.
    """
    names = [identifier or "", *(json.loads(others) if others else ())]
    keys = set()
    for name in (*names, page or ""):
        keys |= {f"doi:{found.rstrip('.,;)').lower()}" for found in _DOI.findall(str(name))}
    for name in map(str, names):
        text = name.strip()
        if _UUID.match(text):
            keys.add(f"id:{text.strip('{}').lower()}")
        elif re.match(r"(?i)https?://[^/]+/.", text):
            keys.add(f"page:{re.sub('(?i)^https?://', '', text).rstrip('/').lower()}")
        elif text.lower().startswith("urn:"):
            keys.add(f"id:{text.lower()}")
    return sorted(keys)


def find_copies(catalog: Catalog) -> int:
    """Find the datasets that several portals list, and store which are copies of which other dataset. Return the number
    of clusters.

    A cluster is a group of datasets, listed by different portals, that are the same dataset. Two datasets are the same
    if one of these holds: they share a DOI or another global identifier; they share a landing page; the files that both
    have are at least half of the files of the one with fewer. Files are compared by address and by content; those of
    less than 512 bytes, or not downloaded whole, by address only. An identifier, page or file that two datasets of one
    portal have is ignored. Of the datasets with the same file, the first :data:`EACH` by id are compared with each
    other, and the rest only with the first of them.

    One dataset of a cluster is the origin, and the others are copies of it. The origin is the only one whose portal
    does not say that it got the record from elsewhere. If there are several of these, or none, it is the only one,
    among these or among all, most of whose files are on the host of its portal. If that does not decide either, no
    dataset of the cluster is a copy. The result is 0 if fewer than two portals list datasets. The whole catalogue is
    searched, and earlier results are replaced.
    """
    if catalog.value("select count(distinct portal_id) from present_datasets") < 2:
        with catalog.writing():
            _write(catalog, [])
        return 0
    with catalog.writing():
        run = catalog.db.conn.execute
        run("drop table if exists temp.copy_keys")
        run(
            """create temp table copy_keys (key text, dataset_id text, portal_id text, primary key (key, dataset_id))
               without rowid"""
        )
        run(_KEYS)
        rows = run("select id, portal_id, identifier, other_identifiers, landing_page from present_datasets")
        keys = ((key, row[0], row[1]) for row in rows for key in global_keys(row[2], row[3], row[4]))
        catalog.db.conn.executemany("insert or ignore into temp.copy_keys values (?, ?, ?)", keys)
        groups = _clusters(_pairs(catalog))
        _write(catalog, [_cluster(catalog, members) for members in groups])
        run("drop table temp.copy_keys")
    return len(groups)


def _pairs(catalog: Catalog) -> Iterator[tuple[str, str]]:
    """Yield pairs of datasets in different portals that are the same dataset."""
    named = catalog.db.conn.execute(
        """select key, group_concat(dataset_id, char(31)) from temp.copy_keys
           group by key having count(*) > 1 and count(*) = count(distinct portal_id)"""
    )
    shared: dict[tuple[str, str], set[str]] = defaultdict(set)
    for key, ids in named:
        members = sorted(ids.split("\x1f"))
        if key.partition(":")[0] in ("file", "sha256"):
            # Datasets may share half of their files with each other and not with the first one.
            for one, other in chain(combinations(members[:EACH], 2), product(members[:1], members[EACH:])):
                shared[one, other].add(key)
        else:
            yield from product(members[:1], members[1:])
    counts: dict[str, int] = {}
    for (one, other), keys in shared.items():
        by_kind = max(sum(key.startswith(kind) for key in keys) for kind in ("file:", "sha256:"))
        for name in (one, other):
            if name not in counts:
                counts[name] = _files(catalog, name)
        fewest = min(counts[one], counts[other])
        if fewest and by_kind / fewest >= SHARED:
            yield one, other


def _files(catalog: Catalog, dataset_id: str) -> int:
    return int(catalog.value("select count(*) from current_distributions where dataset_id = ?", [dataset_id]))


def _clusters(pairs: Iterable[tuple[str, str]]) -> list[list[str]]:
    """Return the connected datasets, each cluster sorted."""
    root: dict[str, str] = {}

    def find(one: str) -> str:
        while root.setdefault(one, one) != one:
            root[one] = root[root[one]]
            one = root[one]
        return one

    for one, other in pairs:
        a, b = sorted((find(one), find(other)))
        root[b] = a
    groups: dict[str, list[str]] = defaultdict(list)
    for one in sorted(root):
        groups[find(one)].append(one)
    return list(groups.values())


def _cluster(catalog: Catalog, members: list[str]) -> list[dict[str, Any]]:
    """Return the rows of a cluster: its id, and for each copy its origin."""
    marks = ", ".join("?" * len(members))
    rows = catalog.rows(
        f"""select d.id, d.harvested_from, d.landing_page, p.url as portal_url,
              (select group_concat(x.url, ' ') from current_distributions x where x.dataset_id = d.id) as files
            from datasets d join portals p on p.id = d.portal_id where d.id in ({marks}) order by d.id""",
        members,
    )
    origin = _origin(rows)
    cluster = stable_id("cluster", members[0])
    return [
        {"id": row["id"], "cluster_id": cluster, "copy_of": origin if row["id"] != origin else None} for row in rows
    ]


def _origin(rows: list[dict[str, Any]]) -> str | None:
    """Return the member that is nobody's copy: by the portals' own statement, or because its files are on its
    portal."""
    own = [row for row in rows if not row["harvested_from"]]
    if len(own) == 1 < len(rows):
        return str(own[0]["id"])
    home = [row for row in own or rows if _is_at_home(row)]
    return str(home[0]["id"]) if len(home) == 1 else None


def _is_at_home(row: dict[str, Any]) -> bool:
    host = urlsplit(row["portal_url"]).hostname or ""
    hosts = []
    for address in (row["files"] or "").split():
        try:
            hosts.append(urlsplit(address).hostname or "")
        except ValueError:
            continue
    return bool(hosts) and sum(one == host for one in hosts) * 2 > len(hosts)


def _write(catalog: Catalog, clusters: list[list[dict[str, Any]]]) -> None:
    rows = [row for cluster in clusters for row in cluster]
    now = {row["id"]: (row["cluster_id"], row["copy_of"]) for row in rows}
    before = {
        row["id"]: (row["cluster_id"], row["copy_of"])
        for row in catalog.rows("select id, cluster_id, copy_of from datasets where cluster_id is not null")
    }
    changed = [
        (*now.get(key, (None, None)), key) for key in now.keys() | before.keys() if now.get(key) != before.get(key)
    ]
    catalog.db.conn.executemany("update datasets set cluster_id = ?, copy_of = ? where id = ?", changed)
    # A government counts other datasets now, perhaps as many as before: its scores must be computed again.
    none = (None, None)
    others = [(key,) for _, copy_of, key in changed if copy_of != before.get(key, none)[1]]
    note = "insert into to_score (dataset_id) select id from present_datasets where id = ? on conflict do nothing"
    catalog.db.conn.executemany(note, others)
