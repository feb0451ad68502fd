"""``/changes.xml``: datasets that are new, changed, gone, back, merged or withheld, run by run, as an Atom feed.

The feed has archives (RFC 5005, section 4): ``/changes.xml`` holds the last entries of the newest run, and each
document links to the one before it, back to the first run. In an archive only titles may change later, so a reader who
comes to a known archive may stop. This way nobody who copies the catalogue keeps a dataset that is gone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from catalog.rdf.names import ResourceNames, own_iri
from catalog.rdf.quality import run_instant
from catalog.repositories.withholding import LIFTED
from catalog.site.machine.statements import publication_of
from catalog.site.pages.page import Content, Page, Visit

__all__ = ["PAGES"]

SHOWN = 500
"""Entries of a document, at most."""
_NAME = re.compile(r"(?P<run>[0-9A-Za-z][0-9A-Za-z._-]{0,60})~(?P<number>[1-9][0-9]{0,5})")
_TERMS = {"added": "new"}
"""What a kind of change is called in the feed, where that is another word."""
_GONE = frozenset({"missing", "retired", "merged", "withheld"})
"""Kinds after which a dataset is not in the catalogue any more, or not under that name."""
_SOURCES = {
    "changes": "select dataset_id as id, kind, null as became, run_id from changes",
    "dataset_aliases": "select id, 'merged' as kind, dataset_id as became, run_id from dataset_aliases",
    # Entries of earlier runs about such a dataset are gone, and this one says so.
    # Also in the run after: who has read the one that the order followed would not look there again.
    "withholdings": """select dataset_id as id, 'withheld' as kind, null as became, run_id from withholdings
      where lifted_at is null
      union select dataset_id, 'withheld', null, (select min(r.id) from runs r where r.id > w.run_id)
      from withholdings w where w.lifted_at is null""",
    "lifted withholdings": f"""select l.dataset_id as id, 'returned' as kind, null as became, l.run_id
      from ({LIFTED}) l join shown_datasets d on d.id = l.dataset_id
      where not exists (select 1 from changes c
        where c.dataset_id = l.dataset_id and c.run_id = l.run_id and c.kind = 'returned')""",  # noqa: S608  # SQL of ours
}
"""SQL of the entries, by the table that they are from."""
_OF_RUN = " union all ".join(f"select * from ({sql}) where run_id = :run" for sql in _SOURCES.values())  # noqa: S608  # SQL of ours
_COUNT = f"select count(*) as n from ({_OF_RUN})"  # noqa: S608  # SQL of ours
# The entries of the document are chosen before their datasets are looked up: a first night has tens of thousands.
_ENTRIES = f"""
select e.id, e.kind, e.became, d.title, d.identifier, d.other_identifiers, p.title as portal
from ({_OF_RUN} order by id, kind limit :shown offset :offset) e
left join datasets d on d.id = e.id left join portals p on p.id = d.portal_id order by e.id, e.kind"""  # noqa: S608  # SQL of ours
_BEFORE = " union all ".join(f"select max(run_id) as run from ({sql}) where run_id < :run" for sql in _SOURCES.values())  # noqa: S608
_AFTER = " union all ".join(f"select min(run_id) as run from ({sql}) where run_id > :run" for sql in _SOURCES.values())  # noqa: S608
_LAST = "~"
"""A text behind the ids of all runs."""


def _before(visit: Visit, run: str) -> str | None:
    """Return the last run before ``run`` in which anything happened."""
    return max((row["run"] for row in visit.rows(_BEFORE, run=run) if row["run"]), default=None)


def _after(visit: Visit, run: str) -> str | None:
    return min((row["run"] for row in visit.rows(_AFTER, run=run) if row["run"]), default=None)


def _documents(visit: Visit, run: str) -> int:
    """Return how many documents the entries of a run fill; 0 if it has none."""
    return -(-int((visit.row(_COUNT, run=run) or {"n": 0})["n"]) // SHOWN)


def _path(run: str, number: int) -> str:
    return f"/changes/{quote(run, safe='')}~{number}.xml"


def _document(visit: Visit, run: str, number: int) -> Content | None:
    """Return a document of the feed. ``number``: from 1, among those of the run; None if there is none with it."""
    last = _documents(visit, run)
    if not 1 <= number <= last:
        return None
    before, after = _before(visit, run), _after(visit, run)
    earlier = _path(run, number - 1) if number > 1 else _path(before, _documents(visit, before)) if before else None
    later = _path(run, number + 1) if number < last else _path(after, 1) if after else None
    is_newest = after is None and number == last
    names = publication_of(visit.conn, visit.options).names
    rows = visit.rows(_ENTRIES, run=run, shown=SHOWN, offset=(number - 1) * SHOWN)
    return {
        "title": visit.words.phrase("changes.title"),
        "updated": run_instant(run) or "1970-01-01T00:00:00Z",
        "is_archive": not is_newest,
        "prev_archive": earlier,
        # The newest document has an address of its own.
        "next_archive": None if is_newest or (later and _is_newest(visit, later)) else later,
        "entries": [_entry(visit, names, run, row) for row in rows],
    }


def _is_newest(visit: Visit, path: str) -> bool:
    found = _NAME.search(path)
    newest = _before(visit, _LAST)
    return bool(found and newest and newest == found["run"] and int(found["number"]) == _documents(visit, newest))


def _entry(visit: Visit, names: ResourceNames, run: str, row: dict[str, Any]) -> dict[str, Any]:
    key, kind = row["id"], row["kind"]
    page, t = f"/dataset/{quote(key, safe='')}", visit.words.phrase
    known = t(f"changes.{kind}") if f"changes.{kind}" in visit.words.phrases else kind
    title = row["title"] or row["identifier"] or key
    said = f"{title} ({row['portal']})" if row["portal"] else str(title)
    return {
        "id": f"{names.page(key)}{'#' if names.site is not None else ':'}change-{run}-{kind}",
        "term": _TERMS.get(kind, kind),
        "title": f"{known}: {said}",
        "identifier": row["identifier"],
        "path": page,
        "turtle": None if kind in _GONE or visit.options.is_static else f"{page}.ttl",
        "iris": _iris(names, key, row),
        "became": names.dataset(row["became"]) if row["became"] else None,
        "text": known,
    }


def _iris(names: ResourceNames, key: str, row: dict[str, Any]) -> list[str]:
    """Return the IRIs under which a dataset is, or was, in the catalogue. One that its publisher gave it is left out
    if another dataset has it now: it is not gone."""
    found = [names.dataset(key), names.page(key)]
    more = json.loads(row["other_identifiers"]) if row["other_identifiers"] else ()
    own = own_iri((row["identifier"], *(one for one in more if isinstance(one, str))))
    if own and own not in set(names.own.values()):
        found.append(own)
    return [*dict.fromkeys(found)]


def _read(visit: Visit) -> Content:
    newest = _before(visit, _LAST)
    found = _document(visit, newest, _documents(visit, newest)) if newest else None
    empty: Content = {"title": visit.words.phrase("changes.title"), "updated": "1970-01-01T00:00:00Z", "entries": []}
    return found or empty | {"is_archive": False, "prev_archive": None, "next_archive": None}


def _read_archive(visit: Visit) -> Content | None:
    found = _NAME.fullmatch(visit.name)
    return _document(visit, found["run"], int(found["number"])) if found else None


def _names(visit: Visit) -> Iterator[str]:
    """Yield the names of all archives, which the mirror has too."""
    run = _before(visit, _LAST)
    is_newest = True
    while run is not None:
        count = _documents(visit, run)
        yield from (f"{run}~{number}" for number in range(1, count + (not is_newest)))
        run, is_newest = _before(visit, run), False


PAGES = (
    Page(name="changes", address="/changes.xml", read=_read, form="xml", is_translated=False),
    Page(
        name="changes",
        address="/changes/<run>.xml",
        read=_read_archive,
        names=_names,
        form="xml",
        is_translated=False,
    ),
)
