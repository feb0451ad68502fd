"""``/search``: datasets by words and by what they are; ``/search.xml``: what is new among them, as a feed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from catalog.exports.cards import day_of_run
from catalog.site.pages.page import Content, Page, Visit
from catalog.site.search.files import best_file
from catalog.site.search.find import Found, Query, find, query_of
from catalog.site.search.index import FACETS
from catalog.site.search.snippets import Pieces, marked, snippet
from catalog.vocabulary.terms import language_code

__all__ = ["PAGES", "PER_PAGE", "label_of"]

PER_PAGE = 20
"""Datasets on a page."""
_VALUES = 8
"""Values shown of each facet, those with most datasets."""
_COPIES = 5
_TITLE = 200
"""Characters of a title."""
_ENTRIES = 50
"""Datasets in a feed, the newest ones."""
_SHOWN = """
select s.number, d.id, d.title, d.description, d.keywords, d.translations, d.identifier, d.status, d.missing_on,
       d.language, d.modified,
       d.publisher_id, b.name as publisher, p.id as portal_id, coalesce(nullif(p.title, ''), p.id) as portal,
       q.score, q.score_low, q.score_high
from json_each(:numbers) n join search_documents s on s.number = n.value join datasets d on d.id = s.dataset_id
left join portals p on p.id = d.portal_id left join publishers b on b.id = d.publisher_id
left join dataset_quality q on q.dataset_id = d.id"""
_COPY = """
select d.id, coalesce(nullif(p.title, ''), p.id) as portal from json_each(:numbers) n
join search_documents s on s.number = n.value join datasets d on d.id = s.dataset_id
left join portals p on p.id = d.portal_id"""
_NEWEST = """
select d.id, d.title, d.description, d.identifier, d.first_seen_run, coalesce(nullif(p.title, ''), p.id) as portal
from json_each(:numbers) n join search_documents s on s.number = n.value join datasets d on d.id = s.dataset_id
left join portals p on p.id = d.portal_id order by s.seen desc, s.number limit :limit"""
_NEWEST_OF_ALL = """
select d.id, d.title, d.description, d.identifier, d.first_seen_run, coalesce(nullif(p.title, ''), p.id) as portal
from search_documents s join datasets d on d.id = s.dataset_id
left join portals p on p.id = d.portal_id order by s.seen desc limit :limit"""


def _read(visit: Visit) -> Content | None:
    if visit.options.is_static:
        t = visit.words.phrase
        return {"title": t("search.title"), "description": t("search.description"), "is_live": False}
    query, asked = _query(visit)
    number = _page_number(visit.args.get("page"))
    found = find(visit.conn, query)
    last = max(1, -(-len(found.works) // PER_PAGE))
    number = min(number, last)
    shown = found.works[(number - 1) * PER_PAGE : number * PER_PAGE]
    t, words = visit.words.phrase, asked.get("q", "")
    return {
        "title": t("search.title_for", words=words) if words else t("search.title"),
        "description": t("search.description"),
        "is_live": True,
        "words": words,
        "choices": [
            {
                "facet": facet,
                "name": name,
                "label": label_of(visit, facet, name),
                "without": _path(asked, **{facet: ""}),
            }
            for facet, name in query.choices.items()
        ],
        "count": len(found.works),
        "is_cut": found.is_cut,
        "results": _results(visit, query, shown),
        "facets": _facets(visit, asked, found),
        "page_number": number,
        "last_page": last,
        "previous": _path(asked, page=number - 1) if number > 1 else None,
        "next": _path(asked, page=number + 1) if number < last else None,
        "feed": _path(asked, "/search.xml"),
        "canonical": _path(asked, page=number if number > 1 else ""),
        # Search engines find the datasets' own pages; the searches have no end.
        "is_listed": None if not asked else False,
    }


def _query(visit: Visit) -> tuple[Query, dict[str, str]]:
    """Return the question of a visitor, and its parameters as they are written into addresses."""
    words = " ".join(visit.args.get("q", "").replace("\0", " ").split())[:500]
    query = query_of(visit.conn, words, visit.args)
    return query, ({"q": words} if words else {}) | dict(query.choices)


def _path(asked: dict[str, str], path: str = "/search", **changed: object) -> str:
    chosen = {name: value for name, value in (asked | changed).items() if value != ""}
    return f"{path}?{urlencode(chosen)}" if chosen else path


def _page_number(said: str | None) -> int:
    return int(said) if said and said.isascii() and said.isdecimal() and len(said) < 5 and int(said) else 1


def _results(visit: Visit, query: Query, shown: tuple[tuple[int, tuple[int, ...]], ...]) -> list[dict[str, Any]]:
    numbers = json.dumps([number for number, _ in shown])
    rows = {row.pop("number"): row for row in visit.rows(_SHOWN, numbers=numbers)}
    results = []
    for number, copies in shown:
        row = rows[number]
        title = row["title"] or row["identifier"] or visit.words.phrase("search.untitled")
        declared = json.loads(row["language"] or "[]")
        row["language"] = language_code(declared[0]) if len(declared) == 1 and isinstance(declared[0], str) else None
        row["title_pieces"] = marked(title if len(title) <= _TITLE else f"{title[:_TITLE]}…", query.words)
        row["snippet"] = _snippet(query, row.pop("description"), row.pop("keywords"), row.pop("translations"))
        row["best_file"] = best_file(visit, row["id"])
        row["copies"] = visit.rows(_COPY, numbers=json.dumps(copies[:_COPIES])) if copies else []
        results.append(row)
    return results


def _snippet(query: Query, description: str | None, *others: str | None) -> Pieces:
    """Return the place in the description where a word stands, else in the keywords or another language of the record,
    each as JSON, else the beginning of the description."""
    found = snippet(description or "", query.words)
    for text in others:
        if not query.words or any(is_asked for _, is_asked in found):
            break
        other = snippet(" · ".join(_texts(text)), query.words)
        found = other if any(is_asked for _, is_asked in other) else found
    return found


def _texts(cell: str | None) -> Iterator[str]:
    """Yield all texts in a cell with JSON."""
    waiting: list[Any] = [json.loads(cell)] if cell else []
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, str):
            yield one
        else:
            waiting += one.values() if isinstance(one, dict) else one if isinstance(one, list) else []


def _facets(visit: Visit, asked: dict[str, str], found: Found) -> list[dict[str, Any]]:
    """Return the facets by which the datasets that were found differ, each with its most frequent values."""
    facets = []
    for facet in FACETS:
        counts = found.counts.get(facet, [])
        if facet in asked or not counts or (len(counts) == 1 and counts[0][2] == len(found.works)):
            continue
        values = [
            {"name": name, "label": label or label_of(visit, facet, name), "count": count}
            | {"path": _path(asked, **{facet: name})}
            for name, label, count in counts[:_VALUES]
        ]
        facets.append({"facet": facet, "values": values, "count": len(counts)})
    return facets


def label_of(visit: Visit, facet: str, name: str) -> str:
    """Return the value ``name`` of a facet for readers, in the language of the page; texts of portals stay as they
    are."""
    if facet == "country":
        return visit.words.country(name)
    if facet in ("government", "portal", "publisher"):
        row = visit.row("select label from search_values where facet = :facet and name = :name", facet=facet, name=name)
        return (row or {}).get("label") or name
    key = f"search.{facet}_{name}"
    said = visit.words.phrases.get(key)
    return said if isinstance(said, str) and facet in ("theme", "grade", "state") else name


def _read_feed(visit: Visit) -> Content:
    query, asked = _query(visit)
    t = visit.words.phrase
    if query.words or query.choices:
        numbers = json.dumps([number for number, _ in find(visit.conn, query).works])
        rows = visit.rows(_NEWEST, numbers=numbers, limit=_ENTRIES)
        title = t("search.feed_title", words=", ".join(asked.values()))
    else:
        rows, title = visit.rows(_NEWEST_OF_ALL, limit=_ENTRIES), t("search.feed_all")
    entries = [
        {
            "id": row["id"],
            "title": row["title"] or row["identifier"] or t("search.untitled"),
            "summary": " ".join((row["description"] or "").split())[:400],
            "portal": row["portal"],
            "day": day_of_run(row["first_seen_run"] or "") or day_of_run(visit.run),
        }
        for row in rows
    ]
    return {
        "title": title,
        "search_path": _path(asked),
        "feed_path": _path(asked, "/search.xml"),
        "entries": entries,
        "updated": max((one["day"] for one in entries if one["day"]), default=day_of_run(visit.run)),
        "canonical": _path(asked, "/search.xml"),
    }


PAGES = (
    Page(name="search", address="/search", read=_read),
    Page(name="search", address="/search.xml", read=_read_feed, form="xml", is_mirrored=False, is_translated=False),
)
