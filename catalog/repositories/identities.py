"""Recognise datasets whose identifier changed or was lost, and keep one history under both names.

Two records are the same dataset if two of three agree: title, files, address. A file or an address counts only if no
other dataset of the portal has it, and a match must be unique on both sides. A title alone never decides: three
hundred datasets may be called "Budget". A dataset keeps its id under its new identifier; ``dataset_aliases`` leads
from the new name to it, so that findings, replies, versions and citations stay valid.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from catalog.db.store import Catalog
from catalog.model import Dataset
from catalog.repositories.aliases import stored_record
from catalog.repositories.records import write_records

__all__ = ["IdentityFacts", "facts_of", "follow", "matches", "new_facts", "renamed", "unseen_facts"]

TABLES = ("distributions", "data_services", "records", "changes")
"""Tables whose rows move to the older dataset when two datasets turn out to be the same; all rows are of the
same run."""


@dataclass(frozen=True, slots=True)
class IdentityFacts:
    """The facts by which a dataset is recognised if its identifier has changed.

    ``title``: in lower case with single blanks, or None; ``files``: addresses of its distributions; ``address``: its
    landing page, or None.
    """

    title: str | None
    files: frozenset[str]
    address: str | None


def facts_of(dataset: Dataset) -> IdentityFacts:
    """Return the facts by which a dataset can be recognised without its identifier: title, file addresses, landing
    page."""
    files = frozenset(url for one in dataset.distributions if (url := one.url))
    return IdentityFacts(_folded(dataset.title), files, dataset.landing_page or None)


def _folded(title: str | None) -> str | None:
    return " ".join((title or "").casefold().split()) or None


def unseen_facts(catalog: Catalog, portal_id: str, run_id: str) -> dict[str, IdentityFacts]:
    """Return title, file addresses and landing page of each dataset that run ``run_id`` has not found so far, by
    dataset id.

    Only datasets of this portal that are not retired are returned.
    """
    where = "status != 'retired' and last_seen_run < :run"
    return _facts(catalog, portal_id, run_id, where)


def new_facts(catalog: Catalog, portal_id: str, run_id: str) -> dict[str, IdentityFacts]:
    """Return title, file addresses and landing page of each dataset that run ``run_id`` found for the first time.

    The result is by dataset id, for the datasets of this portal.
    """
    return _facts(catalog, portal_id, run_id, "first_seen_run = :run and last_seen_run = :run")


def _facts(catalog: Catalog, portal_id: str, run_id: str, where: str) -> dict[str, IdentityFacts]:
    # The conditions are constants of this module.
    chosen = f"select id from datasets where portal_id = :portal and {where}"
    values = {"portal": portal_id, "run": run_id}
    files: dict[str, set[str]] = defaultdict(set)
    rows = catalog.rows(
        f"select dataset_id, url from current_distributions where dataset_id in ({chosen})",
        values,
    )
    for row in rows:
        if row["url"]:
            files[row["dataset_id"]].add(row["url"])
    told = f"select id, title, landing_page from datasets where id in ({chosen}) order by id"
    return {
        row["id"]: IdentityFacts(_folded(row["title"]), frozenset(files[row["id"]]), row["landing_page"] or None)
        for row in catalog.rows(told, values)
    }


def matches(
    catalog: Catalog,
    portal_id: str,
    old: Mapping[str, IdentityFacts],
    new: Mapping[str, IdentityFacts],
    *,
    are_stored: bool,
) -> dict[str, str]:
    """Return the pairs of old and new facts that describe the same dataset, as a mapping from key of ``new`` to key of
    ``old``.

    ``old``: facts of datasets by id. ``new``: facts of newly received records by any key. At least two of title, files
    and landing page must agree. Files agree if at least half of the addresses of the dataset that has more of them are
    in both. A pair is left out if either of the two also agrees with another one.

    ``are_stored``: whether the new records are already stored as datasets. If they are, an address may occur in two
    datasets of the portal, the old and the new one; otherwise in one. An address in more datasets of the portal is
    ignored, and so is one in two datasets of ``old`` or in two records of ``new``.
    """
    if not old or not new:
        return {}
    files = _pairs(old, new, lambda facts: facts.files)
    places = _pairs(old, new, lambda facts: {facts.address} if facts.address else set())
    shared = _shared(catalog, portal_id, {*files, *places}, allowed=2 if are_stored else 1)
    agreed: dict[tuple[str, str], int] = defaultdict(int)
    for url, pair in files.items():
        if url not in shared:
            agreed[pair] += 1
    by_place = {pair for url, pair in places.items() if url not in shared}
    found: list[tuple[str, str]] = []
    for before, after in {*agreed, *by_place}:
        one, other = old[before], new[after]
        most = max(len(one.files), len(other.files))
        votes = [
            one.title is not None and one.title == other.title,
            agreed.get((before, after), 0) * 2 >= most > 0,
            (before, after) in by_place,
        ]
        if sum(votes) >= 2:
            found.append((before, after))
    olds, news = _counts(one for one, _ in found), _counts(other for _, other in found)
    return {after: before for before, after in sorted(found) if olds[before] == 1 and news[after] == 1}


def _pairs(
    old: Mapping[str, IdentityFacts], new: Mapping[str, IdentityFacts], values: Callable[[IdentityFacts], Iterable[str]]
) -> dict[str, tuple[str, str]]:
    """Return the values that exactly one old and one new dataset have, each with these two."""
    before, after = _holders(old, values), _holders(new, values)
    return {
        value: (holders[0], after[value][0])
        for value, holders in before.items()
        if len(holders) == 1 and len(after.get(value, ())) == 1
    }


def _holders(
    all_facts: Mapping[str, IdentityFacts], values: Callable[[IdentityFacts], Iterable[str]]
) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for key, facts in all_facts.items():
        for value in values(facts):
            found[value].append(key)
    return found


def _counts(keys: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = defaultdict(int)
    for key in keys:
        found[key] += 1
    return found


def _shared(catalog: Catalog, portal_id: str, urls: Collection[str], *, allowed: int) -> set[str]:
    """Return those of the addresses that more datasets of the portal have than are ``allowed``."""
    marks = json.dumps(sorted(urls))
    sql = """
        select value as url from json_each(:urls) where :allowed < (
          select count(*) from (
            select dataset_id as id from current_distributions where portal_id = :portal
              and download_digest = address_digest(value) and download_url = value
            union select dataset_id from current_distributions where portal_id = :portal and not is_download
              and access_digest = address_digest(value) and access_url = value))
        union select landing_page from datasets where portal_id = :portal and status != 'retired'
          and landing_page in (select value from json_each(:urls)) group by 1 having count(*) > :allowed"""
    rows = catalog.rows(sql, {"urls": marks, "portal": portal_id, "allowed": allowed})
    return {row["url"] for row in rows}


def renamed(catalog: Catalog, portal_id: str, run_id: str) -> dict[str, str]:
    """Return the portal's datasets that run ``run_id`` lists under a new identifier: a mapping from new dataset id to
    old one.

    Datasets found for the first time are compared with datasets not found in this run, by title, file addresses and
    landing page; see :func:`matches`.
    """
    old = unseen_facts(catalog, portal_id, run_id)
    new = new_facts(catalog, portal_id, run_id) if old else {}
    return matches(catalog, portal_id, old, new, are_stored=True)


def follow(catalog: Catalog, portal_id: str, run_id: str, pairs: Mapping[str, str]) -> None:
    """Merge each dataset that was stored under a new identifier into the older dataset that is the same.

    ``pairs``: mapping from new dataset id to old one. The record of the newer dataset is stored as that of the older
    dataset. The newer dataset is deleted, and its id becomes an alias of the older id, see
    :mod:`catalog.repositories.aliases`. A pair is skipped if no record of the newer dataset is stored.
    """
    with catalog.writing():
        run = catalog.db.conn.execute
        for new, old in pairs.items():
            records = stored_record(catalog, new)
            if not records:
                continue
            for table in TABLES:
                run(f"delete from {table} where dataset_id = ?", [new])
            run("delete from datasets where id = ?", [new])
            catalog.upsert(
                "dataset_aliases",
                [{"id": new, "dataset_id": old, "portal_id": portal_id, "identifier": records[0].dataset.identifier,
                  "run_id": run_id}],
            )  # fmt: skip
            write_records(catalog, run_id, portal_id, records)
