"""``/feed/dataset/<id>.xml``: what happened to a dataset, night by night, as an Atom feed."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from catalog.exports.cards import day_of_run
from catalog.exports.wording import changes_in_words
from catalog.site.pages.page import Content, Page, Visit

__all__ = ["PAGES"]

_ENTRIES = 30
"""Nights in the feed, the last ones in which something happened."""
_DATASET = "select id, title, identifier from datasets where id = :id"
_CHANGES = """
select run_id, kind from changes where dataset_id = :id order by run_id desc, rowid desc limit :limit"""
_FOUND = """
select k.id as run_id, count(*) as findings from finding_rows f join keys k on k.key = f.first_seen_key
where f.dataset_key = (select key from keys where id = :id) group by k.id order by k.id desc limit :limit"""
_FIXED = """
select k.id as run_id, count(*) as findings from finding_rows f join keys k on k.key = f.fixed_key
where f.dataset_key = (select key from keys where id = :id) group by k.id order by k.id desc limit :limit"""


def _read(visit: Visit) -> Content | None:
    row = visit.row(_DATASET, id=visit.name)
    if row is None:
        return None
    t, title = visit.words.phrase, row["title"] or row["identifier"] or row["id"]
    nights: dict[str, list[str]] = {}
    for change in visit.rows(_CHANGES, id=row["id"], limit=_ENTRIES):
        key = f"dataset.change_{change['kind']}"
        said = t(key) if key in visit.words.phrases else change["kind"]
        nights.setdefault(change["run_id"], []).append(said)
    for name, sql in (("new", _FOUND), ("fixed", _FIXED)):
        for found in visit.rows(sql, id=row["id"], limit=_ENTRIES):
            clauses = changes_in_words(visit.words, {name: found["findings"]})
            nights.setdefault(found["run_id"], []).append(clauses[name])
    path = f"/dataset/{quote(row['id'], safe='')}"
    entries: list[dict[str, Any]] = [
        {
            "id": run,
            "title": f"{title}: {'; '.join(said)}",
            "updated": f"{day_of_run(run) or '1970-01-01'}T00:00:00Z",
            "path": path,
            "text": "; ".join(said),
        }
        for run, said in sorted(nights.items(), reverse=True)[:_ENTRIES]
    ]
    return {"title": title, "about": path, "entries": entries}


PAGES = (
    Page(
        name="feed",
        address="/feed/dataset/<id>.xml",
        read=_read,
        names=lambda visit: (),
        form="xml",
        is_mirrored=False,
    ),
)
